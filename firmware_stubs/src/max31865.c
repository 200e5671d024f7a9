#include "max31865.h"

#include "rtd.h"

/* Registers and bits of the data sheet, table 1 to 3. */
enum { CONFIGURATION = 0x00, HIGH_THRESHOLD = 0x03, REGISTERS = 8, WRITE = 0x80 };
enum {
    BIAS = 0x80, ONE_SHOT = 0x20, THREE_WIRES = 0x10, DETECTION = 0x04, DETECTING = 0x0C, CLEAR = 0x02, FILTER_50HZ = 0x01
};
enum { IDLE, SETTLING, SEARCHING, CONVERTING };

/* Ten input time constants of the usual 100 nF filter, and the slower of the two conversion times, with room. */
enum { SETTLE_MS = 11, SEARCH_MS = 2, CONVERT_MS = 66 };

/* Outside of -210 to 850 degrees there is no probe: 14 to 391 ohms of a PT100. */
enum { OPEN_PERCENT = 400, SHORT_PERCENT = 10 };

#define OPEN_BITS (CK_MAX31865_RTD_HIGH | CK_MAX31865_REFIN_HIGH | CK_MAX31865_REFIN_FORCE | CK_MAX31865_RTDIN_FORCE)

ck_status ck_max31865_start(ck_max31865 *rtd, const ck_max31865_wiring *wiring)
{
    bool no_leads = wiring->wires != 2 && wiring->leads_milli_ohm > 0;

    if (wiring->wires < 2 || wiring->wires > 4 || no_leads)
        return CK_BAD_SETTING;
    if (wiring->reference_ohm < 100 || wiring->reference_ohm > 8000)
        return CK_BAD_SETTING;
    if (wiring->nominal_ohm < 100 || wiring->nominal_ohm > 1000)
        return CK_BAD_SETTING;
    rtd->wiring = *wiring;
    rtd->step = IDLE;
    rtd->faults = 0;
    rtd->since_ms = 0;
    rtd->reading.milli = 0;
    rtd->reading.quality = CK_NOT_SAMPLED;
    return CK_OK;
}

static uint8_t settings(const ck_max31865 *rtd)
{
    unsigned bits = BIAS;

    bits |= rtd->wiring.wires == 3 ? (unsigned)THREE_WIRES : 0u;
    bits |= rtd->wiring.mains_50hz ? (unsigned)FILTER_50HZ : 0u;
    return (uint8_t)bits;
}

/* A threshold as the register holds it: the 15-bit ratio, one bit up. */
static uint16_t threshold(const ck_max31865 *rtd, uint32_t percent)
{
    uint32_t code = (uint32_t)rtd->wiring.nominal_ohm * percent / 100u * 32768u / rtd->wiring.reference_ohm;

    return (uint16_t)((code > 32767u ? 32767u : code) << 1);
}

static ck_status configure(const ck_max31865 *rtd, const ck_port *port, unsigned bits)
{
    uint8_t out[2] = {WRITE | CONFIGURATION, (uint8_t)(settings(rtd) | bits)};
    uint8_t in[2];

    return port->spi_exchange(port->ctx, rtd->wiring.device, out, in, sizeof out);
}

static ck_status set_thresholds(const ck_max31865 *rtd, const ck_port *port)
{
    uint16_t high = threshold(rtd, OPEN_PERCENT), low = threshold(rtd, SHORT_PERCENT);
    uint8_t out[5] = {
        WRITE | HIGH_THRESHOLD, (uint8_t)(high >> 8), (uint8_t)(high & 0xFF), (uint8_t)(low >> 8), (uint8_t)(low & 0xFF),
    };
    uint8_t in[5];

    return port->spi_exchange(port->ctx, rtd->wiring.device, out, in, sizeof out);
}

static ck_status read_registers(const ck_max31865 *rtd, const ck_port *port, uint8_t *registers)
{
    uint8_t out[1 + REGISTERS] = {CONFIGURATION};
    uint8_t in[1 + REGISTERS];
    ck_status status = port->spi_exchange(port->ctx, rtd->wiring.device, out, in, sizeof out);

    for (unsigned i = 0; i < REGISTERS && status == CK_OK; i++)
        registers[i] = in[1 + i];
    return status;
}

/* What was written must still stand there: a dead line reads as all ones or zeros, a dip of the supply resets it. */
static bool is_as_set(const ck_max31865 *rtd, const uint8_t *registers)
{
    uint16_t high = threshold(rtd, OPEN_PERCENT), low = threshold(rtd, SHORT_PERCENT);

    return (registers[0] & ~(unsigned)DETECTING) == settings(rtd)
        && registers[3] == high >> 8 && registers[4] == (high & 0xFF)
        && registers[5] == low >> 8 && registers[6] == (low & 0xFF);
}

static void end_with(ck_max31865 *rtd, int32_t milli, uint8_t quality)
{
    rtd->step = IDLE;
    rtd->reading.milli = milli;
    rtd->reading.quality = quality;
}

static void convert(ck_max31865 *rtd, uint16_t code)
{
    uint32_t micro_ohm = 0, leads = rtd->wiring.leads_milli_ohm;
    int32_t milli = 0;

    if (ck_rtd_resistance(code, rtd->wiring.reference_ohm, &micro_ohm) != CK_OK) {
        end_with(rtd, 0, CK_OPEN_PROBE);
        return;
    }
    micro_ohm = leads < micro_ohm / 1000u ? micro_ohm - leads * 1000u : 0;
    if (ck_rtd_temperature(micro_ohm, rtd->wiring.nominal_ohm, &milli) != CK_OK)
        end_with(rtd, 0, micro_ohm / 1000000u < rtd->wiring.nominal_ohm ? CK_SHORTED_PROBE : CK_OPEN_PROBE);
    else
        end_with(rtd, milli, milli < -200000 ? CK_BEYOND_RANGE : CK_GOOD);
}

static ck_status fail(ck_max31865 *rtd)
{
    rtd->faults = 0;
    end_with(rtd, 0, CK_NO_BUS);
    return CK_BUS_ERROR;
}

static ck_status finish(ck_max31865 *rtd, const ck_port *port)
{
    uint8_t registers[REGISTERS];
    uint8_t off[2] = {WRITE | CONFIGURATION, 0}, ignored[2];

    if (read_registers(rtd, port, registers) != CK_OK || !is_as_set(rtd, registers))
        return fail(rtd);
    rtd->faults = registers[7];
    if (rtd->faults & CK_MAX31865_VOLTAGE)
        end_with(rtd, 0, CK_NO_BUS);
    else if (rtd->faults & CK_MAX31865_RTD_LOW)
        end_with(rtd, 0, CK_SHORTED_PROBE);
    else if (rtd->faults & OPEN_BITS)
        end_with(rtd, 0, CK_OPEN_PROBE);
    else
        convert(rtd, (uint16_t)((unsigned)registers[1] << 7 | registers[2] >> 1));
    off[1] = (uint8_t)(settings(rtd) & ~(unsigned)BIAS);
    return port->spi_exchange(port->ctx, rtd->wiring.device, off, ignored, sizeof off) == CK_OK ? CK_OK : fail(rtd);
}

/* Latched faults are cleared first: what is reported belongs to this measurement and no other. */
static ck_status begin(ck_max31865 *rtd, const ck_port *port)
{
    if (configure(rtd, port, CLEAR) != CK_OK || set_thresholds(rtd, port) != CK_OK)
        return fail(rtd);
    rtd->step = SETTLING;
    return CK_OK;
}

static ck_status go_on(ck_max31865 *rtd, const ck_port *port, unsigned bits, uint8_t next)
{
    if (configure(rtd, port, bits) != CK_OK)
        return fail(rtd);
    rtd->step = next;
    return CK_OK;
}

static uint32_t wait_ms(uint8_t step)
{
    return step == SETTLING ? SETTLE_MS : step == SEARCHING ? SEARCH_MS : step == CONVERTING ? CONVERT_MS : 0;
}

ck_status ck_max31865_poll(ck_max31865 *rtd, const ck_port *port, bool *done)
{
    uint32_t now_ms = port->now_ms(port->ctx);
    uint8_t step = rtd->step;
    ck_status status = CK_OK;

    if (step != IDLE && now_ms - rtd->since_ms < wait_ms(step)) {
        *done = false;
        return CK_OK;
    }
    rtd->since_ms = now_ms;
    switch (step) {
    case IDLE: status = begin(rtd, port); break;
    case SETTLING: status = go_on(rtd, port, DETECTION, SEARCHING); break;
    case SEARCHING: status = go_on(rtd, port, ONE_SHOT, CONVERTING); break;
    default: status = finish(rtd, port); break;
    }
    if (status == CK_OK)
        *done = step == CONVERTING;
    return status;
}

ck_reading ck_max31865_reading(const ck_max31865 *rtd)
{
    return rtd->reading;
}

uint8_t ck_max31865_faults(const ck_max31865 *rtd)
{
    return rtd->faults;
}
