#include "door.h"

static uint32_t longer(uint32_t so_far_ms, uint32_t more_ms)
{
    return more_ms > UINT32_MAX - so_far_ms ? UINT32_MAX : so_far_ms + more_ms;
}

static void forget_level(ck_door *door)
{
    door->state = CK_DOOR_UNKNOWN;
    door->level_known = false;
    door->steady_ms = 0;
    door->unsettled_ms = 0;
}

ck_status ck_door_start(ck_door *door, const ck_door_wiring *wiring, const ck_port *port)
{
    if (wiring->settle_ms == 0 || wiring->chatter_ms <= wiring->settle_ms)
        return CK_BAD_SETTING;
    door->wiring = *wiring;
    door->told = CK_DOOR_UNKNOWN;
    door->fault = CK_DOOR_SOUND;
    door->level = false;
    door->polled_ms = port->now_ms(port->ctx);
    door->unmoved_ms = 0;
    forget_level(door);
    return CK_OK;
}

/* A poll that came late proves nothing about the time between: one gap never settles a level. */
static uint32_t watched(const ck_door *door, uint32_t passed_ms)
{
    uint32_t most_ms = door->wiring.settle_ms / 2 + door->wiring.settle_ms % 2;

    return passed_ms < most_ms ? passed_ms : most_ms;
}

static void note_level(ck_door *door, bool level, uint32_t passed_ms)
{
    if (door->level_known && level == door->level) {
        door->steady_ms = longer(door->steady_ms, watched(door, passed_ms));
        door->unmoved_ms = longer(door->unmoved_ms, passed_ms);
    } else {
        door->steady_ms = 0;
        /* After a bus error the level before it still counts: the contact has moved if it differs. */
        if (level != door->level)
            door->unmoved_ms = 0;
    }
    door->level_known = true;
    door->level = level;
}

static void settle(ck_door *door, uint32_t passed_ms)
{
    if (door->steady_ms >= door->wiring.settle_ms) {
        door->state = door->level == door->wiring.open_is_high ? CK_DOOR_OPEN : CK_DOOR_CLOSED;
        door->unsettled_ms = 0;
        return;
    }
    door->unsettled_ms = longer(door->unsettled_ms, watched(door, passed_ms));
    if (door->unsettled_ms >= door->wiring.chatter_ms)
        door->state = CK_DOOR_UNKNOWN;
}

static ck_door_fault doubt(const ck_door *door)
{
    if (door->unsettled_ms >= door->wiring.chatter_ms)
        return CK_DOOR_CHATTERING;
    if (door->wiring.stuck_ms != 0 && door->unmoved_ms >= door->wiring.stuck_ms)
        return CK_DOOR_STUCK;
    return CK_DOOR_SOUND;
}

ck_status ck_door_poll(ck_door *door, const ck_port *port, bool *changed)
{
    uint32_t now_ms = port->now_ms(port->ctx);
    uint32_t passed_ms = now_ms - door->polled_ms; /* unsigned: right across the wrap */
    bool level = false;

    door->polled_ms = now_ms;
    if (port->gpio_read(port->ctx, door->wiring.pin, &level) != CK_OK) {
        forget_level(door);
        door->fault = CK_DOOR_UNREAD;
        return CK_BUS_ERROR;
    }
    note_level(door, level, passed_ms);
    settle(door, passed_ms);
    door->fault = doubt(door);
    *changed = door->state != CK_DOOR_UNKNOWN && door->state != door->told;
    if (*changed)
        door->told = door->state;
    return CK_OK;
}

ck_door_state ck_door_state_of(const ck_door *door)
{
    return door->state;
}

ck_door_fault ck_door_fault_of(const ck_door *door)
{
    return door->fault;
}

ck_reading ck_door_reading(const ck_door *door)
{
    ck_reading reading = {0, CK_NOT_SAMPLED};

    if (door->fault == CK_DOOR_UNREAD) {
        reading.quality = CK_NO_BUS;
    } else if (door->state != CK_DOOR_UNKNOWN) {
        reading.milli = door->state == CK_DOOR_OPEN ? 1000 : 0;
        reading.quality = door->fault == CK_DOOR_STUCK ? CK_STUCK : CK_GOOD;
    }
    return reading;
}
