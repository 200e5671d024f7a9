"""Container types: built-in ones are kept here once they are used; an organisation adds its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.words import N_
from server.storage import container_types, rules
from server.storage.container_types import BUILT_IN, Template
from server.storage.models import ContainerType
from server.storage.positions import BoxShape
from server.storage.rules.reshape import why_not_heights
from server.storage.service.sites import save_new
from server.storage.sizes import as_json


@dataclass(frozen=True)
class TypeFacts:
    """All that a form says of a type."""

    name: str
    kind: str
    word: str
    shape: BoxShape
    heights_mm: Sequence[float] = ()
    size_class: str = ""
    size_classes: Mapping[str, str] = field(default_factory=dict)
    mobile: bool = False


def add_type(
    session: Session, actor: Actor, org_id: int, code: str, facts: TypeFacts, *, at: datetime
) -> ContainerType:
    """Add a type of the organisation's own; refuses the code of a built-in one, and one that is taken."""
    if code in BUILT_IN:
        because = N_("%(code)s comes with the product; give yours another code.")
        raise Conflict(Refusal("built_in", because, {"code": code}), field="code")
    _check(facts)
    made = ContainerType(org_id=org_id, code=code, created_at=at, **_columns(facts))
    save_new(session, made, code)
    _record(session, actor, "container_type.added", made, at, **_told(made))
    return made


def edit_type(
    session: Session, actor: Actor, found: ContainerType, facts: TypeFacts, *, at: datetime
) -> ContainerType:
    """Change a type; what was made from it stays as it is. Refuses another kind, and a built-in one."""
    refuse_built_in_type(found)
    if facts.kind != found.kind:
        because = N_("%(code)s is a %(found)s; a type of another kind is a new type.")
        raise Conflict(Refusal("other_kind", because, {"code": found.code, "found": found.kind}))
    _check(facts)
    before = _told(found)
    for name, value in _columns(facts).items():
        setattr(found, name, value)
    session.flush()
    now = _told(found)
    changed = {name: [before[name], now[name]] for name in now if before[name] != now[name]}
    if changed:
        _record(session, actor, "container_type.changed", found, at, changed=changed)
    return found


def retire_type(session: Session, actor: Actor, found: ContainerType, *, at: datetime) -> None:
    """Offer a type no longer; containers of it stay."""
    refuse_built_in_type(found)
    if found.retired_at is None:
        found.retired_at = at
        _record(session, actor, "container_type.retired", found, at)


def bring_back_type(session: Session, actor: Actor, found: ContainerType, *, at: datetime) -> None:
    """Offer a retired type again."""
    refuse_built_in_type(found)
    if found.retired_at is not None:
        found.retired_at = None
        _record(session, actor, "container_type.brought_back", found, at)


def kept(session: Session, found: ContainerType | Template, *, at: datetime) -> ContainerType:
    """Return the type as a row: a built-in one is written here at its first use."""
    if isinstance(found, ContainerType):
        return found
    wanted = select(ContainerType).where(
        ContainerType.org_id.is_(None), ContainerType.code == found.code
    )
    row = session.scalars(wanted).first()
    if row is not None:
        return row
    try:
        with session.begin_nested():
            made = ContainerType(org_id=None, code=found.code, created_at=at, **_columns(found))
            session.add(made)
            session.flush()
    except IntegrityError:  # another writer used it first, a moment ago
        return session.scalars(wanted).one()
    return made


def _check(facts: TypeFacts) -> None:
    if refusal := rules.why_not_shape(facts.shape):
        raise Invalid(refusal, field="rows")
    rows = facts.shape.rows * facts.shape.layers
    if refusal := why_not_heights(rows, list(facts.heights_mm)):
        raise Invalid(refusal, field="heights")
    if facts.kind not in container_types.KIND_WORDS:
        because = N_("“%(found)s” is no kind of container: freezer, rack or box is expected.")
        raise Invalid(Refusal("bad_kind", because, {"found": facts.kind}), field="kind")


def shape_columns(shape: BoxShape) -> dict[str, Any]:
    """Return a shape as it stands in the columns of a container or type."""
    return {
        "rows": shape.rows,
        "columns": shape.columns,
        "layers": shape.layers,
        "labels": shape.labels,
        "label_first": shape.label_first,
        "fill": shape.fill,
        "managed": shape.managed,
        "blocked": as_json(sorted(shape.blocked)),
        "absent": as_json(sorted(shape.absent)),
    }


def _columns(facts: TypeFacts | Template) -> dict[str, Any]:
    return {
        "name": facts.name,
        "kind": facts.kind,
        "word": facts.word,
        "heights_mm": as_json(list(facts.heights_mm)),
        "size_class": facts.size_class,
        "size_classes": as_json(dict(facts.size_classes)),
        "mobile": facts.mobile,
        **shape_columns(facts.shape),
    }


def _told(found: ContainerType) -> dict[str, Any]:
    names = (
        *("name", "word", "rows", "columns", "layers", "labels", "label_first", "fill", "managed"),
        *("blocked", "absent", "size_classes", "size_class", "heights_mm", "mobile"),
    )
    return {name: getattr(found, name) for name in names}


def refuse_built_in_type(found: ContainerType | Template) -> ContainerType:
    """Return an organisation's own type; refuses one that comes with the product."""
    if isinstance(found, ContainerType) and found.org_id is not None:
        return found
    because = N_("%(code)s comes with the product and stays as it is. Make a type of your own.")
    raise Conflict(Refusal("built_in", because, {"code": found.code}))


def _record(
    session: Session,
    actor: Actor,
    action: str,
    found: ContainerType,
    at: datetime,
    **facts: Any,  # noqa: ANN401  whatever the record is told
) -> None:
    audit.record(
        session, actor, action, "container_type", found.code, at=at, org_id=found.org_id, **facts
    )
