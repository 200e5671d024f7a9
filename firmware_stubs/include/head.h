/** The probe head's loop: its sensors in turn, rows on the line, and a watchdog that is fed only by work done. */
#ifndef CK_HEAD_H
#define CK_HEAD_H

#include "ck_port.h"
#include "door.h"
#include "frame.h"
#include "level.h"
#include "link.h"
#include "max31865.h"

#define CK_HEAD_RTDS 2u
#define CK_HEAD_CHANNELS (CK_HEAD_RTDS + 2u)
#define CK_HEAD_ROWS 16u

/** Room for sixteen rows of four channels with every value a double and every quality two bytes. */
#define CK_HEAD_MESSAGE 1280u

/** What hangs on the head. The channels are, in this order, the probes' own keys, level_mm and lid_open. */
typedef struct {
    const char *boot;     /**< 12 letters and digits, made anew at each start, kept by the caller */
    uint32_t interval_ms; /**< a row so often, and at each turn of the lid; 250 to 3,600,000 */
    uint8_t n_rtds;       /**< 0 to 2 */
    const char *rtd_keys[CK_HEAD_RTDS];
    ck_max31865_wiring rtds[CK_HEAD_RTDS];
    bool has_level;
    ck_level_wiring level;
    bool has_door;
    ck_door_wiring door;
} ck_head_wiring;

/** One head at work. Set up by ck_head_start; read it through the functions only. */
typedef struct {
    ck_head_wiring wiring;
    ck_max31865 rtds[CK_HEAD_RTDS];
    ck_level level;
    ck_door door;
    const char *keys[CK_HEAD_CHANNELS];
    uint8_t n_channels;
    uint64_t seq;
    uint64_t now_ms;
    uint64_t row_ms;
    uint64_t level_ms;
    uint64_t worked_ms[CK_HEAD_CHANNELS];
    uint32_t clock_ms;
    uint64_t at_ms[CK_HEAD_ROWS];
    ck_reading rows[CK_HEAD_ROWS][CK_HEAD_CHANNELS];
    uint8_t n_rows;
    uint8_t message[CK_HEAD_MESSAGE];
    uint8_t line[CK_LINK_ROOM(CK_HEAD_MESSAGE)];
} ck_head;

/**
 * Takes over the head's sensors. CK_BAD_SETTING for an interval, a number of probes or a sensor's
 * setting that cannot be; CK_BAD_BOOT or CK_BAD_CHANNEL for a boot or keys that the wire refuses.
 */
ck_status ck_head_start(ck_head *head, const ck_head_wiring *wiring, const ck_port *port);

/**
 * Does what is due and returns at once: call it for ever, every few milliseconds. CK_OK, or the
 * status of a line that did not take the rows: up to 16 then wait and go with the next; of more the
 * oldest are left out, which shows as a hole in the numbers. A sensor's trouble is in its quality.
 *
 * The watchdog is fed at the end, and only if each sensor has ended a measurement (good or not)
 * within three intervals: a call of the board that never returns, or a sensor whose turn never
 * comes, resets the board, and the new boot on the line tells of it.
 */
ck_status ck_head_step(ck_head *head, const ck_port *port);

#endif
