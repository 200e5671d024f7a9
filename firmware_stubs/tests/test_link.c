#include "emulator.h"
#include "link.h"
#include "should.h"

#include <string.h>

enum { MOST = 1200, GUARD = 0xA5 };

static uint8_t message[MOST], line[CK_LINK_ROOM(MOST) + 8], back[MOST + 8];

/* The reverse, written here once more: gives the length of what is inside, or -1. */
static long undo(const uint8_t *frame, size_t n)
{
    size_t at = 1, got = 0;

    if (n < 3 || frame[0] != 0 || frame[n - 1] != 0)
        return -1;
    while (at < n - 1) {
        unsigned code = frame[at++];
        for (unsigned i = 1; i < code; i++) {
            if (at >= n - 1 || frame[at] == 0)
                return -1;
            back[got++] = frame[at++];
        }
        if (code < 255 && at < n - 1)
            back[got++] = 0;
    }
    if (got < 4)
        return -1;
    uint32_t crc = (uint32_t)back[got - 4] << 24 | (uint32_t)back[got - 3] << 16
        | (uint32_t)back[got - 2] << 8 | back[got - 1];
    return crc == ck_link_crc(back, got - 4) ? (long)got - 4 : -1;
}

static bool comes_back(size_t length)
{
    size_t n = 0;

    return ck_link_frame(message, length, line, CK_LINK_ROOM(length), &n) == CK_OK && n <= CK_LINK_ROOM(length)
        && undo(line, n) == (long)length && memcmp(back, message, length) == 0;
}

static bool every_length(unsigned kind)
{
    bool held = true;

    for (size_t i = 0; i < MOST; i++)
        message[i] = kind == 0 ? 0 : kind == 1 ? 0xFF : (uint8_t)(i * 37u % 251u + (i % 255u != 0));
    for (size_t length = 0; length <= MOST; length++)
        held = held && comes_back(length);
    return held;
}

static void test_lengths(void)
{
    should("bring back zeros of every length", every_length(0));
    should("bring back runs without a zero of every length", every_length(1));
    should("bring back any bytes of every length", every_length(2));
    memset(message, 7, 254);
    message[250] = 0;
    should("bring back a zero right behind a full run", comes_back(251));
}

static void test_crc(void)
{
    should("have the CRC of zlib", ck_link_crc((const uint8_t *)"123456789", 9) == UINT32_C(0xCBF43926));
    should("have 0 for nothing", ck_link_crc(message, 0) == 0);
}

static void test_room(void)
{
    size_t n = 999;

    memset(line, GUARD, sizeof line);
    should("refuse room that is a byte too small",
           ck_link_frame(message, 100, line, CK_LINK_ROOM(100) - 1, &n) == CK_DOES_NOT_FIT && n == 999 && line[0] == GUARD);
    should("refuse a length that would overflow", ck_link_frame(message, SIZE_MAX, line, sizeof line, &n) == CK_DOES_NOT_FIT);
}

static void test_sending(void)
{
    emulator board = {0};
    ck_port port = emulator_port(&board);

    should("send in one write", ck_link_send(&port, message, 10, line, sizeof line) == CK_OK && board.writes == 1);
    board.line_dead = true;
    should("say that the line did not take it", ck_link_send(&port, message, 10, line, sizeof line) == CK_BUS_ERROR);
}

int main(void)
{
    test_lengths();
    test_crc();
    test_room();
    test_sending();
    return should_end();
}
