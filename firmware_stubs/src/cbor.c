#include "cbor.h"

enum { UNSIGNED = 0x00, NEGATIVE = 0x20, TEXT = 0x60, LIST = 0x80, MAP = 0xA0 };
enum { FALSE_ = 0xF4, TRUE_ = 0xF5, NULL_ = 0xF6, DOUBLE = 0xFB };

static void byte(ck_cbor *cbor, uint8_t value)
{
    if (cbor->at < cbor->room)
        cbor->out[cbor->at] = value;
    cbor->at++;
}

static void big_endian(ck_cbor *cbor, uint64_t value, unsigned n)
{
    while (n-- > 0)
        byte(cbor, (uint8_t)(value >> (8 * n) & 0xFF));
}

static void head(ck_cbor *cbor, uint8_t major, uint64_t n)
{
    if (n < 24) {
        byte(cbor, (uint8_t)(major | n));
        return;
    }
    unsigned doublings = n <= UINT8_MAX ? 0 : n <= UINT16_MAX ? 1 : n <= UINT32_MAX ? 2 : 3;
    byte(cbor, (uint8_t)(major | (24 + doublings)));
    big_endian(cbor, n, 1u << doublings);
}

static uint32_t magnitude(int32_t n)
{
    return n < 0 ? 0u - (uint32_t)n : (uint32_t)n;
}

/* The bits of n / 1000 as a positive double, rounded to nearest: long division, one bit a step. */
static uint64_t thousandths_as_double(uint32_t n)
{
    uint64_t mantissa = n / 1000;
    uint32_t rest = n % 1000;
    unsigned exponent = 1023 + 52;

    while (mantissa < UINT64_C(1) << 52) {
        rest *= 2;
        mantissa = mantissa * 2 + (rest >= 1000);
        rest %= 1000;
        exponent--;
    }
    /* Never exactly half: what a double holds exactly has ended long before its last bit. */
    if (rest > 500)
        mantissa++;
    /* A mantissa rounded up to 2^53 carries into the exponent by itself. */
    return ((uint64_t)exponent << 52) + (mantissa - (UINT64_C(1) << 52));
}

void ck_cbor_list(ck_cbor *cbor, uint32_t n)
{
    head(cbor, LIST, n);
}

void ck_cbor_map(ck_cbor *cbor, uint32_t n)
{
    head(cbor, MAP, n);
}

void ck_cbor_text(ck_cbor *cbor, const char *text)
{
    uint32_t n = 0;

    while (text[n] != '\0')
        n++;
    head(cbor, TEXT, n);
    for (uint32_t i = 0; i < n; i++)
        byte(cbor, (uint8_t)text[i]);
}

void ck_cbor_count(ck_cbor *cbor, uint64_t n)
{
    head(cbor, UNSIGNED, n);
}

void ck_cbor_whole(ck_cbor *cbor, int32_t n)
{
    if (n < 0)
        head(cbor, NEGATIVE, magnitude(n) - 1u);
    else
        head(cbor, UNSIGNED, (uint32_t)n);
}

void ck_cbor_thousandths(ck_cbor *cbor, int32_t n)
{
    if (n % 1000 == 0) {
        ck_cbor_whole(cbor, n / 1000);
        return;
    }
    byte(cbor, DOUBLE);
    big_endian(cbor, thousandths_as_double(magnitude(n)) | (uint64_t)(n < 0) << 63, 8);
}

void ck_cbor_truth(ck_cbor *cbor, bool truth)
{
    byte(cbor, truth ? TRUE_ : FALSE_);
}

void ck_cbor_null(ck_cbor *cbor)
{
    byte(cbor, NULL_);
}
