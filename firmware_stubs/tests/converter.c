#include "converter.h"

enum { BIAS = 0x80, AUTOMATIC = 0x40, ONE_SHOT = 0x20, CYCLE = 0x0C, CLEAR = 0x02, FILTER_50HZ = 0x01 };
enum { CONFIGURATION = 0, RTD_HIGH, RTD_LOW, HIGH_MSB, HIGH_LSB, LOW_MSB, LOW_LSB, FAULTS, REGISTERS };

/* Typical times of the data sheet for one shot; the bias needs ten time constants before it is right. */
enum { SHOT_60HZ_MS = 52, SHOT_50HZ_MS = 63, BIAS_MS = 10, SEARCH_MS = 1 };

converter converter_with(double ohm, double reference_ohm)
{
    converter chip = {0};

    chip.ohm = ohm;
    chip.reference_ohm = reference_ohm;
    chip.registers[HIGH_MSB] = chip.registers[HIGH_LSB] = 0xFF;
    return chip;
}

static uint16_t pair(const converter *chip, unsigned msb)
{
    return (uint16_t)((unsigned)chip->registers[msb] << 8 | chip->registers[msb + 1]);
}

static void latch(converter *chip, unsigned bits)
{
    chip->registers[FAULTS] |= (uint8_t)bits;
    if (bits != 0)
        chip->registers[RTD_LOW] |= 1;
}

/* Without the bias the input floats: what is converted is noise, here half of the scale. */
static uint16_t code_of(const converter *chip, uint32_t now_ms)
{
    bool biased = (chip->registers[CONFIGURATION] & BIAS) != 0 && now_ms - chip->bias_ms >= BIAS_MS;
    double code = biased ? chip->ohm / chip->reference_ohm * 32768.0 : 16384.0;

    return code > 32767.0 ? 32767 : (uint16_t)code;
}

static void end_conversion(converter *chip, uint32_t now_ms)
{
    uint16_t code = code_of(chip, chip->started_ms);
    uint16_t shifted = (uint16_t)(code << 1);
    unsigned fault_bit = chip->registers[FAULTS] != 0;

    (void)now_ms;
    chip->converting = false;
    chip->conversions++;
    chip->registers[CONFIGURATION] &= (uint8_t)~ONE_SHOT;
    chip->registers[RTD_HIGH] = (uint8_t)(shifted >> 8);
    chip->registers[RTD_LOW] = (uint8_t)((shifted & 0xFE) | fault_bit);
    latch(chip, (shifted >= pair(chip, HIGH_MSB) ? 0x80u : 0u) | (shifted <= pair(chip, LOW_MSB) ? 0x40u : 0u));
}

static void pass_time(converter *chip, uint32_t now_ms)
{
    uint32_t shot_ms = chip->registers[CONFIGURATION] & FILTER_50HZ ? SHOT_50HZ_MS : SHOT_60HZ_MS;

    if (chip->over_voltage)
        latch(chip, 0x04);
    if (chip->searching && now_ms - chip->started_ms >= SEARCH_MS) {
        chip->searching = false;
        chip->registers[CONFIGURATION] &= (uint8_t)~CYCLE;
        latch(chip, chip->lead_open ? 0x08u : 0u);
    }
    if (chip->converting && !chip->slow && now_ms - chip->started_ms >= shot_ms)
        end_conversion(chip, now_ms);
}

static void configure(converter *chip, uint32_t now_ms, uint8_t value)
{
    bool was_biased = (chip->registers[CONFIGURATION] & BIAS) != 0;

    if ((value & BIAS) != 0 && !was_biased)
        chip->bias_ms = now_ms;
    /* Cleared only by a write that asks for neither a conversion nor a search: the data sheet's rule. */
    if ((value & CLEAR) != 0 && (value & (ONE_SHOT | CYCLE)) == 0) {
        chip->registers[FAULTS] = 0;
        chip->registers[RTD_LOW] &= 0xFE;
    }
    chip->registers[CONFIGURATION] = (uint8_t)(value & ~CLEAR);
    chip->searching = (value & CYCLE) == 0x04;
    chip->converting = !chip->searching && (value & (ONE_SHOT | AUTOMATIC)) != 0;
    if (chip->searching || chip->converting)
        chip->started_ms = now_ms;
}

static void write_register(converter *chip, uint32_t now_ms, unsigned at, uint8_t value)
{
    if (at == CONFIGURATION)
        configure(chip, now_ms, value);
    else if (at >= HIGH_MSB && at <= LOW_LSB)
        chip->registers[at] = value;
}

void converter_exchange(converter *chip, uint32_t now_ms, const uint8_t *out, uint8_t *in, size_t n)
{
    unsigned at = n > 0 ? out[0] & 0x7Fu : 0;
    bool writing = n > 0 && (out[0] & 0x80u) != 0;

    pass_time(chip, now_ms);
    for (size_t i = 0; i < n; i++) {
        in[i] = chip->mute ? 0xFF : 0;
        if (i == 0)
            continue;
        if (writing && !chip->mute)
            write_register(chip, now_ms, at, out[i]);
        else if (!writing && !chip->mute)
            in[i] = at < REGISTERS ? chip->registers[at] : 0;
        at = at + 1 < REGISTERS ? at + 1 : 0;
    }
}
