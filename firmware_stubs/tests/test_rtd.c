#include "rtd.h"
#include "should.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct {
    int32_t celsius;
    uint32_t milli_ohm;
} table_row;

/* IEC 60751, PT100: rounded to 10 milli-ohms, which is up to 0.014 degrees. */
static const table_row TABLE[] = {
    {-200, 18520}, {-196, 20250}, {-190, 22830}, {-180, 27100}, {-150, 39720}, {-100, 60260},
    {-50, 80310},  {0, 100000},   {20, 107790},  {100, 138510}, {400, 247090}, {850, 390480},
};
enum { TABLE_ROWS = sizeof TABLE / sizeof TABLE[0], TABLE_ERROR_MC = 20 };

static bool near(int32_t found, int32_t expected, int32_t error)
{
    return labs((long)found - (long)expected) <= error;
}

static void test_table(uint32_t nominal_ohm, const char *what)
{
    bool held = true;

    for (unsigned i = 0; i < TABLE_ROWS; i++) {
        int32_t found = 0;
        uint32_t micro_ohm = TABLE[i].milli_ohm * 1000u / 100u * nominal_ohm;
        if (ck_rtd_temperature(micro_ohm, nominal_ohm, &found) != CK_OK
            || !near(found, TABLE[i].celsius * 1000, TABLE_ERROR_MC)) {
            printf("at %ld degrees found %ld milli-degrees\n", (long)TABLE[i].celsius, (long)found);
            held = false;
        }
    }
    should(what, held);
}

/* The standard's own polynomial, written out once more so that the driver does not test itself. */
static double standard_ohms(double t)
{
    double ratio = 1 + 3.9083e-3 * t - 5.775e-7 * t * t;

    return 100 * (t < 0 ? ratio - 4.183e-12 * (t - 100) * t * t * t : ratio);
}

static void test_every_tenth(void)
{
    bool held = true;

    for (int32_t tenths = -2000; tenths <= 8500; tenths++) {
        int32_t found = 0;
        uint32_t micro_ohm = (uint32_t)(standard_ohms(tenths / 10.0) * 1e6 + 0.5);
        if (micro_ohm > UINT32_C(390481125))
            micro_ohm = UINT32_C(390481125);
        held = held && ck_rtd_temperature(micro_ohm, 100, &found) == CK_OK && found == tenths * 100;
    }
    should("invert the standard to the last thousandth of a degree, at every tenth from -200 to 850", held);
}

static void test_codes(void)
{
    uint32_t micro_ohm = 0;
    int32_t found = 0;

    /* The converter's data sheet: code 1517 with a 400 ohm reference is -200; code / 32 - 256 says -208.59. */
    should("convert a code of the data sheet",
           ck_rtd_resistance(1517, 400, &micro_ohm) == CK_OK && micro_ohm == 18518066);
    should("read that code as -200 degrees, not -208.59",
           ck_rtd_temperature(micro_ohm, 100, &found) == CK_OK && near(found, -200000, 30));
    should("read code 3254 as -150 degrees, not -154.31",
           ck_rtd_resistance(3254, 400, &micro_ohm) == CK_OK
               && ck_rtd_temperature(micro_ohm, 100, &found) == CK_OK && near(found, -150000, 30));
    should("refuse a code of 16 bits", ck_rtd_resistance(32768, 400, &micro_ohm) == CK_OUT_OF_RANGE);
    should("refuse a resistance that does not fit", ck_rtd_resistance(32767, 8000, &micro_ohm) == CK_OUT_OF_RANGE);
    should("refuse a reference of 0", ck_rtd_resistance(1, 0, &micro_ohm) == CK_BAD_SETTING);
    should("refuse a reference above 8,000 ohms", ck_rtd_resistance(1, 8001, &micro_ohm) == CK_BAD_SETTING);
}

static void test_refusals(void)
{
    int32_t found = 12345;

    should("refuse what lies just above 850 degrees", ck_rtd_temperature(390500000, 100, &found) == CK_OUT_OF_RANGE);
    should("refuse what lies just below -210 degrees", ck_rtd_temperature(14170000, 100, &found) == CK_OUT_OF_RANGE);
    should("refuse a shorted probe", ck_rtd_temperature(0, 100, &found) == CK_OUT_OF_RANGE);
    should("refuse an open probe", ck_rtd_temperature(UINT32_MAX, 100, &found) == CK_OUT_OF_RANGE);
    should("refuse a nominal resistance of 0", ck_rtd_temperature(100000000, 0, &found) == CK_BAD_SETTING);
    should("refuse a nominal resistance above 1,000", ck_rtd_temperature(1, 1001, &found) == CK_BAD_SETTING);
    should("leave the result alone when it refuses", found == 12345);
}

int main(void)
{
    test_table(100, "agree with the table of the standard for a PT100");
    test_table(1000, "agree with the table of the standard for a PT1000");
    test_every_tenth();
    test_codes();
    test_refusals();
    return should_end();
}
