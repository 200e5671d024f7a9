/** A board that stands on the port: inputs, a converter, a clock and a line whose bytes are kept. */
#ifndef CK_EMULATOR_H
#define CK_EMULATOR_H

#include "ck_port.h"
#include "converter.h"

#define EMULATOR_PINS 8
#define EMULATOR_LINE 4096
#define EMULATOR_CONVERTERS 2
#define EMULATOR_INPUTS 2

typedef struct {
    bool high[EMULATOR_PINS];
    bool pins_dead;
    uint32_t now_ms;
    uint8_t line[EMULATOR_LINE];
    size_t on_line;
    bool line_dead;
    unsigned writes;
    converter converters[EMULATOR_CONVERTERS];
    bool spi_dead;
    int32_t microvolt[EMULATOR_INPUTS];
    bool adc_dead;
    unsigned feeds;
} emulator;

/** Gives a port to this board, which must outlive it. What does not exist answers CK_BUS_ERROR. */
ck_port emulator_port(emulator *board);

#endif
