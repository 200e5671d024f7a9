#include "emulator.h"
#include "level.h"
#include "should.h"

#include <string.h>

enum { STUCK_MS = 60000, STEP_MS = 100 };

/* 4 mA is empty, 20 mA is 782 mm; 100 ohms, so 1 mA is 100 mV. */
static const ck_level_wiring TANK = {1, 100000, STUCK_MS, 2, {{4000, 0}, {20000, 782000}}};

static emulator board;
static ck_port port;
static ck_level level;
static ck_status last;

static void begin_with(ck_level_wiring wiring)
{
    emulator fresh = {0};

    board = fresh;
    port = emulator_port(&board);
    last = ck_level_start(&level, &wiring, &port);
}

static void sample(double milli_amp, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        board.now_ms += STEP_MS;
        board.microvolt[1] = (int32_t)(milli_amp * 100000.0 + 0.5);
        last = ck_level_poll(&level, &port);
    }
}

static bool reads(int32_t milli, uint8_t quality)
{
    ck_reading reading = ck_level_reading(&level);

    return reading.milli == milli && reading.quality == quality;
}

static bool at(double milli_amp, int32_t milli, uint8_t quality)
{
    begin_with(TANK);
    sample(milli_amp, 5);
    return reads(milli, quality);
}

static void test_scale(void)
{
    begin_with(TANK);
    should("say nothing before the first sample", reads(0, CK_NOT_SAMPLED));
    should("read 4 mA as empty", at(4.0, 0, CK_GOOD));
    should("read 20 mA as full", at(20.0, 782000, CK_GOOD));
    should("read half way as half", at(12.0, 391000, CK_GOOD));
    should("follow a scale of several lines", (begin_with((ck_level_wiring){
        1, 100000, 0, 3, {{4000, 0}, {8000, 300000}, {20000, 782000}}}), sample(6.0, 5), reads(150000, CK_GOOD)));
    should("go on along the next line", (sample(14.0, 5), reads(541000, CK_GOOD)));
    should("take a scale that falls", (begin_with((ck_level_wiring){
        1, 250000, 0, 2, {{4000, 500000}, {20000, 0}}}), sample(10.0, 5), reads(500000, CK_GOOD)));
}

static void test_ne43(void)
{
    should("tell a broken wire", at(0.0, 0, CK_OPEN_PROBE));
    should("tell it at 3.6 mA", at(3.6, 0, CK_OPEN_PROBE));
    should("keep the number just above, marked", at(3.7, -14662, CK_BEYOND_RANGE));
    should("trust it from 3.8 mA", at(3.8, -9775, CK_GOOD));
    should("trust it to 20.5 mA", at(20.5, 806437, CK_GOOD));
    should("keep the number above, marked", at(20.9, 825987, CK_BEYOND_RANGE));
    should("tell a transmitter that reports its own fault", at(21.0, 0, CK_SHORTED_PROBE));
    should("not take a negative voltage for a level", at(-1.0, 0, CK_OPEN_PROBE));
    begin_with(TANK);
    board.microvolt[1] = INT32_MAX;
    ck_level_poll(&level, &port);
    should("not overflow", reads(0, CK_SHORTED_PROBE));
}

static void test_spikes(void)
{
    begin_with(TANK);
    sample(12.0, 5);
    sample(19.0, 2);
    should("drop two spikes in five", reads(391000, CK_GOOD));
    sample(19.0, 1);
    should("believe the third", reads(733125, CK_GOOD));
    sample(0.0, 3);
    should("tell a wire that breaks after three samples", reads(0, CK_OPEN_PROBE));
}

static void test_bus(void)
{
    begin_with(TANK);
    sample(12.0, 5);
    board.adc_dead = true;
    sample(12.0, 1);
    should("say that the input did not answer", last == CK_BUS_ERROR && reads(0, CK_NO_BUS));
    board.adc_dead = false;
    sample(16.0, 1);
    should("forget what it read before", last == CK_OK && reads(586500, CK_GOOD));
}

static void test_stuck(void)
{
    begin_with(TANK);
    sample(12.0, STUCK_MS / STEP_MS);
    should("trust what has not stood still long enough", reads(391000, CK_GOOD));
    sample(12.0, 5);
    should("keep the number of a frozen level, marked", reads(391000, CK_STUCK));
    sample(12.001, 3);
    should("trust it again when it moves", reads(391048, CK_GOOD));
}

static bool refused(ck_level_wiring wiring)
{
    begin_with(wiring);
    return last == CK_BAD_SETTING;
}

static void test_settings(void)
{
    ck_level_wiring wiring = TANK;

    wiring.shunt_milli_ohm = 0;
    should("refuse a shunt of 0", refused(wiring));
    wiring = TANK;
    wiring.n_points = 1;
    should("refuse a scale of one point", refused(wiring));
    wiring.n_points = CK_LEVEL_POINTS + 1;
    should("refuse nine points", refused(wiring));
    wiring = TANK;
    wiring.points[1].micro_amp = 4000;
    should("refuse currents that do not rise", refused(wiring));
    wiring.points[1].micro_amp = 20501;
    should("refuse a point where no level is measured", refused(wiring));
}

int main(void)
{
    test_scale();
    test_ne43();
    test_spikes();
    test_bus();
    test_stuck();
    test_settings();
    return should_end();
}
