/**
 * Chance against the head and its sensors, under the sanitizers: usage fuzz SEED ROUNDS.
 *
 * Each round makes a head of random wiring, lets every bus lie, fail and recover at random, and looks
 * that what went on the line is whole, that a reading without a number has none, and that the
 * watchdog is fed when work is done. Prints the first promise that is broken; the exit code says whether.
 */
#include "emulator.h"
#include "head.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 400 };

static uint64_t chance = 1;

/* xorshift64: the same rounds for the same seed, on every machine. */
static uint32_t any(uint32_t below)
{
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return (uint32_t)(chance >> 32) % below;
}

static bool once_in(uint32_t n)
{
    return any(n) == 0;
}

static emulator board;
static ck_head head;
static ck_port port;
static ck_status (*honest_exchange)(void *, uint8_t, const uint8_t *, uint8_t *, size_t);

/* A bus that lies now and then: any bit of what is read may be wrong. */
static ck_status lying_exchange(void *ctx, uint8_t device, const uint8_t *out, uint8_t *in, size_t n)
{
    ck_status status = honest_exchange(ctx, device, out, in, n);

    if (status == CK_OK && once_in(10))
        in[any((uint32_t)n)] ^= (uint8_t)(1u << any(8));
    return status;
}

static ck_max31865_wiring any_rtd(uint8_t device)
{
    ck_max31865_wiring rtd = {
        device, (uint8_t)(1 + any(5)), once_in(2), (uint16_t)any(9000), (uint16_t)any(1200), once_in(3) ? any(5000) : 0,
    };

    if (!once_in(4)) {
        rtd.wires = (uint8_t)(3 + any(2));
        rtd.reference_ohm = 430;
        rtd.nominal_ohm = 100;
        rtd.leads_milli_ohm = 0;
    }
    return rtd;
}

static ck_head_wiring any_wiring(void)
{
    static const char *const KEYS[] = {"top_c", "bottom_c", "", "Lid", "lid_open", "x"};
    ck_head_wiring wiring = {
        "k3v9x2m4q7ab", any(10) ? 250 + any(2000) : any(400), (uint8_t)any(4), {KEYS[any(6)], KEYS[any(6)]},
        {any_rtd(0), any_rtd(1)}, once_in(2), {(uint8_t)any(3), any(300000), any(2) ? any(5000) : 0, (uint8_t)any(10), {{0, 0}}},
        once_in(2), {(uint8_t)any(10), once_in(2), any(100), any(2000), any(3000)},
    };
    uint32_t current = 3700 + any(300);

    for (unsigned i = 0; i < CK_LEVEL_POINTS; i++, current += any(3000))
        wiring.level.points[i] = (ck_level_point){(uint16_t)current, (int32_t)(any(UINT32_MAX) - (uint32_t)INT32_MAX)};
    if (!once_in(4)) {
        wiring.rtd_keys[0] = "top_c";
        wiring.rtd_keys[1] = "bottom_c";
    }
    return wiring;
}

static void trouble(void)
{
    converter *chip = &board.converters[any(EMULATOR_CONVERTERS)];

    board.spi_dead ^= once_in(40);
    board.adc_dead ^= once_in(40);
    board.pins_dead ^= once_in(40);
    board.line_dead ^= once_in(20);
    board.high[any(EMULATOR_PINS)] ^= once_in(5);
    board.microvolt[any(EMULATOR_INPUTS)] = once_in(20) ? (int32_t)any(UINT32_MAX) : (int32_t)any(2500000);
    chip->ohm = once_in(10) ? 1e9 : any(40000) / 100.0;
    chip->lead_open ^= once_in(30);
    chip->over_voltage ^= once_in(50);
    chip->mute ^= once_in(50);
    chip->slow ^= once_in(50);
    if (once_in(100))
        *chip = converter_with(20.0, 430);
}

static bool broken(const char *promise)
{
    printf("broken: %s\n", promise);
    return true;
}

/* Every frame on the line begins and ends with a zero, and has none between. */
static bool line_is_broken(void)
{
    if (board.on_line == 0)
        return false;
    if (board.on_line > CK_LINK_ROOM(CK_HEAD_MESSAGE))
        return broken("a frame is no larger than its room");
    if (board.line[0] != 0 || board.line[board.on_line - 1] != 0)
        return broken("a frame stands between zeros");
    return memchr(board.line + 1, 0, board.on_line - 2) != NULL && broken("there is no zero in a frame");
}

static bool readings_are_broken(void)
{
    for (unsigned i = 0; i < head.wiring.n_rtds; i++) {
        ck_reading reading = ck_max31865_reading(&head.rtds[i]);
        if (!ck_quality_known(reading.quality))
            return broken("a quality is one of the wire's");
        if (!ck_quality_has_number(reading.quality) && reading.milli != 0)
            return broken("no number stands where there is none");
        if (reading.milli < -210000 || reading.milli > 850000)
            return broken("a temperature is one that a probe can have");
    }
    return false;
}

static bool step_is_broken(void)
{
    unsigned writes = board.writes;

    trouble();
    board.now_ms += once_in(50) ? any(UINT32_MAX / 2) : any(60);
    board.on_line = 0;
    ck_status status = ck_head_step(&head, &port);
    if (status != CK_OK && status != CK_BUS_ERROR)
        return broken("rows that the head makes are rows that the wire takes");
    if (status == CK_BUS_ERROR && (board.writes == writes || !board.line_dead))
        return broken("a line that works takes the rows");
    return line_is_broken() || readings_are_broken();
}

static bool round_is_broken(void)
{
    emulator fresh = {0};
    ck_head_wiring wiring = any_wiring();

    board = fresh;
    board.now_ms = any(UINT32_MAX);
    for (unsigned i = 0; i < EMULATOR_CONVERTERS; i++)
        board.converters[i] = converter_with(25.0, 430);
    port = emulator_port(&board);
    honest_exchange = port.spi_exchange;
    port.spi_exchange = lying_exchange;
    memset(&head, 0xA5, sizeof head);
    if (ck_head_start(&head, &wiring, &port) != CK_OK)
        return false;
    for (unsigned step = 0; step < STEPS; step++)
        if (step_is_broken())
            return true;
    return board.feeds == 0 && broken("a head that works feeds its watchdog");
}

int main(int n, char **words)
{
    uint64_t seed = n > 1 ? strtoull(words[1], NULL, 10) : 1;
    unsigned long rounds = n > 2 ? strtoul(words[2], NULL, 10) : 1000, started = 0;

    chance = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    for (unsigned long i = 0; i < rounds; i++) {
        if (round_is_broken()) {
            printf("in round %lu of seed %" PRIu64 "\n", i, seed);
            return 1;
        }
        started += board.writes > 0;
    }
    printf("%lu rounds, %lu heads that sent rows\n", rounds, started);
    return 0;
}
