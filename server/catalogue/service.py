"""The verbs of the catalogue: lines and lots are entered, changed, released and rejected."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.accounts import service as accounts
from server.accounts.login import Proof
from server.accounts.models import Signature
from server.accounts.rules import why_not_sign_unseen
from server.audit import service as audit
from server.catalogue import rules
from server.catalogue.models import CellLine, CellLineName, Lot
from server.core.actor import Actor
from server.core.errors import Conflict, Invalid, Refusal
from server.core.words import N_

DECISION_MEANINGS = {
    "released": N_("I release this lot: its tests are complete and it is fit for its tier."),
    "rejected": N_("I reject this lot: no vial of it may be used."),
    "recalled": N_("I recall this lot: every vial of it that has left is asked back."),
    "quarantined": N_("I put this lot back into quarantine until it is clear what it is."),
}


@dataclass(frozen=True)
class LineFacts:
    """What can be said of a line."""

    code: str
    name: str
    accession: str = ""
    species: str = ""
    category: str = ""
    tissue: str = ""
    disease: str = ""
    biosafety_level: int = 1
    description: str = ""
    listed: bool = False
    passage_ceiling: int | None = None
    pdl_ceiling: float | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class LotFacts:
    """What can be said of a lot; its disposition is decided, not typed."""

    code: str
    tier: str
    reserve_floor: int = 0
    passage: int | None = None
    pdl: float | None = None
    frozen_on: date | None = None
    cells_per_vial: float | None = None
    viability_pct: float | None = None


def add_line(
    session: Session, actor: Actor, org_id: int, facts: LineFacts, *, at: datetime
) -> CellLine:
    """Enter a line into the catalogue of an organisation; a code is given only once."""
    _check_line(session, org_id, facts, None)
    line = CellLine(org_id=org_id, created_at=at, **_columns(facts))
    line.names = [CellLineName(name=name) for name in facts.names]
    session.add(line)
    audit.record(
        session, actor, "line.added", "line", line.code, at=at, org_id=org_id, **asdict(facts)
    )
    return line


def edit_line(
    session: Session, actor: Actor, line: CellLine, facts: LineFacts, *, at: datetime
) -> CellLine:
    """Change what is said of a line; what was said before stays in the record."""
    _check_line(session, line.org_id, facts, line.id)
    before = asdict(facts_of_line(line))
    for name, value in _columns(facts).items():
        setattr(line, name, value)
    _rename(session, line, facts.names)
    changed = {
        name: [before[name], value]
        for name, value in asdict(facts).items()
        if before[name] != value
    }
    audit.record(
        session,
        actor,
        "line.changed",
        "line",
        line.code,
        at=at,
        org_id=line.org_id,
        changed=changed,
    )
    return line


def facts_of_line(line: CellLine) -> LineFacts:
    """Return what is said of a line now."""
    plain = {
        name: getattr(line, name) for name in LineFacts.__dataclass_fields__ if name != "names"
    }
    return LineFacts(**plain, names=tuple(name.name for name in line.names))


def _columns(facts: LineFacts) -> dict[str, object]:
    return {name: value for name, value in asdict(facts).items() if name != "names"}


def _rename(session: Session, line: CellLine, names: tuple[str, ...]) -> None:
    for gone in [name for name in line.names if name.name not in names]:
        line.names.remove(gone)
        session.delete(gone)
    known = {name.name for name in line.names}
    line.names.extend(CellLineName(name=name) for name in names if name not in known)


def _check_line(session: Session, org_id: int, facts: LineFacts, own_id: int | None) -> None:
    _refuse("code", rules.why_not_code(facts.code))
    _refuse("accession", rules.why_not_accession(facts.accession))
    _refuse("names", rules.why_not_names(facts.names))
    if facts.biosafety_level not in rules.BIOSAFETY_LEVELS:
        because = N_("“%(found)s” is not a biosafety level; 1, 2 or 3 is expected.")
        _refuse("biosafety_level", Refusal("bad_level", because, {"found": facts.biosafety_level}))
    taken = select(CellLine.id).where(
        CellLine.org_id == org_id, CellLine.code == facts.code, CellLine.id != (own_id or 0)
    )
    if session.scalar(taken):
        because = N_("There is already a cell line with the code %(code)s.")
        raise Conflict(Refusal("code_taken", because, {"code": facts.code}), field="code")


def add_lot(
    session: Session, actor: Actor, line: CellLine, facts: LotFacts, *, at: datetime
) -> Lot:
    """Enter a lot of a line, not beyond its ceilings (BR-13); it begins in quarantine."""
    _check_lot(session, line.org_id, facts, None, at.date())
    _refuse_ceiling(line, facts)
    lot = Lot(org_id=line.org_id, line_id=line.id, created_at=at, **asdict(facts))
    session.add(lot)
    told = _told(facts)
    audit.record(
        session,
        actor,
        "lot.added",
        "lot",
        lot.code,
        at=at,
        org_id=lot.org_id,
        stated_at=None,
        line=line.code,
        **told,
    )
    return lot


def edit_lot(session: Session, actor: Actor, lot: Lot, facts: LotFacts, *, at: datetime) -> Lot:
    """Change what is said of a lot; what was said before stays in the record, what was signed becomes void.

    A released lot is not changed: quality puts it back into quarantine first. Tier, passage and
    doublings are asked against the line's ceilings, and by those above who know what came out of what.
    """
    _check_lot(session, lot.org_id, facts, lot.id, at.date())
    before = _told(facts_of_lot(lot))
    changed = {
        name: [before[name], value] for name, value in _told(facts).items() if before[name] != value
    }
    if changed and (refusal := rules.why_not_change(lot.code, lot.disposition)):
        raise Conflict(refusal)
    _refuse_further(session, lot, facts, changed)
    for name, value in asdict(facts).items():
        setattr(lot, name, value)
    audit.record(
        session, actor, "lot.changed", "lot", lot.code, at=at, org_id=lot.org_id, changed=changed
    )
    if changed:  # what was signed was another content
        because = N_("the lot was changed")
        accounts.void(session, actor, kind="lot", row_id=lot.id, because=because, at=at)
    return lot


def _refuse_further(
    session: Session, lot: Lot, facts: LotFacts, changed: Mapping[str, object]
) -> None:
    if {"passage", "pdl"} & set(changed):
        _refuse_ceiling(lot.line, facts)
    if not {"tier", "passage", "pdl"} & set(changed):
        return
    for quarrel in _QUARRELS:
        if refusal := quarrel(session, lot, facts):
            raise Conflict(refusal)


def _refuse_ceiling(line: CellLine, facts: LotFacts) -> None:
    refusal = rules.why_not_ceiling(
        facts.code, facts.passage, facts.pdl, line.passage_ceiling, line.pdl_ceiling
    )
    _refuse("pdl" if refusal and refusal.code == "pdl_ceiling" else "passage", refusal)


Quarrel = Callable[[Session, Lot, LotFacts], Refusal | None]
_QUARRELS: list[Quarrel] = []


def ask_before_change(quarrel: Quarrel) -> None:
    """Let a floor above say why a lot's tier, passage or doublings cannot become these."""
    _QUARRELS.append(quarrel)


def facts_of_lot(lot: Lot) -> LotFacts:
    """Return what is said of a lot now."""
    return LotFacts(**{name: getattr(lot, name) for name in LotFacts.__dataclass_fields__})


def decide_lot(
    session: Session,
    actor: Actor,
    lot: Lot,
    disposition: str,
    reason: str,
    proof: Proof,
    *,
    version: int | None = None,
    at: datetime,
) -> Signature:
    """Release, reject, recall or quarantine a lot, signed; returns the signature.

    `version` is the one that the signer saw; refused where the lot has been changed since.
    """
    session.flush()  # a refresh drops what has not been written yet
    session.refresh(lot, with_for_update={"of": Lot})
    if refusal := why_not_sign_unseen(version, lot.version):
        raise Conflict(refusal)
    if refusal := rules.why_not_decide(lot.code, lot.disposition, disposition):
        raise Conflict(refusal, field="disposition")
    before, lot.disposition = lot.disposition, disposition
    session.flush()  # the signature is bound to the version that this change makes
    signature = accounts.sign(
        session,
        actor,
        proof,
        DECISION_MEANINGS[disposition],
        kind="lot",
        row_id=lot.id,
        code=lot.code,
        version=lot.version,
        content={
            "lot": lot.code,
            "disposition": disposition,
            "reason": reason,
            **_told(facts_of_lot(lot)),
        },
        at=at,
    )
    told = {"before": before, "now": disposition, "reason": reason, "signature": signature.id}
    org_id = lot.org_id
    audit.record(
        session, actor, "lot.decided", "lot", lot.code, at=at, org_id=org_id, stated_at=None, **told
    )
    return signature


def _check_lot(
    session: Session, org_id: int, facts: LotFacts, own_id: int | None, today: date
) -> None:
    _refuse("code", rules.why_not_code(facts.code))
    _refuse("tier", rules.why_not_tier(facts.tier))
    _refuse("frozen_on", rules.why_not_frozen_on(facts.frozen_on, today))
    taken = select(Lot.id).where(
        Lot.org_id == org_id, Lot.code == facts.code, Lot.id != (own_id or 0)
    )
    if session.scalar(taken):
        because = N_("There is already a lot with the code %(code)s.")
        raise Conflict(Refusal("code_taken", because, {"code": facts.code}), field="code")


def _told(facts: LotFacts) -> dict[str, object]:
    plain: dict[str, object] = asdict(facts)
    return plain | {"frozen_on": facts.frozen_on.isoformat() if facts.frozen_on else None}


def _refuse(field: str, refusal: Refusal | None) -> None:
    if refusal:
        raise Invalid(refusal, field=field)
