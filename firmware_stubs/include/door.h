/** A lid or door watched by one reed contact: debounced, and doubted when it cannot be right. */
#ifndef CK_DOOR_H
#define CK_DOOR_H

#include "ck_port.h"
#include "ck_reading.h"

/** How the contact is wired, and how patient to be with it. */
typedef struct {
    uint8_t pin;
    bool open_is_high;   /**< true for a contact to ground, with pull-up, that the magnet closes */
    uint32_t settle_ms;  /**< a level counts when it has held for so long; at least 1 */
    uint32_t chatter_ms; /**< never settled for so long: the contact chatters; more than settle_ms */
    uint32_t stuck_ms;   /**< never moved for so long: the contact is stuck; 0 trusts it for ever */
} ck_door_wiring;

typedef enum { CK_DOOR_UNKNOWN = 0, CK_DOOR_CLOSED, CK_DOOR_OPEN } ck_door_state;

/** Why the contact is doubted. */
typedef enum {
    CK_DOOR_SOUND = 0,
    CK_DOOR_UNREAD,     /**< the last poll got no answer */
    CK_DOOR_CHATTERING, /**< it has not settled for chatter_ms */
    CK_DOOR_STUCK       /**< it has not moved for stuck_ms */
} ck_door_fault;

/** What is known of one contact. Set up by ck_door_start; read it through the functions only. */
typedef struct {
    ck_door_wiring wiring;
    ck_door_state state;
    ck_door_state told;
    ck_door_fault fault;
    bool level_known;
    bool level;
    uint32_t polled_ms;
    uint32_t steady_ms;
    uint32_t unsettled_ms;
    uint32_t unmoved_ms;
} ck_door;

/**
 * Begins to watch a contact, as of now: its state is unknown until it has settled.
 * CK_BAD_SETTING when settle_ms is 0 or chatter_ms is not more; *door is then left alone.
 */
ck_status ck_door_start(ck_door *door, const ck_door_wiring *wiring, const ck_port *port);

/**
 * Reads the contact once. Call it several times per settle_ms, and at least once in 49 days.
 * On CK_OK *changed says whether the settled state differs from the one told last (the first
 * settled state counts as a change). On CK_BUS_ERROR *changed is left alone, the state is unknown,
 * and the contact must settle anew.
 */
ck_status ck_door_poll(ck_door *door, const ck_port *port, bool *changed);

/** Gives the settled state: unknown at first, after a bus error, and while the contact chatters. */
ck_door_state ck_door_state_of(const ck_door *door);

/** Gives the reason to doubt the contact as of the last poll; CK_DOOR_SOUND when there is none. */
ck_door_fault ck_door_fault_of(const ck_door *door);

/**
 * Gives the reading for the wire: 1000 when open, 0 when closed, so that its channel reads 1 and 0.
 * A stuck contact keeps its number, marked CK_STUCK; there is no number, and CK_NO_BUS or
 * CK_NOT_SAMPLED, when it could not be read or is unknown. The last state is never repeated instead.
 */
ck_reading ck_door_reading(const ck_door *door);

#endif
