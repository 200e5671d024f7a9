/**
 * Reads rows as words, writes each message as hexadecimal digits: the bridge to the tests in Python.
 *
 *     room boot seq t0 clock_set off_known off_ms n_channels key... n_rows dt... (milli quality)...
 *
 * Answers each with one line, "ok HEX" or "refused WORDS". The buffer is exactly as large as said.
 */
#include "frame.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { CELLS = CK_FRAME_ROWS * CK_FRAME_CHANNELS };

static char boot[32];
static char names[CK_FRAME_CHANNELS][CK_KEY_LENGTH + 2];
static const char *keys[CK_FRAME_CHANNELS];
static int32_t dt_ms[CK_FRAME_ROWS];
static ck_reading readings[CELLS];

static void stop(const char *what)
{
    fprintf(stderr, "cannot read %s\n", what);
    exit(2);
}

static int64_t number(const char *what, int64_t low, int64_t high)
{
    int64_t n = 0;

    if (scanf("%" SCNd64, &n) != 1 || n < low || n > high)
        stop(what);
    return n;
}

static void read_lists(ck_rows *rows)
{
    rows->n_channels = (uint8_t)number("n_channels", 0, CK_FRAME_CHANNELS);
    for (unsigned k = 0; k < rows->n_channels; k++) {
        if (scanf("%65s", names[k]) != 1)
            stop("a key");
        keys[k] = names[k];
    }
    rows->n_rows = (uint16_t)number("n_rows", 0, CK_FRAME_ROWS);
    for (unsigned i = 0; i < rows->n_rows; i++)
        dt_ms[i] = (int32_t)number("dt", INT32_MIN, INT32_MAX);
    for (unsigned i = 0; i < (unsigned)rows->n_rows * rows->n_channels; i++) {
        readings[i].milli = (int32_t)number("milli", INT32_MIN, INT32_MAX);
        readings[i].quality = (uint8_t)number("quality", 0, UINT8_MAX);
    }
}

static void read_rows(ck_rows *rows)
{
    if (scanf("%31s", boot) != 1)
        stop("boot");
    rows->boot = boot;
    rows->seq = (uint64_t)number("seq", 0, INT64_MAX);
    rows->t0_ms = (uint64_t)number("t0", 0, INT64_MAX);
    rows->clock_set = number("clock_set", 0, 1) == 1;
    rows->off_known = number("off_known", 0, 1) == 1;
    rows->off_ms = (int32_t)number("off_ms", INT32_MIN, INT32_MAX);
    read_lists(rows);
}

static void answer(const ck_rows *rows, size_t room)
{
    uint8_t *out = malloc(room);
    size_t n = 0;

    if (out == NULL && room > 0)
        stop("into so much memory");
    ck_status status = ck_frame_rows(rows, out, room, &n);
    printf("%s", status == CK_OK ? "ok " : "refused ");
    printf("%s", status == CK_OK ? "" : ck_status_words(status));
    for (size_t i = 0; i < n; i++)
        printf("%02x", out[i]);
    printf("\n");
    free(out);
}

int main(void)
{
    long room = 0;

    while (scanf("%ld", &room) == 1) {
        ck_rows rows = {0};
        rows.channels = keys;
        rows.dt_ms = dt_ms;
        rows.readings = readings;
        if (room < 0)
            stop("a room below 0");
        read_rows(&rows);
        answer(&rows, (size_t)room);
    }
    return 0;
}
