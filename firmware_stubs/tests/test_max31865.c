#include "emulator.h"
#include "max31865.h"
#include "should.h"

#include <stdio.h>
#include <stdlib.h>

static const ck_max31865_wiring PT100 = {0, 3, true, 430, 100, 0};

static emulator board;
static ck_port port;
static ck_max31865 rtd;
static ck_status last;
static uint32_t took_ms;

/* IEC 60751, written out once more so that the driver does not test itself. */
static double ohms(double t, double nominal)
{
    double ratio = 1 + 3.9083e-3 * t - 5.775e-7 * t * t;

    return nominal * (t < 0 ? ratio - 4.183e-12 * (t - 100) * t * t * t : ratio);
}

static void begin(ck_max31865_wiring wiring, double ohm)
{
    emulator fresh = {0};

    board = fresh;
    board.now_ms = UINT32_MAX - 40; /* the clock wraps during the first measurement */
    board.converters[0] = converter_with(ohm, wiring.reference_ohm);
    port = emulator_port(&board);
    last = ck_max31865_start(&rtd, &wiring);
}

/* Measures once, a poll each millisecond. Gives false when no measurement ended in 300 ms. */
static bool measure(void)
{
    for (took_ms = 0; took_ms < 300; took_ms++) {
        bool done = false;
        last = ck_max31865_poll(&rtd, &port, &done);
        board.now_ms++;
        if (done || last != CK_OK)
            return true;
    }
    return false;
}

static bool reads(uint8_t quality)
{
    return ck_max31865_reading(&rtd).quality == quality;
}

static bool reads_about(double celsius, int32_t error_mc)
{
    ck_reading reading = ck_max31865_reading(&rtd);

    return reading.quality == CK_GOOD && labs((long)reading.milli - (long)(celsius * 1000)) <= error_mc;
}

static bool agrees_with_the_standard(uint16_t reference, uint16_t nominal)
{
    ck_max31865_wiring wiring = PT100;
    bool held = true;

    wiring.reference_ohm = reference;
    wiring.nominal_ohm = nominal;
    for (int t = -200; t <= 0; t++) {
        begin(wiring, ohms(t, nominal) + 1e-9);
        held = held && measure() && (reads_about(t, 50) || (t == -200 && reads(CK_BEYOND_RANGE)));
    }
    return held;
}

static void test_temperatures(void)
{
    should("be within 0.05 degrees of the standard, -200 to 0, PT100 and 400 ohms", agrees_with_the_standard(400, 100));
    should("and with 430 ohms", agrees_with_the_standard(430, 100));
    should("and PT1000 with 4000 ohms", agrees_with_the_standard(4000, 1000));
    should("and with 4300 ohms", agrees_with_the_standard(4300, 1000));
    begin(PT100, ohms(-135, 100));
    should("read -135 degrees as such, not as -146.6", measure() && reads_about(-135, 50));
    should("take about 80 ms for it", took_ms > 60 && took_ms < 100);
    should("switch the bias off again, so that the probe does not warm itself",
           (board.converters[0].registers[0] & 0x80) == 0);
}

static void test_two_wires(void)
{
    ck_max31865_wiring wiring = PT100;

    wiring.wires = 2;
    wiring.leads_milli_ohm = 800;
    begin(wiring, ohms(-190, 100) + 0.8);
    should("take the leads off a two-wire probe", measure() && reads_about(-190, 50));
    begin(wiring, 0.5);
    should("call a resistance below that of its leads shorted", measure() && reads(CK_SHORTED_PROBE));
}

static void test_faults(void)
{
    begin(PT100, 1e9);
    should("say nothing before the first measurement", reads(CK_NOT_SAMPLED));
    should("tell an open probe", measure() && reads(CK_OPEN_PROBE));
    should("name the bit of it", (ck_max31865_faults(&rtd) & CK_MAX31865_RTD_HIGH) != 0);
    board.converters[0].ohm = ohms(-180, 100);
    should("clear what was latched: a mended probe reads at once", measure() && reads_about(-180, 50));
    should("have no fault then", ck_max31865_faults(&rtd) == 0);
    board.converters[0].ohm = 0.2;
    should("tell a shorted probe", measure() && reads(CK_SHORTED_PROBE));
    board.converters[0].ohm = ohms(-180, 100);
    board.converters[0].lead_open = true;
    should("tell an open lead though the resistance looks right", measure() && reads(CK_OPEN_PROBE));
    should("name the lead", ck_max31865_faults(&rtd) == CK_MAX31865_RTDIN_FORCE);
    board.converters[0].lead_open = false;
    board.converters[0].over_voltage = true;
    should("give no number under a wrong voltage", measure() && reads(CK_NO_BUS));
    should("name the voltage", ck_max31865_faults(&rtd) == CK_MAX31865_VOLTAGE);
}

static void test_bus(void)
{
    begin(PT100, ohms(-180, 100));
    measure();
    board.spi_dead = true;
    should("say that the bus failed", measure() && last == CK_BUS_ERROR && reads(CK_NO_BUS));
    board.spi_dead = false;
    should("measure again when it is back", measure() && reads_about(-180, 50));
    board.converters[0].mute = true;
    should("not believe a line that reads all ones", measure() && last == CK_BUS_ERROR && reads(CK_NO_BUS));
    board.converters[0] = converter_with(ohms(-180, 100), 430);
    measure();
    bool done = false;
    ck_max31865_poll(&rtd, &port, &done);
    board.converters[0] = converter_with(ohms(-180, 100), 430);
    should("not believe a converter that lost its settings on the way", measure() && reads(CK_NO_BUS));
    should("set it up anew", measure() && reads_about(-180, 50));
    board.converters[0].slow = true;
    should("not take a conversion that has not ended for a reading", measure() && reads(CK_NO_BUS));
}

static void test_range(void)
{
    begin(PT100, ohms(-205, 100));
    should("keep a number below -200, marked", measure() && reads(CK_BEYOND_RANGE));
    begin(PT100, ohms(40, 100));
    should("read a warm room as well", measure() && reads_about(40, 50));
}

static bool refused(ck_max31865_wiring wiring)
{
    return ck_max31865_start(&rtd, &wiring) == CK_BAD_SETTING;
}

static void test_settings(void)
{
    ck_max31865_wiring wiring = PT100;

    wiring.wires = 5;
    should("refuse five wires", refused(wiring));
    wiring = PT100;
    wiring.leads_milli_ohm = 1;
    should("refuse leads to take off where the third wire does it", refused(wiring));
    wiring = PT100;
    wiring.reference_ohm = 99;
    should("refuse a reference of 99 ohms", refused(wiring));
    wiring = PT100;
    wiring.nominal_ohm = 1001;
    should("refuse a probe of 1,001 ohms", refused(wiring));
}

int main(void)
{
    test_temperatures();
    test_two_wires();
    test_faults();
    test_bus();
    test_range();
    test_settings();
    return should_end();
}
