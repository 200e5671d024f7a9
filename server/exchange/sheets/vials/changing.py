"""Vials that are in the record already: rows with an id and a version change them through their verbs."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from server.core.errors import Conflict, CryokeepError, Refusal
from server.core.words import N_
from server.exchange.models import ImportEffect
from server.exchange.rules import Problem
from server.exchange.sheets import fields
from server.exchange.sheets.base import Desk, Effect, Item, note, shown
from server.exchange.sheets.vials import lineage
from server.exchange.sheets.vials.knowing import alike
from server.parties.models import Project
from server.storage import queries
from server.storage import service as storage
from server.storage.models import Container, Custody, SampleType, Vial, VialAlias
from server.storage.queries.fields import definitions
from server.storage.service.describing import describe_vial, touch_vial
from server.storage.service.fields import set_fields
from server.storage.service.unplacing import unplace

NOT_THERE = N_("the id of a vial of this organisation")
NO_VERSION = N_("the version that the export gave, so that nobody's change is overwritten")
STALE = N_("version %(now)s: somebody else has changed %(code)s since the export; export it again")
NOT_SO = N_("%(now)s, as it is in the record: this is not changed by a file")
NOT_BACK = N_(
    "%(vial)s was on its way or with a recipient before; it is not sent there again by a file."
)
NOTHING_SAID: dict[str, Any] = {}


class _Noted(Exception):
    """What is wrong stands with the row already; nothing of it is kept."""


def apply(session: Session, desk: Desk, items: Sequence[Item], at: datetime) -> list[Effect]:
    """Change the vials of these items, each as a whole or not at all; notes what refuses one."""
    effects: list[Effect] = []
    vials = _vials(session, desk, [item.values["id"] for item in items])
    for item in items:
        vial = vials.get(item.values["id"])
        if item.problems or not _may_change(session, item, vial) or vial is None:
            continue
        try:
            with session.begin_nested():
                before = _change(session, desk, item, vial, at)
                session.flush()
        except _Noted:
            continue
        except CryokeepError as error:
            note(item, error)
        except StaleDataError:
            item.expect("version", STALE, now=vial.version, code=vial.code)
        else:
            if before:
                effects.append(
                    Effect(
                        item.number, item.place, "changed", vial.id, vial.code, vial.version, before
                    )
                )
    return effects


def take_back(
    session: Session,
    desk: Desk,
    items: Sequence[Item],
    effects: Sequence[ImportEffect],
    at: datetime,
) -> list[Item]:
    """Give changed vials what they had; returns the items of those that were changed since."""
    by_row = {(item.number, item.place): item for item in items}
    vials = _vials(session, desk, [effect.thing_id for effect in effects])
    stuck: list[Item] = []
    for effect in effects:
        item, vial = by_row[effect.number, effect.place], vials.get(effect.thing_id)
        if vial is None or vial.version != effect.version:
            item.expect("version", STALE, now=vial.version if vial else "–", code=effect.code)
            stuck.append(item)
            continue
        try:
            with session.begin_nested():
                _restore(session, desk, vial, json.loads(effect.before), at)
        except CryokeepError as error:
            note(item, error)
            stuck.append(item)
    return stuck


def _vials(session: Session, desk: Desk, ids: Sequence[int]) -> dict[int, Vial]:
    if not ids:
        return {}
    wanted = select(Vial).where(Vial.id.in_(ids), Vial.org_id == desk.org_id)
    return {vial.id: vial for vial in session.scalars(wanted)}


def _may_change(session: Session, item: Item, vial: Vial | None) -> bool:
    """Note why the row is not of this vial as it stands now; says whether there is no such reason."""
    values = item.values
    if vial is None:
        item.expect("id", NOT_THERE)
        return False
    if "version" not in values:
        item.expect("version", NO_VERSION)
    elif values["version"] != vial.version:
        item.expect("version", STALE, now=vial.version, code=vial.code)
    aliases = select(VialAlias.code).where(VialAlias.vial_id == vial.id).order_by(VialAlias.id)
    now: dict[str, Any] = {
        "code": vial.code, "lot": vial.lot.code, "state": vial.state, "volume_ul": vial.volume_ul,
        "thaws": vial.thaws, "verified": vial.verified_at is not None,
    }  # fmt: skip
    if "aliases" in values:
        now["aliases"] = tuple(session.scalars(aliases))
    if "parents" in values or "relation" in values:
        now |= lineage.parents_of(session, [vial.id]).get(vial.id, {"parents": (), "relation": ""})
    for column, kept in now.items():
        if column in values and not _is(column, values[column], kept):
            found, facts = shown(values[column]), {"now": shown(kept)}
            item.problems.append(Problem(column, found[:200], NOT_SO, facts))
    return not item.problems


def _is(column: str, said: object, kept: object) -> bool:
    """Say whether a cell says what is kept; of the code, capitals make no other tube."""
    return said == kept or (column == "code" and alike(str(said)) == alike(str(kept)))


def _change(session: Session, desk: Desk, item: Item, vial: Vial, at: datetime) -> dict[str, Any]:
    values, before = item.values, dict(NOTHING_SAID)
    mapped = {column.name for column in desk.columns}
    said = [vial.comment, vial.project_id, vial.sample_type_id]
    wanted: list[Any] = [
        values.get("comment", "") if "comment" in mapped else vial.comment,
        _named(session, Project, desk, item, "project") if "project" in mapped else vial.project,
        _named(session, SampleType, desk, item, "sample_type") if "sample_type" in mapped else vial.sample_type,
    ]  # fmt: skip
    if describe_vial(
        session,
        desk.actor,
        vial,
        comment=wanted[0],
        project=wanted[1],
        sample_type=wanted[2],
        at=at,
    ):
        before["said"] = said
    if place := _move(session, desk, item, vial, at):
        before["place"] = place
    if changed := _fields(session, desk, item, vial, mapped, at):
        before["fields"] = changed
    return before


def _named(session: Session, model: Any, desk: Desk, item: Item, column: str) -> Any:  # noqa: ANN401  a row of the model
    code = item.values.get(column)
    if code is None:
        return None
    mine = or_(model.org_id == desk.org_id, model.org_id.is_(None))
    found = session.scalar(select(model).where(mine, model.code == code))
    if found is None:
        because = N_("There is no such code: %(found)s.")
        raise Conflict(Refusal("no_such_code", because, {"found": code}), field=column)
    return found


def _move(session: Session, desk: Desk, item: Item, vial: Vial, at: datetime) -> dict[str, Any]:
    """Bring the vial to the place that its row names, and return where it was; empty where it is there."""
    if "box" not in item.values:
        return {}
    box = queries.container(session, desk.actor, "storage.import", item.values["box"], "box")
    stay = queries.live_custody(session, vial)
    here = stay is not None and stay.place == "position" and stay.container_id == box.id
    written = item.values.get("position", "")
    if here and not written:
        return {}
    ordinal = storage.position_in(session, box, written)
    if here and stay is not None and stay.ordinal == ordinal:
        return {}
    before = _former(vial, stay)
    storage.bring_vial(session, desk.actor, vial, box, ordinal, at=at)
    return before


def _former(vial: Vial, stay: Custody | None) -> dict[str, Any]:
    """Return where a vial is, so that it can be brought there again."""
    if stay is None:
        return {"place": "none", "state": vial.state}
    return {"place": stay.place, "box": stay.container_id, "ordinal": stay.ordinal}


def _bring_back(
    session: Session, desk: Desk, vial: Vial, former: dict[str, Any] | list[int], at: datetime
) -> None:
    """Undo a placing: into the former position, or out of any; refused where it came from elsewhere."""
    if isinstance(former, list):  # as it was written before the other places were kept
        former = {"place": "position", "box": former[0], "ordinal": former[1]}
    place = former["place"]
    if place == "position":
        box = session.get_one(Container, former["box"])
        storage.bring_vial(session, desk.actor, vial, box, former["ordinal"], at=at)
    elif place == "none":
        unplace(session, desk.actor, vial, former["state"], at=at)
    elif place == "unknown":
        storage.miss_vial(session, desk.actor, vial, reason="import taken back", at=at)
    elif place == "bench":
        storage.take_out(session, desk.actor, vial, reason="import taken back", at=at)
    else:
        raise Conflict(Refusal("not_back", NOT_BACK, {"vial": vial.code}))


def _fields(
    session: Session, desk: Desk, item: Item, vial: Vial, mapped: set[str], at: datetime
) -> dict[str, Any]:
    """Set the fields that the file has, by the verb of the pages; returns what stood there before."""
    defined = definitions(session, desk.org_id, "vial")
    kept = fields.of_things(session, defined, [vial.id]).get(vial.id, {})
    fields.check(item, fields.own(defined), vial.sample_type_id)
    if item.problems:
        raise _Noted
    wanted = {
        name: item.values.get(name)
        for one in defined
        if (name := fields.PREFIX + one.code) in mapped
    }
    differs = {
        name: value
        for name, value in wanted.items()
        if (fields.written(value)[0] if value is not None else None) != kept.get(name)
    }
    if not differs:
        return {}
    before = fields.kept(session, defined, vial.id, differs)
    said = {
        name.removeprefix(fields.PREFIX): "" if value is None else fields.written(value)[0]
        for name, value in differs.items()
    }
    set_fields(session, desk.actor, vial, said, at=at)
    return before


def _restore(
    session: Session, desk: Desk, vial: Vial, before: dict[str, Any], at: datetime
) -> None:
    if fields_before := before.get("fields"):
        defined = definitions(session, desk.org_id, "vial")
        fields.put(session, defined, vial.id, fields_before)
        touch_vial(
            session, desk.actor, vial, "vial.described", at=at, changed=sorted(fields_before)
        )
    if place := before.get("place"):
        _bring_back(session, desk, vial, place, at)
    if said := before.get("said"):
        project = session.get(Project, said[1]) if said[1] else None
        kind = session.get(SampleType, said[2]) if said[2] else None
        describe_vial(
            session, desk.actor, vial, comment=said[0], project=project, sample_type=kind, at=at
        )
    session.flush()
