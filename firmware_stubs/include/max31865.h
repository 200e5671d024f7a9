/** A platinum probe behind a MAX31865: driven by its registers, one measurement at a time, never waiting. */
#ifndef CK_MAX31865_H
#define CK_MAX31865_H

#include "ck_port.h"
#include "ck_reading.h"

/** Bits of the converter's fault status register (07h), as its data sheet names them. */
#define CK_MAX31865_RTD_HIGH 0x80u      /**< resistance above any probe's: open */
#define CK_MAX31865_RTD_LOW 0x40u       /**< resistance below any probe's: shorted */
#define CK_MAX31865_REFIN_HIGH 0x20u    /**< REFIN- above 0.85 VBIAS: a lead is open */
#define CK_MAX31865_REFIN_FORCE 0x10u   /**< REFIN- below 0.85 VBIAS with FORCE- open: a lead is open or shorted */
#define CK_MAX31865_RTDIN_FORCE 0x08u   /**< RTDIN- below 0.85 VBIAS with FORCE- open: as above */
#define CK_MAX31865_VOLTAGE 0x04u       /**< an input above VDD or below ground: the number means nothing */

/** How the probe is wired to the converter. */
typedef struct {
    uint8_t device;            /**< the board's number of its chip select */
    uint8_t wires;             /**< 2, 3 or 4 */
    bool mains_50hz;           /**< the notch of the filter: 50 Hz, else 60 */
    uint16_t reference_ohm;    /**< the reference resistor: 400 or 430 for a PT100, 4000 or 4300 for a PT1000 */
    uint16_t nominal_ohm;      /**< of the probe at 0 degrees: 100 to 1000 */
    uint32_t leads_milli_ohm;  /**< of both leads together, taken off; of two-wire probes only, else 0 */
} ck_max31865_wiring;

/** What is known of one probe. Set up by ck_max31865_start; read it through the functions only. */
typedef struct {
    ck_max31865_wiring wiring;
    uint8_t step;
    uint8_t faults;
    uint32_t since_ms;
    ck_reading reading;
} ck_max31865;

/**
 * Takes over a converter; its reading is "not sampled" until the first measurement is done.
 * CK_BAD_SETTING for wires, a reference (100 to 8,000 ohms) or a nominal resistance that cannot be;
 * *rtd is then left alone. The converter itself is set up by the measurements.
 */
ck_status ck_max31865_start(ck_max31865 *rtd, const ck_max31865_wiring *wiring);

/**
 * Goes on with the measurement: bias on, the converter's own search for open leads, one conversion,
 * bias off. Call it every few milliseconds; it never waits, and one measurement takes about 80 ms.
 * On CK_OK *done says whether a measurement has just ended, good or not. A converter that does not
 * answer, or has lost its settings (a dip of its supply), is CK_BUS_ERROR: that measurement has
 * ended too, and the next call begins a new one.
 */
ck_status ck_max31865_poll(ck_max31865 *rtd, const ck_port *port, bool *done);

/**
 * Gives the last measurement, in thousandths of a degree. Open and shorted probes, and a converter
 * that does not answer, have no number (CK_OPEN_PROBE, CK_SHORTED_PROBE, CK_NO_BUS): an older one
 * never stands in for it. A resistance below -200 degrees, where the standard ends, is CK_BEYOND_RANGE.
 */
ck_reading ck_max31865_reading(const ck_max31865 *rtd);

/** Gives the fault bits of the last measurement; latched ones have been cleared since. */
uint8_t ck_max31865_faults(const ck_max31865 *rtd);

#endif
