/** A MAX31865 by its registers: what it answers to each exchange, faults latched until they are cleared. */
#ifndef CK_CONVERTER_H
#define CK_CONVERTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Set `ohm`, `reference_ohm` and the troubles; the rest belongs to the converter. */
typedef struct {
    double ohm;            /**< what hangs between RTDIN+ and RTDIN-; 1e9 for nothing */
    double reference_ohm;
    bool lead_open;        /**< a lead is broken that only the search for faults finds */
    bool over_voltage;
    bool mute;             /**< its output hangs: every byte read is 0xFF */
    bool slow;             /**< its conversions never end */
    uint8_t registers[8];
    uint32_t bias_ms;
    uint32_t started_ms;
    bool converting;
    bool searching;
    unsigned conversions;
} converter;

/** Gives a converter fresh from power-on, with this probe and reference resistor. */
converter converter_with(double ohm, double reference_ohm);

/** Answers one exchange at this moment: the address first, its highest bit for a write, then data in a row. */
void converter_exchange(converter *chip, uint32_t now_ms, const uint8_t *out, uint8_t *in, size_t n);

#endif
