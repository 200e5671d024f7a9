#include "frame.h"

#include "cbor.h"

#define EARLIEST_MS INT64_C(946684800000) /* 2000-01-01 UTC */
#define LATEST_MS INT64_C(4102444800000)  /* 2100-01-01 UTC */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_small(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool boot_is_good(const char *boot)
{
    for (unsigned i = 0; i < CK_BOOT_LENGTH; i++)
        if (!is_digit(boot[i]) && !is_small(boot[i]) && !(boot[i] >= 'A' && boot[i] <= 'Z'))
            return false;
    return boot[CK_BOOT_LENGTH] == '\0';
}

static bool key_is_good(const char *key)
{
    unsigned i = 0;

    if (!is_small(key[0]))
        return false;
    while (i < CK_KEY_LENGTH && (is_small(key[i]) || is_digit(key[i]) || key[i] == '_'))
        i++;
    return key[i] == '\0';
}

static bool same(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

static bool keys_are_good(const ck_rows *rows)
{
    if (rows->n_channels == 0 && rows->n_rows > 0)
        return false;
    for (unsigned k = 0; k < rows->n_channels; k++) {
        if (!key_is_good(rows->channels[k]))
            return false;
        for (unsigned earlier = 0; earlier < k; earlier++)
            if (same(rows->channels[earlier], rows->channels[k]))
                return false;
    }
    return true;
}

static bool seqs_are_good(const ck_rows *rows)
{
    uint64_t others = rows->n_rows > 0 ? rows->n_rows - 1u : 0;

    return rows->seq >= 1 && rows->seq <= CK_SEQ_MAX - others;
}

static bool times_are_good(const ck_rows *rows)
{
    int64_t low = rows->clock_set ? EARLIEST_MS : 0;
    int64_t high = rows->clock_set ? LATEST_MS : LATEST_MS - EARLIEST_MS;

    if (rows->t0_ms > (uint64_t)high || (int64_t)rows->t0_ms < low)
        return false;
    for (unsigned i = 0; i < rows->n_rows; i++) {
        int64_t at_ms = (int64_t)rows->t0_ms + rows->dt_ms[i];
        if (at_ms < low || at_ms > high)
            return false;
    }
    return true;
}

static uint32_t cells(const ck_rows *rows)
{
    return (uint32_t)rows->n_rows * rows->n_channels;
}

static bool qualities_are_known(const ck_rows *rows)
{
    const ck_reading *reading = rows->readings;

    for (uint32_t left = cells(rows); left > 0; left--, reading++)
        if (!ck_quality_known(reading->quality))
            return false;
    return true;
}

static bool all_good(const ck_rows *rows)
{
    const ck_reading *reading = rows->readings;

    for (uint32_t left = cells(rows); left > 0; left--, reading++)
        if (reading->quality != CK_GOOD)
            return false;
    return true;
}

static ck_status why_not(const ck_rows *rows)
{
    if (rows->n_rows > CK_FRAME_ROWS || rows->n_channels > CK_FRAME_CHANNELS)
        return CK_TOO_MANY;
    if (!boot_is_good(rows->boot))
        return CK_BAD_BOOT;
    if (!seqs_are_good(rows))
        return CK_BAD_SEQ;
    if (!times_are_good(rows))
        return CK_BAD_TIME;
    if (!keys_are_good(rows))
        return CK_BAD_CHANNEL;
    return qualities_are_known(rows) ? CK_OK : CK_BAD_QUALITY;
}

static void put_clock(ck_cbor *cbor, const ck_rows *rows)
{
    ck_cbor_text(cbor, "clk");
    ck_cbor_map(cbor, rows->off_known ? 2 : 1);
    ck_cbor_text(cbor, "s");
    ck_cbor_truth(cbor, rows->clock_set);
    if (rows->off_known) {
        ck_cbor_text(cbor, "off_ms");
        ck_cbor_whole(cbor, rows->off_ms);
    }
}

static void put_lists(ck_cbor *cbor, const ck_rows *rows)
{
    ck_cbor_text(cbor, "ch");
    ck_cbor_list(cbor, rows->n_channels);
    for (unsigned k = 0; k < rows->n_channels; k++)
        ck_cbor_text(cbor, rows->channels[k]);
    ck_cbor_text(cbor, "dt");
    ck_cbor_list(cbor, rows->n_rows);
    for (unsigned i = 0; i < rows->n_rows; i++)
        ck_cbor_whole(cbor, rows->dt_ms[i]);
}

static void put_value(ck_cbor *cbor, const ck_reading *reading)
{
    if (ck_quality_has_number(reading->quality))
        ck_cbor_thousandths(cbor, reading->milli);
    else
        ck_cbor_null(cbor);
}

static void put_quality(ck_cbor *cbor, const ck_reading *reading)
{
    ck_cbor_count(cbor, reading->quality);
}

static void put_table(ck_cbor *cbor, const char *name, const ck_rows *rows,
                      void (*put)(ck_cbor *cbor, const ck_reading *reading))
{
    const ck_reading *reading = rows->readings;

    ck_cbor_text(cbor, name);
    ck_cbor_list(cbor, rows->n_rows);
    for (unsigned i = 0; i < rows->n_rows; i++) {
        ck_cbor_list(cbor, rows->n_channels);
        for (unsigned k = 0; k < rows->n_channels; k++)
            put(cbor, reading++);
    }
}

static uint32_t put_rows(const ck_rows *rows, uint8_t *out, uint32_t room)
{
    ck_cbor cbor = {out, room, 0};
    bool with_qualities = !all_good(rows);

    ck_cbor_map(&cbor, with_qualities ? 9 : 8);
    ck_cbor_text(&cbor, "v");
    ck_cbor_count(&cbor, 1);
    ck_cbor_text(&cbor, "boot");
    ck_cbor_text(&cbor, rows->boot);
    ck_cbor_text(&cbor, "seq");
    ck_cbor_count(&cbor, rows->seq);
    ck_cbor_text(&cbor, "t0");
    ck_cbor_count(&cbor, rows->t0_ms);
    put_clock(&cbor, rows);
    put_lists(&cbor, rows);
    put_table(&cbor, "rows", rows, put_value);
    if (with_qualities)
        put_table(&cbor, "q", rows, put_quality);
    return cbor.at;
}

ck_status ck_frame_rows(const ck_rows *rows, uint8_t *out, size_t room, size_t *n)
{
    ck_status status = why_not(rows);

    if (status != CK_OK)
        return status;
    /* Measured first, so that a message that does not fit leaves no half of itself behind. */
    uint32_t length = put_rows(rows, out, 0);
    if (length > CK_FRAME_BYTES || length > room)
        return CK_DOES_NOT_FIT;
    *n = put_rows(rows, out, length);
    return CK_OK;
}

ck_status ck_frame_send(const ck_port *port, const ck_rows *rows, uint8_t *out, size_t room)
{
    size_t n = 0;
    ck_status status = ck_frame_rows(rows, out, room, &n);

    return status == CK_OK ? port->write(port->ctx, out, n) : status;
}
