/** A liquid level from a 4-20 mA transmitter over a shunt resistor: wire breaks told, spikes dropped. */
#ifndef CK_LEVEL_H
#define CK_LEVEL_H

#include "ck_port.h"
#include "ck_reading.h"

#define CK_LEVEL_POINTS 8u
#define CK_LEVEL_SAMPLES 5u

/** One point of the vessel's scale: this current stands for this level. */
typedef struct {
    uint16_t micro_amp;
    int32_t milli; /**< thousandths of the channel's unit: micrometres for level_mm */
} ck_level_point;

/** How the transmitter is wired, and what its current means. */
typedef struct {
    uint8_t input;            /**< the board's number of the analogue input */
    uint32_t shunt_milli_ohm; /**< 100,000 to 250,000 as a rule */
    uint32_t stuck_ms;        /**< the same to the last digit for so long: frozen or dead; 0 trusts it for ever */
    uint8_t n_points;         /**< 2 to 8, currents rising; straight lines between them */
    ck_level_point points[CK_LEVEL_POINTS];
} ck_level_wiring;

/** What is known of one transmitter. Set up by ck_level_start; read it through the functions only. */
typedef struct {
    ck_level_wiring wiring;
    int32_t samples[CK_LEVEL_SAMPLES];
    uint8_t n;
    uint8_t next;
    bool bus_failed;
    int32_t still_at;
    uint32_t polled_ms;
    uint32_t still_ms;
} ck_level;

/**
 * Takes over a transmitter. CK_BAD_SETTING for a shunt of 0 or above 1,000 ohms, fewer than two or
 * more than eight points, currents outside 3,800 to 20,500 micro-amperes or not rising; *level is
 * then left alone.
 */
ck_status ck_level_start(ck_level *level, const ck_level_wiring *wiring, const ck_port *port);

/** Takes one sample. CK_BUS_ERROR when the input did not answer: the samples before it are forgotten. */
ck_status ck_level_poll(ck_level *level, const ck_port *port);

/**
 * Gives the level from the median of the last five samples. After NAMUR NE 43, up to 3.6 mA is a
 * broken wire (CK_OPEN_PROBE) and from 21 mA a fault of the transmitter (CK_SHORTED_PROBE): no number.
 * From there to 3.8, and from 20.5, the number is kept and marked CK_BEYOND_RANGE. Before the first
 * sample it is CK_NOT_SAMPLED. One that stands still for stuck_ms keeps its number, marked CK_STUCK.
 */
ck_reading ck_level_reading(const ck_level *level);

#endif
