#include "ck_reading.h"

static uint8_t without_bit(uint8_t quality)
{
    return (uint8_t)(quality & ~CK_CALIBRATION_OVERDUE);
}

bool ck_quality_known(uint8_t quality)
{
    uint8_t plain = without_bit(quality);

    return plain <= CK_UNCERTAIN || (plain >= CK_OPEN_PROBE && plain <= CK_NOT_SAMPLED);
}

bool ck_quality_has_number(uint8_t quality)
{
    switch (without_bit(quality)) {
    case CK_OPEN_PROBE:
    case CK_SHORTED_PROBE:
    case CK_NO_BUS:
    case CK_NOT_SAMPLED:
        return false;
    default:
        return true;
    }
}
