#include "emulator.h"
#include "frame.h"
#include "should.h"

#include <stdio.h>
#include <string.h>

/* The golden vector "the same as CBOR", byte for byte. */
static const char GOLDEN[] =
    "a961760164626f6f746c6b33763978326d34713761626373657118296274301b0000019aaaac260063636c6ba26173f5"
    "666f66665f6d73036263688365746f705f6368626f74746f6d5f63686c6576656c5f6d6d626474820019271064726f77"
    "738283fbc0663ccccccccccdfbc06863333333333318e783fbc06639999999999afbc06863333333333318e761718283"
    "0000008300001820";

enum { GUARD = 0xA5, GUARDS = 64, ROOM = 256, BIG_ROOM = 2 * CK_FRAME_BYTES };

static const char *const KEYS[] = {"top_c", "bottom_c", "level_mm"};
static const int32_t DT_MS[] = {0, 10000};
static const ck_reading READINGS[] = {
    {-177900, 0}, {-195100, 0}, {231000, 0}, {-177800, 0}, {-195100, 0}, {231000, 32},
};

static ck_rows example(void)
{
    ck_rows rows = {"k3v9x2m4q7ab", 41, UINT64_C(1763800000000), true, true, 3, 3, KEYS, 2, DT_MS, READINGS};

    return rows;
}

static uint8_t buffer[ROOM + GUARDS];

static ck_status frame_in(const ck_rows *rows, size_t room, size_t *n)
{
    memset(buffer, GUARD, sizeof buffer);
    return ck_frame_rows(rows, buffer, room, n);
}

static bool untouched_from(size_t from)
{
    for (size_t i = from; i < sizeof buffer; i++)
        if (buffer[i] != GUARD)
            return false;
    return true;
}

static bool is_golden(const uint8_t *bytes, size_t n)
{
    char hex[2 * ROOM + 1] = "";

    if (n > ROOM)
        return false;
    for (size_t i = 0; i < n; i++)
        sprintf(hex + 2 * i, "%02x", bytes[i]);
    return strcmp(hex, GOLDEN) == 0;
}

static bool refused(const ck_rows *rows, ck_status why)
{
    size_t n = 999;

    return frame_in(rows, ROOM, &n) == why && n == 999 && untouched_from(0);
}

static void test_golden(void)
{
    ck_rows rows = example();
    size_t n = 0;

    should("make the golden vector byte for byte", frame_in(&rows, ROOM, &n) == CK_OK && is_golden(buffer, n));
    should("write nothing behind the message", untouched_from(n));
}

static void test_every_room(void)
{
    ck_rows rows = example();
    size_t length = strlen(GOLDEN) / 2;
    bool refused_all = true, fitted_all = true;

    for (size_t room = 0; room < length; room++) {
        size_t n = 999;
        refused_all = refused_all && frame_in(&rows, room, &n) == CK_DOES_NOT_FIT && n == 999 && untouched_from(0);
    }
    for (size_t room = length; room <= ROOM; room++) {
        size_t n = 0;
        fitted_all = fitted_all && frame_in(&rows, room, &n) == CK_OK && n == length && untouched_from(length);
    }
    should("refuse every buffer that is too small, and leave it untouched", refused_all);
    should("fit every buffer that is large enough, the exact one included", fitted_all);
}

static void test_names(void)
{
    static const char *const TWICE[] = {"top_c", "top_c", "level_mm"};
    static const char *const CAPITAL[] = {"top_c", "Bottom_c", "level_mm"};
    static const char *const DASH[] = {"top_c", "bottom-c", "level_mm"};
    static const char *const DIGIT_FIRST[] = {"1_c", "bottom_c", "level_mm"};
    static const char *const EMPTY[] = {"", "bottom_c", "level_mm"};
    static char long_key[CK_KEY_LENGTH + 2];
    const char *const too_long[] = {"top_c", "bottom_c", long_key};
    ck_rows rows = example();
    size_t n = 0;

    rows.boot = "k3v9x2m4q7a";
    should("refuse a boot of 11 characters", refused(&rows, CK_BAD_BOOT));
    rows.boot = "k3v9x2m4q7abc";
    should("refuse a boot of 13 characters", refused(&rows, CK_BAD_BOOT));
    rows.boot = "k3v9x2m4q-ab";
    should("refuse a boot with a dash", refused(&rows, CK_BAD_BOOT));
    rows = example();
    rows.channels = TWICE;
    should("refuse a channel that comes twice", refused(&rows, CK_BAD_CHANNEL));
    rows.channels = CAPITAL;
    should("refuse a capital in a channel key", refused(&rows, CK_BAD_CHANNEL));
    rows.channels = DASH;
    should("refuse a dash in a channel key", refused(&rows, CK_BAD_CHANNEL));
    rows.channels = DIGIT_FIRST;
    should("refuse a channel key that begins with a digit", refused(&rows, CK_BAD_CHANNEL));
    rows.channels = EMPTY;
    should("refuse an empty channel key", refused(&rows, CK_BAD_CHANNEL));
    memset(long_key, 'a', CK_KEY_LENGTH);
    rows.channels = too_long;
    should("take a channel key of 64 characters", frame_in(&rows, ROOM, &n) == CK_OK);
    long_key[CK_KEY_LENGTH] = 'a';
    should("refuse a channel key of 65 characters", refused(&rows, CK_BAD_CHANNEL));
    rows.n_channels = 0;
    should("refuse rows without channels", refused(&rows, CK_BAD_CHANNEL));
}

static void test_numbers(void)
{
    static const int32_t back_ms[] = {0, -12346};
    ck_reading odd[6];
    ck_rows rows = example();

    rows.seq = 0;
    should("refuse row number 0", refused(&rows, CK_BAD_SEQ));
    rows.seq = CK_SEQ_MAX;
    should("refuse a last row above 2^53 - 1", refused(&rows, CK_BAD_SEQ));
    rows.seq = UINT64_MAX;
    should("refuse a row number that would overflow", refused(&rows, CK_BAD_SEQ));
    rows = example();
    rows.t0_ms = UINT64_C(946684799999);
    should("refuse a time before 2000", refused(&rows, CK_BAD_TIME));
    rows.t0_ms = UINT64_C(4102444800000) - 9999;
    should("refuse a last row after 2100", refused(&rows, CK_BAD_TIME));
    rows.t0_ms = UINT64_MAX;
    should("refuse a time that would overflow", refused(&rows, CK_BAD_TIME));
    rows.clock_set = false;
    rows.t0_ms = 12345;
    rows.dt_ms = back_ms;
    should("refuse a row before the boot's own zero", refused(&rows, CK_BAD_TIME));
    memcpy(odd, READINGS, sizeof odd);
    odd[5].quality = 2;
    rows = example();
    rows.readings = odd;
    should("refuse a quality code that ck1 does not know", refused(&rows, CK_BAD_QUALITY));
    odd[5].quality = 23;
    should("refuse the code after the last", refused(&rows, CK_BAD_QUALITY));
    odd[5].quality = 64;
    should("refuse a bit beyond the overdue bit", refused(&rows, CK_BAD_QUALITY));
}

static void test_largest(void)
{
    static uint8_t big[BIG_ROOM];
    static int32_t dt_ms[CK_FRAME_ROWS + 1];
    static ck_reading readings[(CK_FRAME_ROWS + 1) * CK_FRAME_CHANNELS];
    static char names[CK_FRAME_CHANNELS][8];
    static const char *keys[CK_FRAME_CHANNELS + 1];
    size_t n = 0;
    ck_rows rows = example();

    for (unsigned k = 0; k < CK_FRAME_CHANNELS; k++) {
        sprintf(names[k], "t%u_c", k);
        keys[k] = names[k];
    }
    rows.channels = keys;
    rows.dt_ms = dt_ms;
    rows.readings = readings;
    rows.n_rows = CK_FRAME_ROWS + 1;
    should("refuse 2,001 rows", refused(&rows, CK_TOO_MANY));
    rows.n_rows = 1;
    rows.n_channels = CK_FRAME_CHANNELS + 1;
    should("refuse 65 channels", refused(&rows, CK_TOO_MANY));
    rows.n_rows = CK_FRAME_ROWS;
    rows.n_channels = 1;
    should("make a message of 2,000 rows", ck_frame_rows(&rows, big, BIG_ROOM, &n) == CK_OK);
    rows.n_channels = 8;
    for (size_t i = 0; i < sizeof readings / sizeof readings[0]; i++)
        readings[i].milli = 1;
    should("refuse what is larger than 128 KiB, whatever the room",
           ck_frame_rows(&rows, big, BIG_ROOM, &n) == CK_DOES_NOT_FIT);
}

static void test_sending(void)
{
    emulator board = {0};
    ck_port port = emulator_port(&board);
    ck_rows rows = example();

    should("hand the message to the port in one write",
           ck_frame_send(&port, &rows, buffer, ROOM) == CK_OK && board.writes == 1
               && is_golden(board.line, board.on_line));
    should("send nothing of what does not fit",
           ck_frame_send(&port, &rows, buffer, 20) == CK_DOES_NOT_FIT && board.writes == 1);
    board.line_dead = true;
    should("say that the line did not take it", ck_frame_send(&port, &rows, buffer, ROOM) == CK_BUS_ERROR);
}

static void test_words(void)
{
    bool held = true;

    for (int status = CK_OK; status <= CK_BAD_QUALITY; status++)
        held = held && strcmp(ck_status_words((ck_status)status), "unknown status") != 0;
    should("have words for every status", held);
}

int main(void)
{
    test_golden();
    test_every_room();
    test_names();
    test_numbers();
    test_largest();
    test_sending();
    test_words();
    return should_end();
}
