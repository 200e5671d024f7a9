/** A board that stands on the port: inputs, a clock and a line whose bytes are kept. */
#ifndef CK_EMULATOR_H
#define CK_EMULATOR_H

#include "ck_port.h"

#define EMULATOR_PINS 8
#define EMULATOR_LINE 512

typedef struct {
    bool high[EMULATOR_PINS];
    bool pins_dead;
    uint32_t now_ms;
    uint8_t line[EMULATOR_LINE];
    size_t on_line;
    bool line_dead;
    unsigned writes;
} emulator;

/** Gives a port to this board, which must outlive it. A pin that does not exist answers CK_BUS_ERROR. */
ck_port emulator_port(emulator *board);

#endif
