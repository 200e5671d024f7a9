"""The verbs of genealogy: derive, supersede; lay and lift holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.audit import service as audit
from server.core.actor import Actor
from server.core.errors import Conflict, Forbidden, Invalid, Refusal
from server.core.many import insert_many
from server.core.words import N_
from server.genealogy import queries, rules
from server.genealogy.models import Edge, Hold
from server.genealogy.rules import Ref

LIFT = "holds.lift"


@dataclass(frozen=True)
class Source:
    """Where a hold came from: another hold, an episode, a result; nothing where a person laid it."""

    kind: str = ""
    id: int | None = None


BY_PERSON = Source()


def derive(
    session: Session,
    actor: Actor,
    parents: Sequence[Ref],
    child: Ref,
    relation: str,
    volume_ul: int | None = None,
    *,
    org_id: int,
    at: datetime,
    happened_at: datetime | None = None,
) -> list[Edge]:
    """Record that the child came out of these parents; refused where that makes a circle."""
    edges = []
    for parent in parents:
        _refuse(rules.why_not_edge(parent, child, relation, volume_ul))
        above = {kin.ref.key for kin in queries.ancestors(session, parent)}
        _refuse(rules.why_not_circle(parent, child, above))
        _refuse(_twice(session, parent, child, relation))
        edge = Edge(
            org_id=org_id, parent_kind=parent.kind, parent_id=parent.id, parent_code=parent.code,
            child_kind=child.kind, child_id=child.id, child_code=child.code, relation=relation,
            volume_ul=volume_ul, happened_at=happened_at or at, recorded_at=at, by_name=actor.name,
        )  # fmt: skip
        session.add(edge)
        edges.append(edge)
    session.flush()  # the next thing that is derived walks these edges
    codes = [parent.code for parent in parents]
    audit.record(
        session, actor, "edge.derived", child.kind, child.code, at=at, org_id=org_id,
        stated_at=happened_at if happened_at != at else None,
        parents=codes, relation=relation, volume_ul=volume_ul,
    )  # fmt: skip
    return edges


def _twice(session: Session, parent: Ref, child: Ref, relation: str) -> Refusal | None:
    same = select(Edge.id).where(
        Edge.superseded_at.is_(None),
        queries.either(Edge.parent_kind, Edge.parent_id, [parent.key]),
        queries.either(Edge.child_kind, Edge.child_id, [child.key]),
        Edge.relation == relation,
    )
    if session.scalar(same) is None:
        return None
    because = N_("It is recorded already that %(child)s comes out of %(parent)s.")
    return Refusal("edge_twice", because, {"parent": parent.code, "child": child.code})


def supersede_edge(
    session: Session, actor: Actor, edge: Edge, because: str, *, at: datetime
) -> None:
    """Say that an edge was wrong; it stays in the record, with the reason, and counts no more."""
    if not because.strip():
        raise Invalid(Refusal("no_reason", N_("Say why the lineage was wrong.")), field="reason")
    _refuse(rules.why_not_note(because))
    if edge.superseded_at is not None:
        text = N_("This line of the lineage has been taken back already.")
        raise Conflict(Refusal("superseded", text))
    edge.superseded_at, edge.superseded_because = at, because.strip()
    audit.record(
        session, actor, "edge.superseded", edge.child_kind, edge.child_code, at=at,
        org_id=edge.org_id, parent=edge.parent_code, relation=edge.relation, because=because.strip(),
    )  # fmt: skip


def lay(
    session: Session,
    actor: Actor,
    target: Ref,
    org_id: int,
    cause: str,
    note: str = "",
    *,
    severity: str = "hold",
    lifted_by_permission: str = LIFT,
    source: Source = BY_PERSON,
    at: datetime,
) -> Hold:
    """Lay a hold on a thing, on top of those that stand already (BR-25)."""
    if refusal := rules.why_not_lay(cause, severity, note):
        raise Invalid(refusal, field="note" if refusal.code != "bad_cause" else "cause")
    hold = Hold(
        org_id=org_id, kind=target.kind, target_id=target.id, target_code=target.code, cause=cause,
        note=note.strip(), severity=severity, lifted_by_permission=lifted_by_permission,
        source_kind=source.kind, source_id=source.id, opened_at=at, opened_by_name=actor.name,
    )  # fmt: skip
    session.add(hold)
    session.flush()  # the entry names the hold by its number
    audit.record(
        session, actor, "hold.laid", target.kind, target.code, at=at, org_id=org_id, hold=hold.id,
        cause=cause, note=hold.note, severity=severity, source=source.kind, source_id=source.id,
    )  # fmt: skip
    return hold


def lay_many(
    session: Session,
    actor: Actor,
    targets: Sequence[Ref],
    org_id: int,
    cause: str,
    note: str = "",
    *,
    severity: str = "hold",
    source: Source = BY_PERSON,
    at: datetime,
) -> None:
    """Lay the same hold on many things, in a few statements; the record of each names its cause and source."""
    if refusal := rules.why_not_lay(cause, severity, note):
        raise Invalid(refusal, field="note" if refusal.code != "bad_cause" else "cause")
    same = {
        "org_id": org_id, "cause": cause, "note": note.strip(), "severity": severity,
        "lifted_by_permission": LIFT, "source_kind": source.kind, "source_id": source.id,
        "opened_at": at, "opened_by_name": actor.name, "lifted_by_name": "", "lifted_because": "",
        "version": 1,
    }  # fmt: skip
    each: dict[str, Sequence[Any]] = {
        "kind": [one.kind for one in targets],
        "target_id": [one.id for one in targets],
        "target_code": [one.code for one in targets],
    }
    insert_many(session, Hold, same, each)
    told = {
        "cause": cause, "note": note.strip(), "severity": severity, "source": source.kind,
        "source_id": source.id,
    }  # fmt: skip
    for kind in sorted({one.kind for one in targets}):
        codes = [one.code for one in targets if one.kind == kind]
        audit.record_many(
            session, actor, "hold.laid", kind, dict.fromkeys(codes, told), at=at, org_id=org_id
        )


def lift(session: Session, actor: Actor, hold: Hold, because: str, *, at: datetime) -> None:
    """Lift one hold, with the reason; refused to those who lack its permission. Others may still stand."""
    if not actor.may(hold.lifted_by_permission, hold.org_id):
        text = N_("You may not lift this hold on %(thing)s; quality or the bank's manager may.")
        raise Forbidden(Refusal("not_yours_to_lift", text, {"thing": hold.target_code}))
    session.refresh(hold, with_for_update=True)
    refusal = rules.why_not_lift(hold.target_code, because, lifted=hold.lifted_at is not None)
    if refusal:
        raise (Conflict if refusal.code == "lifted" else Invalid)(refusal, field="reason")
    hold.lifted_at, hold.lifted_by_name, hold.lifted_because = at, actor.name, because.strip()
    audit.record(
        session, actor, "hold.lifted", hold.kind, hold.target_code, at=at, org_id=hold.org_id,
        hold=hold.id, cause=hold.cause, because=because.strip(),
    )  # fmt: skip


def _refuse(refusal: Refusal | None) -> None:
    if refusal:
        raise Conflict(refusal)
