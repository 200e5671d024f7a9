"""New vials with their places, volumes, other codes and fields: rows of each table, ready to be put."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from server.audit.models import AuditEntry
from server.core import bulk
from server.core.actor import Actor
from server.exchange.sheets import fields
from server.exchange.sheets.base import Desk, Item
from server.exchange.sheets.vials.knowing import New
from server.search import service as search
from server.search.rules import words_of
from server.storage.models import TAIL, Custody, Vial, VialAlias, VolumeEntry

VIAL: Any = Vial.__table__
CUSTODY: Any = Custody.__table__
AUDIT: Any = AuditEntry.__table__
VOLUME: Any = VolumeEntry.__table__
ALIAS: Any = VialAlias.__table__
VIAL_COLUMNS = (
    "id", "org_id", "code", "tail", "lot_id", "state", "volume_ul", "sample_type_id", "project_id",
    "thaws", "comment", "created_at", "version", "verified_at",
)  # fmt: skip
STAY_COLUMNS = (
    "vial_id", "place", "container_id", "ordinal", "began_at", "began_recorded_at", "began_by",
    "began_by_name", "reason",
)  # fmt: skip
AUDIT_COLUMNS = (
    "at", "actor_kind", "actor_id", "actor_name", "door", "request_id", "action", "subject_kind",
    "subject_code", "org_id", "facts",
)  # fmt: skip
VOLUME_COLUMNS = (
    "vial_id", "change_ul", "after_ul", "reason", "about", "happened_at", "recorded_at", "by_name",
)  # fmt: skip
ALIAS_COLUMNS = ("vial_id", "code", "kind", "at", "by_name")
PLACES = {"in_storage": "position", "checked_out": "bench", "missing": "unknown"}


def packed(
    session: Session, desk: Desk, ids: Sequence[int], items: Sequence[Item],
    own: Sequence[fields.Own], at: datetime,
) -> list[bulk.Packed]:  # fmt: skip
    """Return the rows of new vials for `bulk.put`: each with its stay, its volume, other codes and record."""
    now, actor = bulk.moment(session, at), desk.actor
    pairs = list(zip(ids, items, strict=True))
    stays = [stay for one, item in pairs if (stay := _stay(one, item.found, actor, desk, now))]
    told = [(item.values["code"], _facts(item, desk)) for item in items]
    return [
        bulk.pack(session, VIAL, VIAL_COLUMNS, [_vial(one, item, now) for one, item in pairs]),
        bulk.pack(session, CUSTODY, STAY_COLUMNS, stays),
        bulk.pack(session, AUDIT, AUDIT_COLUMNS, _entries(desk, "vial.imported", told, now)),
        *_more(session, desk, pairs, own, now),
    ]


def trace(
    session: Session, desk: Desk, action: str, told: Sequence[tuple[str, str]], at: datetime
) -> None:
    """Write an audit row for each (code of a vial, facts as JSON)."""
    entries = _entries(desk, action, told, bulk.moment(session, at))
    bulk.insert_many(session, AUDIT, AUDIT_COLUMNS, entries)


def _entries(
    desk: Desk, action: str, told: Sequence[tuple[str, str]], now: object
) -> list[tuple[Any, ...]]:
    who = desk.actor
    start = (now, who.kind, who.id, who.name, who.door, who.request_id, action, "vial")
    return [(*start, code, desk.org_id, facts) for code, facts in told]


def _vial(vial_id: int, item: Item, now: object) -> tuple[Any, ...]:
    new: New = item.found
    get, code = item.values.get, item.values["code"]
    return (
        vial_id, new.lot.org_id, code, code[-TAIL:], new.lot.id, new.state, get("volume_ul"),
        new.sample_type_id, new.project_id, get("thaws", 0), get("comment", ""), now, 1,
        now if get("verified") else None,
    )  # fmt: skip


def _stay(vial_id: int, new: New, actor: Actor, desk: Desk, now: object) -> tuple[Any, ...] | None:
    place = PLACES.get(new.state)
    if place is None:
        return None
    box_id = new.box.id if new.box else None
    by = actor.id if actor.kind == "person" else None
    return (vial_id, place, box_id, new.ordinal, now, now, by, actor.name, desk.import_code)


def _facts(item: Item, desk: Desk) -> str:
    """Return what the record is told; codes and labels hold nothing that JSON would have to escape."""
    new: New = item.found
    told = f'"import":"{desk.import_code}","lot":"{new.lot.code}","row":{item.number}'
    if (volume := item.values.get("volume_ul")) is not None:
        told += f',"volume_ul":{volume}'
    if new.box is None or new.ordinal is None:
        return f"{{{told}}}"
    return f'{{"box":"{new.box.code}","position":"{new.box.label(new.ordinal)}",{told}}}'


def _more(
    session: Session, desk: Desk, pairs: Sequence[tuple[int, Item]], own: Sequence[fields.Own],
    now: object,
) -> list[bulk.Packed]:  # fmt: skip
    """Return what only some vials have: volumes, other codes, fields; and the words by which these find them."""
    by = desk.actor.name
    volumes = [
        (one, volume, volume, "filled", desk.import_code, now, now, by)
        for one, item in pairs
        if (volume := item.values.get("volume_ul")) is not None
    ]
    aliases = [
        (one, alias, "external", now, by)
        for one, item in pairs
        for alias in item.values.get("aliases", ())
    ]
    values, texts = fields.rows_of(own, ((one, item.values) for one, item in pairs))
    return [
        bulk.pack(session, VOLUME, VOLUME_COLUMNS, volumes),
        bulk.pack(session, ALIAS, ALIAS_COLUMNS, aliases),
        bulk.pack(session, fields.VALUE, fields.COLUMNS, values),
        search.pack_new(session, "vial", _worded(desk, pairs, texts)),
    ]


def _worded(
    desk: Desk, pairs: Sequence[tuple[int, Item]], kept: Mapping[int, list[str]]
) -> Iterator[search.Entry]:
    """Yield the vials that have text of their own: comments, other codes and fields, as `searched` has it."""
    for one, item in pairs:
        texts = [*item.values.get("aliases", ()), *kept.get(one, ())]
        if comment := item.values.get("comment"):
            texts.insert(0, comment)
        if texts:
            yield search.Entry(one, desk.org_id, words_of(*texts))
