#include "level.h"

/* NAMUR NE 43, in micro-amperes. */
enum { BROKEN = 3600, LOWEST = 3800, HIGHEST = 20500, FAULTY = 21000 };

static bool points_are_good(const ck_level_wiring *wiring)
{
    if (wiring->n_points < 2 || wiring->n_points > CK_LEVEL_POINTS)
        return false;
    for (unsigned i = 0; i < wiring->n_points; i++) {
        uint16_t current = wiring->points[i].micro_amp;
        if (current < LOWEST || current > HIGHEST)
            return false;
        if (i > 0 && current <= wiring->points[i - 1].micro_amp)
            return false;
    }
    return true;
}

ck_status ck_level_start(ck_level *level, const ck_level_wiring *wiring, const ck_port *port)
{
    if (wiring->shunt_milli_ohm == 0 || wiring->shunt_milli_ohm > 1000000 || !points_are_good(wiring))
        return CK_BAD_SETTING;
    level->wiring = *wiring;
    level->n = 0;
    level->next = 0;
    level->bus_failed = false;
    level->still_at = INT32_MIN;
    level->polled_ms = port->now_ms(port->ctx);
    level->still_ms = 0;
    return CK_OK;
}

/* In micro-amperes, held within what an int32_t can say. */
static int32_t current_of(int32_t microvolt, uint32_t shunt_milli_ohm)
{
    int64_t current = (int64_t)microvolt * 1000 / (int64_t)shunt_milli_ohm;

    return current > INT32_MAX ? INT32_MAX : current < INT32_MIN ? INT32_MIN : (int32_t)current;
}

static void note_still(ck_level *level, int32_t microvolt, uint32_t passed_ms)
{
    if (microvolt != level->still_at) {
        level->still_at = microvolt;
        level->still_ms = 0;
    } else {
        level->still_ms = passed_ms > UINT32_MAX - level->still_ms ? UINT32_MAX : level->still_ms + passed_ms;
    }
}

ck_status ck_level_poll(ck_level *level, const ck_port *port)
{
    uint32_t now_ms = port->now_ms(port->ctx);
    uint32_t passed_ms = now_ms - level->polled_ms; /* unsigned: right across the wrap */
    int32_t microvolt = 0;

    level->polled_ms = now_ms;
    level->bus_failed = port->adc_read(port->ctx, level->wiring.input, &microvolt) != CK_OK;
    if (level->bus_failed) {
        level->n = 0;
        level->next = 0;
        return CK_BUS_ERROR;
    }
    note_still(level, microvolt, passed_ms);
    level->samples[level->next] = current_of(microvolt, level->wiring.shunt_milli_ohm);
    level->next = (uint8_t)((level->next + 1u) % CK_LEVEL_SAMPLES);
    if (level->n < CK_LEVEL_SAMPLES)
        level->n++;
    return CK_OK;
}

/* Of an even number the lower one: a wire that has just broken is then told a sample earlier. */
static int32_t median(const ck_level *level)
{
    int32_t sorted[CK_LEVEL_SAMPLES];

    for (unsigned i = 0; i < level->n; i++) {
        unsigned at = i;
        for (; at > 0 && sorted[at - 1] > level->samples[i]; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = level->samples[i];
    }
    return sorted[(level->n - 1u) / 2u];
}

/* Beyond the outer points the outer lines go on. */
static int32_t level_at(const ck_level_wiring *wiring, int32_t current)
{
    unsigned upper = 1;

    while (upper + 1u < wiring->n_points && current > wiring->points[upper].micro_amp)
        upper++;
    ck_level_point below = wiring->points[upper - 1], above = wiring->points[upper];
    int64_t rise = (int64_t)above.milli - below.milli;
    int64_t milli = below.milli + rise * (current - below.micro_amp) / (above.micro_amp - below.micro_amp);
    return milli > INT32_MAX ? INT32_MAX : milli < INT32_MIN ? INT32_MIN : (int32_t)milli;
}

static uint8_t quality_of(const ck_level *level, int32_t current)
{
    if (current <= BROKEN)
        return CK_OPEN_PROBE;
    if (current >= FAULTY)
        return CK_SHORTED_PROBE;
    if (current < LOWEST || current > HIGHEST)
        return CK_BEYOND_RANGE;
    if (level->wiring.stuck_ms != 0 && level->still_ms >= level->wiring.stuck_ms)
        return CK_STUCK;
    return CK_GOOD;
}

ck_reading ck_level_reading(const ck_level *level)
{
    ck_reading reading = {0, CK_NOT_SAMPLED};

    if (level->bus_failed) {
        reading.quality = CK_NO_BUS;
    } else if (level->n > 0) {
        int32_t current = median(level);
        reading.quality = quality_of(level, current);
        if (ck_quality_has_number(reading.quality))
            reading.milli = level_at(&level->wiring, current);
    }
    return reading;
}
