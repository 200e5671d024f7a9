/** One measured value and how far it may be trusted, with the quality codes of ck1. */
#ifndef CK_READING_H
#define CK_READING_H

#include <stdbool.h>
#include <stdint.h>

#define CK_GOOD 0u
#define CK_UNCERTAIN 1u
#define CK_OPEN_PROBE 16u
#define CK_SHORTED_PROBE 17u
#define CK_BEYOND_RANGE 18u
#define CK_STUCK 19u
#define CK_IMPLAUSIBLE 20u
#define CK_NO_BUS 21u
#define CK_NOT_SAMPLED 22u
/** A bit added to any of the codes: the probe's certificate has run out. */
#define CK_CALIBRATION_OVERDUE 32u

/** A value in thousandths of its channel's unit. Where the quality says that there is none, `milli` is not read. */
typedef struct {
    int32_t milli;
    uint8_t quality;
} ck_reading;

/** Says whether ck1 knows this quality code, with or without the overdue bit. */
bool ck_quality_known(uint8_t quality);

/** Says whether a reading of this quality has a number; on the wire it is null otherwise. */
bool ck_quality_has_number(uint8_t quality);

#endif
