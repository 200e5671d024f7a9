#include "emulator.h"

#include <string.h>

static ck_status gpio_read(void *ctx, uint8_t pin, bool *high)
{
    const emulator *board = ctx;

    if (board->pins_dead || pin >= EMULATOR_PINS)
        return CK_BUS_ERROR;
    *high = board->high[pin];
    return CK_OK;
}

static ck_status spi_exchange(void *ctx, uint8_t device, const uint8_t *out, uint8_t *in, size_t n)
{
    emulator *board = ctx;

    if (board->spi_dead || device >= EMULATOR_CONVERTERS)
        return CK_BUS_ERROR;
    converter_exchange(&board->converters[device], board->now_ms, out, in, n);
    return CK_OK;
}

static ck_status adc_read(void *ctx, uint8_t input, int32_t *microvolt)
{
    const emulator *board = ctx;

    if (board->adc_dead || input >= EMULATOR_INPUTS)
        return CK_BUS_ERROR;
    *microvolt = board->microvolt[input];
    return CK_OK;
}

static uint32_t now_ms(void *ctx)
{
    const emulator *board = ctx;

    return board->now_ms;
}

static ck_status write_line(void *ctx, const uint8_t *bytes, size_t n)
{
    emulator *board = ctx;

    board->writes++;
    if (board->line_dead || n > EMULATOR_LINE - board->on_line)
        return CK_BUS_ERROR;
    memcpy(board->line + board->on_line, bytes, n);
    board->on_line += n;
    return CK_OK;
}

static void feed_watchdog(void *ctx)
{
    emulator *board = ctx;

    board->feeds++;
}

ck_port emulator_port(emulator *board)
{
    ck_port port = {board, gpio_read, spi_exchange, adc_read, now_ms, write_line, feed_watchdog};

    return port;
}
