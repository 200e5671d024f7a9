#include "emulator.h"
#include "head.h"
#include "should.h"

#include <string.h>

enum { INTERVAL_MS = 1000, STEP_MS = 5, LID = 3 };

static emulator board;
static ck_port port;
static ck_head head;
static ck_status last;

static ck_head_wiring wiring_of_a_tank(void)
{
    ck_head_wiring wiring = {
        "k3v9x2m4q7ab", INTERVAL_MS, 2, {"top_c", "bottom_c"}, {{0, 3, true, 430, 100, 0}, {1, 4, true, 430, 100, 0}},
        true, {0, 100000, 0, 2, {{4000, 0}, {20000, 782000}}}, true, {LID, true, 50, 1000, 0},
    };

    return wiring;
}

static void begin_with(ck_head_wiring wiring)
{
    emulator fresh = {0};

    board = fresh;
    board.converters[0] = converter_with(29.0, 430);
    board.converters[1] = converter_with(20.3, 430);
    board.microvolt[0] = 1200000;
    port = emulator_port(&board);
    last = ck_head_start(&head, &wiring, &port);
}

static void run(uint32_t ms)
{
    for (uint32_t gone = 0; gone < ms; gone += STEP_MS) {
        board.now_ms += STEP_MS;
        last = ck_head_step(&head, &port);
    }
}

static void test_rows(void)
{
    begin_with(wiring_of_a_tank());
    should("start", last == CK_OK);
    run(500);
    should("tell the lid as soon as it has settled", board.writes == 1 && last == CK_OK);
    run(9500);
    should("send a row a second", board.writes >= 10 && board.writes <= 11 && head.seq == board.writes + 1);
    unsigned writes = board.writes;
    board.high[LID] = true;
    run(100);
    should("send one at once when the lid turns", board.writes == writes + 1);
    should("feed the watchdog all the while", board.feeds == 10100 / STEP_MS);
}

static void test_sensors_in_trouble(void)
{
    begin_with(wiring_of_a_tank());
    board.spi_dead = board.adc_dead = board.pins_dead = true;
    run(10000);
    should("go on sending when nothing answers", board.writes == 10);
    should("say so in each reading",
           ck_max31865_reading(&head.rtds[0]).quality == CK_NO_BUS && ck_level_reading(&head.level).quality == CK_NO_BUS
               && ck_door_reading(&head.door).quality == CK_NO_BUS);
    should("feed the watchdog: they have been asked", board.feeds == 10000 / STEP_MS);
}

/* A turn that never comes: as if a fault in the program left one sensor out. */
static void test_watchdog(void)
{
    begin_with(wiring_of_a_tank());
    run(2000);
    unsigned feeds = board.feeds;
    for (uint32_t gone = 0; gone < 10000; gone += STEP_MS) {
        board.now_ms += STEP_MS;
        head.rtds[1].step = 1;
        head.rtds[1].since_ms = board.now_ms;
        last = ck_head_step(&head, &port);
    }
    should("starve the watchdog when one sensor's turn never ends",
           board.feeds > feeds && board.feeds - feeds <= 3 * INTERVAL_MS / STEP_MS + 200 / STEP_MS);
    feeds = board.feeds;
    run(1000);
    should("feed it again when the turn comes", board.feeds > feeds);
}

static void test_line_down(void)
{
    begin_with(wiring_of_a_tank());
    run(5000);
    uint64_t seq = head.seq;
    board.line_dead = true;
    run(8000);
    should("keep rows that the line did not take", head.n_rows == 8 && head.seq == seq && last == CK_OK);
    run(20000);
    should("keep sixteen, and leave out the oldest", head.n_rows == CK_HEAD_ROWS && head.seq == seq + 28 - CK_HEAD_ROWS);
    board.line_dead = false;
    run(1000);
    should("send them all with the next, numbered as they were", head.n_rows == 0 && head.seq == seq + 29);
}

static void test_largest(void)
{
    static char key[CK_KEY_LENGTH + 1], other[CK_KEY_LENGTH + 1];
    ck_head_wiring wiring = wiring_of_a_tank();

    memset(key, 'a', CK_KEY_LENGTH);
    memset(other, 'b', CK_KEY_LENGTH);
    wiring.rtd_keys[0] = key;
    wiring.rtd_keys[1] = other;
    begin_with(wiring);
    board.line_dead = true;
    board.converters[0].ohm = 27.2837;
    board.converters[1].ohm = 21.7391;
    board.microvolt[0] = 380123;
    run(30000);
    board.line_dead = false;
    run(1000);
    should("have room for sixteen full rows under the longest keys", last == CK_OK && head.n_rows == 0);
}

static bool refused(ck_head_wiring wiring, ck_status why)
{
    begin_with(wiring);
    return last == why;
}

static void test_settings(void)
{
    ck_head_wiring wiring = wiring_of_a_tank();

    wiring.interval_ms = 249;
    should("refuse an interval of 249 ms", refused(wiring, CK_BAD_SETTING));
    wiring = wiring_of_a_tank();
    wiring.n_rtds = 3;
    should("refuse three probes", refused(wiring, CK_BAD_SETTING));
    wiring = wiring_of_a_tank();
    wiring.rtds[1].wires = 1;
    should("refuse a probe that is wired wrongly", refused(wiring, CK_BAD_SETTING));
    wiring = wiring_of_a_tank();
    wiring.boot = "short";
    should("refuse a boot that the wire refuses", refused(wiring, CK_BAD_BOOT));
    wiring = wiring_of_a_tank();
    wiring.rtd_keys[1] = "top_c";
    should("refuse a key that comes twice", refused(wiring, CK_BAD_CHANNEL));
    wiring = wiring_of_a_tank();
    wiring.n_rtds = 0;
    wiring.has_level = wiring.has_door = false;
    should("refuse a head without sensors", refused(wiring, CK_BAD_SETTING));
}

int main(void)
{
    test_rows();
    test_sensors_in_trouble();
    test_watchdog();
    test_line_down();
    test_largest();
    test_settings();
    return should_end();
}
