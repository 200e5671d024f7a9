/** Platinum resistance to temperature, after IEC 60751 (Callendar-Van Dusen). Pure functions. */
#ifndef CK_RTD_H
#define CK_RTD_H

#include "ck_port.h"

/** The coldest and warmest that are converted. The standard ends at -200; a probe of class B may err below. */
#define CK_RTD_COLDEST_MC (-210000)
#define CK_RTD_WARMEST_MC 850000

/**
 * Converts a 15-bit ratio of a MAX31865 to micro-ohms.
 * CK_BAD_SETTING when the reference is 0 or above 8,000 ohms, CK_OUT_OF_RANGE for a code above 32,767.
 */
ck_status ck_rtd_resistance(uint16_t code, uint32_t reference_ohm, uint32_t *micro_ohm);

/**
 * Converts the resistance of a probe with nominal_ohm at 0 degrees Celsius (100 for a PT100) to
 * thousandths of a degree: the quartic, as a straight line is 8 degrees wrong in liquid nitrogen.
 * CK_BAD_SETTING when nominal_ohm is 0 or above 1,000, CK_OUT_OF_RANGE outside -210 to 850 degrees.
 */
ck_status ck_rtd_temperature(uint32_t micro_ohm, uint32_t nominal_ohm, int32_t *milli_celsius);

#endif
