"""Rows of vials at work: checked and brought in by sets, through the rules of the single verbs."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.orm import Session

from server.core import bulk
from server.core.errors import Refusal
from server.core.words import N_
from server.exchange.cells import NOT_CHOICE
from server.exchange.models import ImportEffect
from server.exchange.rules import Problem
from server.exchange.sheets import fields
from server.exchange.sheets.base import Desk, Effect, Item, Work
from server.exchange.sheets.vials import backward, changing, inserting, knowing, lineage
from server.exchange.sheets.vials.knowing import Box, Known, New, alike
from server.exchange.sheets.vials.preparing import Preparing, Ready
from server.storage import rules
from server.storage.queries.fields import definitions
from server.storage.rules.limits import CRYOVIAL, Stock, why_not_size, why_not_stock
from server.storage.rules.space import keeper_of, why_not_kept
from server.storage.sizes import size_at

if TYPE_CHECKING:
    from server.storage.positions import BoxShape

NEW_STATES = ("labelled", "in_storage", "checked_out", "missing")
"""States in which a vial may come in; one that has left for good is entered by nobody."""

NO_LOT = N_("the code of a lot of this organisation")
NO_BOX = N_("the code of a box of this organisation")
NO_TYPE = N_("the code of a sample type")
NO_PROJECT = N_("the code of a project of this organisation")
TWICE = N_("each code once, in capital or small letters; row %(row)s has it already")
GIVEN = N_("a code that no tube bears or ever bore, in capital or small letters")
OF_CONTAINER = N_(
    "a code that leads to no freezer, rack or box; scanned, this one leads to %(other)s"
)
TWO_PLACES = N_("each position once; row %(row)s has it already")
NO_POSITION = N_("a box, where a position is named")
NOT_STORED = N_("in_storage, where a box is named")
NO_PLACE = N_("a box, where the state is in_storage")
LEAST_VOLUME = N_("a volume of 0 to %(most)s µl")
MOST_UL = 10_000_000


class VialWork(Work):
    """Brings vials in."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._codes: dict[str, tuple[int, int]] = {}
        self._lots: lineage.Lots = {}
        self._places: dict[int, dict[int, int]] = {}
        self._written: dict[BoxShape, tuple[dict[str, int | None], dict[int, str]]] = {}
        self._preparing = Preparing(desk, self._check_new)

    def check(self, session: Session, items: Sequence[Item], at: datetime) -> None:
        """Note what is wrong with these rows, and where they quarrel with earlier ones."""
        new = [item for item in items if "id" not in item.values]
        self._check_new(session, new, at, self._codes, self._places, hold=False)
        lineage.check(session, self.desk, new, self._lots)
        changed = [item for item in items if "id" in item.values]
        changing.apply(session, self.desk, changed, at)  # a rehearsal: the caller keeps nothing

    def rehearses(self, items: Sequence[Item]) -> bool:
        """Say whether a check of these needs a transaction that may write."""
        return any("id" in item.values for item in items)

    def apply(self, session: Session, items: Sequence[Item], at: datetime) -> list[Effect]:
        """Bring in those that are right as things stand now."""
        new = [item for item in items if "id" not in item.values]
        own = self._check_new(session, new, at, {}, {}, hold=True)
        lineage.check(session, self.desk, new, {})
        right = [item for item in new if not item.problems]
        ids = bulk.next_ids(session, inserting.VIAL, len(right))
        for rows in inserting.packed(session, self.desk, ids, right, own, at):
            bulk.put(session, rows)
        lineage.insert(session, self.desk, right, at)
        changed = [item for item in items if "id" in item.values]
        return changing.apply(session, self.desk, changed, at)

    def prepare(self, session: Session, items: Sequence[Item], at: datetime) -> Ready | None:
        """Check new vials, and return their rows."""
        return self._preparing.prepare(session, items, at)

    def unprepare(self) -> None:
        """Forget what parts that were prepared would have taken."""
        self._preparing.forget()

    def apply_prepared(self, session: Session, ready: Ready, at: datetime) -> list[Effect]:
        """Put the rows of new vials, if all on which they rest is still so."""
        self._preparing.put(session, ready, at)
        return []

    def things(
        self, session: Session, items: Sequence[Item], effects: Sequence[Effect]
    ) -> list[tuple[int, int]]:
        """Return (number of the row, id of the vial) of each."""
        number_of = {item.values["code"]: item.number for item in items}
        among, many = bulk.among(session, "code", number_of)
        wanted = text(f"SELECT code, id FROM vial WHERE {among}")  # noqa: S608  a condition of ours
        return [(number_of[row.code], row.id) for row in session.execute(wanted, many)]

    def take_back(
        self, session: Session, items: Sequence[Item], effects: Sequence[ImportEffect], at: datetime
    ) -> list[Item]:
        """Take new vials out of the record again, and give changed ones what they had."""
        new = [item for item in items if "id" not in item.values]
        stuck = backward.remove(session, self.desk, new, at)
        return stuck + changing.take_back(session, self.desk, items, effects, at)

    def look_back(
        self, session: Session, items: Sequence[Item], effects: Sequence[ImportEffect], at: datetime
    ) -> list[Item]:
        """Return the items that could not be taken back: changed ones are tried, new ones looked at."""
        stuck = backward.look_back(
            session, self.desk, [item for item in items if "id" not in item.values]
        )
        return stuck + changing.take_back(session, self.desk, items, effects, at)

    def rehearses_back(self, effects: Sequence[ImportEffect]) -> bool:
        """Say whether one of them has changed a vial."""
        return bool(effects)

    def _check_new(
        self, session: Session, items: Sequence[Item], at: datetime, codes: dict[str, tuple[int, int]],
        places: dict[int, dict[int, int]], *, hold: bool,
    ) -> list[fields.Own]:  # fmt: skip
        own = fields.own(definitions(session, self.desk.org_id, "vial"))
        if not items:
            return own
        known = knowing.look_up(session, self.desk.org_id, items, at, hold=hold)
        for box in known.boxes.values():
            box.in_file = places.setdefault(box.id, {})
            box.labels, box.written = self._written.setdefault(box.shape, ({}, {}))
        for item in items:
            _check_codes(item, known, codes)
            found = _names(item, known)
            if own:
                fields.check(item, own, found.sample_type_id if found else None)
            if found is not None and _finds_place(item, found):
                item.found = found
        return own


def _check_codes(item: Item, known: Known, codes: dict[str, tuple[int, int]]) -> None:
    values, me = item.values, (item.number, item.place)
    if "code" in values:
        _check_code(item, "code", values["code"], known, codes, me)
    for alias in values.get("aliases", ()):
        _check_code(item, "aliases", alias, known, codes, me)


def _check_code(
    item: Item, column: str, code: str, known: Known, codes: dict[str, tuple[int, int]],
    me: tuple[int, int],
) -> None:  # fmt: skip
    if (refusal := rules.why_not_code(code)) is not None:
        item.refuse(column, refusal, code)
    elif (same := alike(code)) in known.codes:
        item.problems.append(Problem(column, code, GIVEN))
    elif same in known.containers:
        facts = {"other": known.containers[same]}
        item.problems.append(Problem(column, code, OF_CONTAINER, facts))
    elif codes.setdefault(same, me) != me:
        item.problems.append(Problem(column, code, TWICE, {"row": codes[same][0]}))


def _names(item: Item, known: Known) -> New | None:
    """Return what the item names; None where something is not there or quarrels with the rest."""
    values, before = item.values, len(item.problems)
    lot = known.lots.get(values.get("lot", ""))
    if lot is None and "lot" in values:
        item.expect("lot", NO_LOT)
    box = known.boxes.get(values["box"]) if "box" in values else None
    if box is None and "box" in values:
        item.expect("box", NO_BOX)
    kind = known.types.get(values["sample_type"]) if "sample_type" in values else None
    if "sample_type" in values and (kind is None or kind.retired_at):
        item.expect("sample_type", NO_TYPE)
    project = known.projects.get(values["project"]) if "project" in values else None
    if "project" in values and (project is None or not project.active):
        item.expect("project", NO_PROJECT)
    most = (kind and kind.largest_ul) or MOST_UL
    if not 0 <= values.get("volume_ul", 0) <= most or values.get("volume_ul", 0) > MOST_UL:
        item.expect("volume_ul", LEAST_VOLUME, most=most)
    state = _state(item)
    if lot is None or len(item.problems) > before:
        return None
    return New(
        lot, box, None, kind.id if kind else None, project.id if project else None, state,
        kind.code if kind else "", kind.size_class if kind else "", project.code if project else "",
        lot.id in known.apart,
    )  # fmt: skip


def _state(item: Item) -> str:
    values = item.values
    if "position" in values and "box" not in values:
        item.expect("box", NO_POSITION)
    state: str = values.get("state", "in_storage" if "box" in values else "labelled")
    if state not in NEW_STATES:
        item.expect("state", NOT_CHOICE, choices=", ".join(NEW_STATES))
    if "box" in values and state != "in_storage":
        item.expect("state", NOT_STORED)
    if "box" not in values and state == "in_storage" and "position" not in values:
        item.expect("box", NO_PLACE)
    return state


def _finds_place(item: Item, new: New) -> bool:
    """Find the item's position and note why it cannot go there; says whether it can."""
    box = new.box
    if box is None:
        return True
    written = item.values.get("position", "")
    if item.refuse("box", box.refusal):
        return False
    free = box.following if "after" in item.values else box.free
    ordinal = box.ordinal(written) if written else free()
    if ordinal is None and not written:
        taken = {*box.taken, *box.in_file}
        return not item.refuse("box", rules.why_not_fit(box.shape, box.code, taken, 1))
    if ordinal is None or ordinal not in box.open:  # then one of the rules says why
        refusal = rules.why_not_at(box.shape, box.code, ordinal, written)
        if item.refuse("position", refusal) or ordinal is None:
            return False
    if (first := box.in_file.get(ordinal)) is not None:
        item.expect("position", TWO_PLACES, row=first)
        return False
    if ordinal not in box.open and item.refuse(
        "position", rules.why_not_place(box.shape, box.code, box.taken, ordinal)
    ):
        return False
    if _is_kept(item, new, box, ordinal) or _is_unfit(item, new, box, ordinal):
        return False
    box.in_file[ordinal], box.last = item.number, ordinal
    new.ordinal = ordinal
    return True


def _is_unfit(item: Item, new: New, box: Box, ordinal: int) -> bool:
    """Note that the box does not take such stock, or the position no tube of this size."""
    code = item.values.get("code", "")
    if box.size_classes not in ("", "{}"):
        expected = size_at(box.size_classes, ordinal)
        label = box.label(ordinal)
        if item.refuse("position", why_not_size(label, box.code, expected, code, new.size_class)):
            return True
    if not box.limits:
        return False
    kind = (new.lot.tier, new.sample_type or CRYOVIAL, new.project, new.apart)
    if kind not in box.judged:
        tier, sample_type, project, apart = kind
        stock = Stock(code, tier, sample_type, project, apart)
        box.judged[kind] = why_not_stock(box.limits, stock)
    refusal = box.judged[kind]
    if refusal is not None and "code" in refusal.facts:
        facts = {**refusal.facts, "code": code}
        refusal = Refusal(refusal.code, refusal.because, facts)
    return item.refuse("box", refusal)


def _is_kept(item: Item, new: New, box: Box, ordinal: int) -> bool:
    if not box.kept:
        return False
    keeper = keeper_of(box.kept, ordinal, {new.project_id})
    return item.refuse("position", why_not_kept(box.shape.label(ordinal), box.code, keeper))
