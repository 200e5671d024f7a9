"""The API of devices that go on without a network: lists to take along, and what was done meanwhile."""

from datetime import datetime
from typing import Annotated

import msgspec
from flask import g

from server.handling.models import OfflineAct, WorkList
from server.handling.queries import offline as queries
from server.handling.queries import picks
from server.handling.queries.taking_along import Along, Picture, taken_along
from server.handling.rules.acts import Act, Device
from server.handling.service import offline, offline_settling
from server.handling.views.blueprints import api
from server.kit import api as described
from server.kit import cursors
from server.kit.api import describes
from server.kit.door import require
from server.kit.i18n import language

WORK = "storage.move"
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
DECADE_MS = 315_360_000_000
Milliseconds = Annotated[int, msgspec.Meta(ge=-10 * DECADE_MS, le=10 * DECADE_MS)]
Word = Annotated[str, msgspec.Meta(max_length=120)]
Number = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class SentAct(msgspec.Struct, forbid_unknown_fields=True):
    """One act; `stay` and `place` are where the device thought that the tube was (`known`: that it knew).

    Of kind `move_box`, `tube` is the code of a box and `box` that of the rack or freezer into which it goes.
    """

    uuid: Number
    kind: Word
    tube: Word
    stated_at: Moment
    contact_at: Moment
    offset_ms: Milliseconds
    since_contact_ms: Annotated[int, msgspec.Meta(ge=0, le=DECADE_MS)] | None = None
    list: Word = ""
    box: Word = ""
    position: Word = ""
    elsewhere: bool = False
    use: Word = ""
    known: bool = False
    stay: int | None = None
    place: Annotated[str, msgspec.Meta(max_length=500)] = ""
    after: Word = ""


class SentActs(msgspec.Struct, forbid_unknown_fields=True):
    """Up to ten acts in their order, and what the device's clock says now."""

    device: Number
    device_name: Word
    sent_at: Moment
    acts: list[SentAct]


class ActOut(msgspec.Struct):
    """What became of an act: done, conflict or refused; and when it happened by the server's clock."""

    id: int
    uuid: str
    kind: str
    tube: str
    outcome: str
    reason: str
    happened_at: datetime
    clock: str


class ActsOut(msgspec.Struct):
    """What became of the acts, in their order."""

    acts: list[ActOut]


class WaitingOut(msgspec.Struct):
    """A page of acts that wait for a decision, oldest first."""

    items: list[ActOut]
    next: str | None


class Drop(msgspec.Struct, forbid_unknown_fields=True):
    """Why an act is dropped."""

    reason: Annotated[str, msgspec.Meta(max_length=500)]


class ListAlong(msgspec.Struct):
    """A list to take along, in the order of the walk, with pictures of its boxes."""

    code: str
    kind: str
    title: str
    state: str
    tubes: list[Along]
    boxes: dict[str, Picture]


@api.get("/offline-lists/<code>")
@require(WORK)
@describes("Read a work list so that it can be walked without a network", answers={200: ListAlong})
def list_along(code: str) -> ListAlong:
    """Answer all that a device needs of a list."""
    work: WorkList = picks.work_list(g.session, g.actor, WORK, code)
    tubes, boxes = taken_along(g.session, work)
    return ListAlong(work.code, work.kind, work.title, work.state, tubes, boxes)


@api.post("/offline-acts")
@require(WORK)
@describes("Send what was done without a network", body=SentActs, answers={200: ActsOut})
def send_acts() -> ActsOut:
    """Take the acts in: each once, at its own time; what quarrels is kept for a person to decide."""
    wanted = described.read(SentActs)
    device = Device(wanted.device, wanted.device_name)
    acts = [Act(**msgspec.structs.asdict(act)) for act in wanted.acts]
    rows = offline.take_acts(g.session, g.actor, device, acts, wanted.sent_at, at=g.clock.now())
    return ActsOut([_out(row) for row in rows])


@api.get("/offline-acts")
@require(WORK)
@describes(
    "List what was not done and waits for a decision", answers={200: WaitingOut}, listed=True
)
def waiting_acts() -> WaitingOut:
    """Answer the acts that wait."""
    found, onward = cursors.page(g.session, queries.undecided(g.actor), OfflineAct.id)
    return WaitingOut([_out(row) for row in found], onward)


@api.post("/offline-acts/<int:number>/seen")
@require(WORK)
@describes("Say that it was read on the device that an act was not done", answers={200: ActOut})
def act_seen(number: int) -> ActOut:
    """Note that it was read."""
    row = queries.one_act(g.session, g.actor, number)
    offline_settling.seen(g.session, g.actor, row, at=g.clock.now())
    return _out(row)


@api.post("/offline-acts/<int:number>/late")
@require(WORK)
@describes("Record an act late that was not done when it arrived", answers={200: ActOut})
def act_late(number: int) -> ActOut:
    """Record it after all, at the time at which it happened."""
    row = queries.one_act(g.session, g.actor, number)
    offline_settling.record_late(g.session, g.actor, row, at=g.clock.now())
    return _out(row)


@api.post("/offline-acts/<int:number>/drop")
@require(WORK)
@describes("Drop an act that was not done, with a reason", body=Drop, answers={200: ActOut})
def act_dropped(number: int) -> ActOut:
    """Drop it."""
    wanted = described.read(Drop)
    row = queries.one_act(g.session, g.actor, number)
    offline_settling.drop(g.session, g.actor, row, wanted.reason, at=g.clock.now())
    return _out(row)


def _out(row: OfflineAct) -> ActOut:
    kept = queries.waiting(g.session, row)
    reason = kept.refusal.text(language()) if row.reason else ""
    return ActOut(
        row.id, row.uuid, row.kind, kept.act.tube, row.outcome, reason, row.happened_at, row.clock
    )
