#include "door.h"
#include "emulator.h"
#include "should.h"

enum { PIN = 3, SETTLE_MS = 50, CHATTER_MS = 1000, STUCK_MS = 100000, STEP_MS = 10 };

/* A reed to ground with a pull-up: high means that the magnet is away and the lid is open. */
static const ck_door_wiring WIRING = {PIN, true, SETTLE_MS, CHATTER_MS, STUCK_MS};

static emulator board;
static ck_port port;
static ck_door door;
static unsigned changes;
static ck_status last;

static void poll_after(uint32_t ms)
{
    bool changed = false;

    board.now_ms += ms;
    last = ck_door_poll(&door, &port, &changed);
    changes += changed;
}

static void hold(bool high, uint32_t ms)
{
    board.high[PIN] = high;
    for (uint32_t gone = 0; gone < ms; gone += STEP_MS)
        poll_after(STEP_MS);
}

static void chatter(uint32_t ms)
{
    for (uint32_t gone = 0; gone < ms; gone += 2 * STEP_MS) {
        hold(true, STEP_MS);
        hold(false, STEP_MS);
    }
}

static void begin_with(ck_door_wiring wiring, uint32_t now_ms)
{
    emulator fresh = {0};

    board = fresh;
    board.now_ms = now_ms;
    port = emulator_port(&board);
    changes = 0;
    last = ck_door_start(&door, &wiring, &port);
}

static void begin(void)
{
    begin_with(WIRING, 0);
}

static bool reads(int32_t milli, uint8_t quality)
{
    ck_reading reading = ck_door_reading(&door);

    return reading.milli == milli && reading.quality == quality;
}

static void test_settling(void)
{
    begin();
    should("know nothing before the contact has settled", reads(0, CK_NOT_SAMPLED));
    hold(false, SETTLE_MS);
    should("still wait just before settle_ms has passed", ck_door_state_of(&door) == CK_DOOR_UNKNOWN);
    hold(false, STEP_MS);
    should("read a settled low level as closed", reads(0, CK_GOOD));
    should("tell the first settled state", changes == 1);
    hold(true, SETTLE_MS + STEP_MS);
    should("read a settled high level as open, 1 on the wire", reads(1000, CK_GOOD));
    should("tell an opening once, however long it lasts", (hold(true, 5000), changes == 2));
}

static void test_bounces(void)
{
    begin();
    hold(false, 200);
    chatter(200);
    should("ignore bounces shorter than settle_ms", changes == 1 && reads(0, CK_GOOD));
    hold(true, 200);
    should("tell one opening after bounces", changes == 2 && reads(1000, CK_GOOD));
    chatter(CHATTER_MS + 100);
    should("call a contact that never settles chattering", ck_door_fault_of(&door) == CK_DOOR_CHATTERING);
    should("give no number while it chatters", reads(0, CK_NOT_SAMPLED));
    hold(true, 200);
    should("trust it again when it has settled", reads(1000, CK_GOOD) && changes == 2);
}

static void test_stuck(void)
{
    ck_door_wiring patient = WIRING;

    begin();
    hold(true, STUCK_MS - 100);
    should("trust a contact that moved within stuck_ms", ck_door_fault_of(&door) == CK_DOOR_SOUND);
    hold(true, 200);
    should("call a contact that has not moved for stuck_ms stuck", ck_door_fault_of(&door) == CK_DOOR_STUCK);
    should("keep the number of a stuck contact, marked", reads(1000, CK_STUCK));
    hold(false, 200);
    should("trust a stuck contact again once it moved", reads(0, CK_GOOD));
    patient.stuck_ms = 0;
    begin_with(patient, 0);
    hold(true, 2 * STUCK_MS);
    should("never doubt a still contact when stuck_ms is 0", reads(1000, CK_GOOD));
}

static void test_bus_errors(void)
{
    begin();
    hold(true, STUCK_MS / 2);
    board.pins_dead = true;
    poll_after(STEP_MS);
    should("say that the pin could not be read", last == CK_BUS_ERROR && reads(0, CK_NO_BUS));
    should("not repeat the last state after a bus error", ck_door_state_of(&door) == CK_DOOR_UNKNOWN);
    board.pins_dead = false;
    poll_after(STEP_MS);
    should("settle anew after a bus error", last == CK_OK && reads(0, CK_NOT_SAMPLED));
    hold(true, 200);
    should("not tell the same state twice after a bus error", changes == 1 && reads(1000, CK_GOOD));
    board.pins_dead = true;
    poll_after(STEP_MS);
    board.pins_dead = false;
    hold(false, 200);
    should("tell a move that happened during a bus error", changes == 2 && reads(0, CK_GOOD));
    hold(false, STUCK_MS - 1000);
    should("count a move during a bus error as a move", ck_door_fault_of(&door) == CK_DOOR_SOUND);
}

static void test_time(void)
{
    begin_with(WIRING, UINT32_MAX - 70);
    hold(true, 200);
    should("settle across the wrap of the clock", changes == 1 && reads(1000, CK_GOOD));
    begin();
    hold(false, 200);
    board.high[PIN] = true;
    poll_after(STEP_MS);
    poll_after(60000);
    should("not settle on a single poll that came late", changes == 1);
    should("not call it chattering either", ck_door_fault_of(&door) == CK_DOOR_SOUND);
    begin();
    hold(true, 200);
    poll_after(UINT32_MAX / 2);
    poll_after(UINT32_MAX / 2);
    should("stay stuck when its count would overflow", reads(1000, CK_STUCK));
}

static void test_settings(void)
{
    ck_door_wiring wiring = WIRING;

    wiring.settle_ms = 0;
    begin_with(wiring, 0);
    should("refuse a settle_ms of 0", last == CK_BAD_SETTING);
    wiring = WIRING;
    wiring.chatter_ms = SETTLE_MS;
    begin_with(wiring, 0);
    should("refuse a chatter_ms that is not above settle_ms", last == CK_BAD_SETTING);
    wiring = WIRING;
    wiring.open_is_high = false;
    begin_with(wiring, 0);
    hold(true, 200);
    should("read a contact of the other sense the other way", reads(0, CK_GOOD));
}

int main(void)
{
    test_settling();
    test_bounces();
    test_stuck();
    test_bus_errors();
    test_time();
    test_settings();
    return should_end();
}
