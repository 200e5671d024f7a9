#include "rtd.h"

/* IEC 60751: R(t) / R(0) = 1 + A t + B t^2 + C (t - 100) t^3, the last term below 0 only. */
#define A 3.9083e-3
#define B (-5.775e-7)
#define C (-4.183e-12)

/* Newton from the straight line is within a millionth of a degree after three steps, from -210 to 850. */
enum { STEPS = 4 };

static double ratio_at(double t)
{
    double cold = t < 0.0 ? C * (t - 100.0) * t * t * t : 0.0;

    return 1.0 + A * t + B * t * t + cold;
}

static double slope_at(double t)
{
    double cold = t < 0.0 ? C * (4.0 * t - 300.0) * t * t : 0.0;

    return A + 2.0 * B * t + cold;
}

ck_status ck_rtd_resistance(uint16_t code, uint32_t reference_ohm, uint32_t *micro_ohm)
{
    if (reference_ohm == 0 || reference_ohm > 8000)
        return CK_BAD_SETTING;
    if (code > 32767)
        return CK_OUT_OF_RANGE;
    uint64_t exact = (uint64_t)code * reference_ohm * 1000000u / 32768u;
    if (exact > UINT32_MAX)
        return CK_OUT_OF_RANGE;
    *micro_ohm = (uint32_t)exact;
    return CK_OK;
}

ck_status ck_rtd_temperature(uint32_t micro_ohm, uint32_t nominal_ohm, int32_t *milli_celsius)
{
    if (nominal_ohm == 0 || nominal_ohm > 1000)
        return CK_BAD_SETTING;
    double ratio = micro_ohm / (nominal_ohm * 1e6);
    if (ratio < ratio_at(CK_RTD_COLDEST_MC / 1000.0) || ratio > ratio_at(CK_RTD_WARMEST_MC / 1000.0))
        return CK_OUT_OF_RANGE;
    double t = (ratio - 1.0) / A;
    for (int step = 0; step < STEPS; step++)
        t -= (ratio_at(t) - ratio) / slope_at(t);
    *milli_celsius = (int32_t)(t * 1000.0 + (t < 0.0 ? -0.5 : 0.5));
    return CK_OK;
}
