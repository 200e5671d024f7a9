"""What is scanned leads to one thing: codes that differ in capitals alone are one, of tubes and of boxes."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from server.core import bulk
from server.core.errors import Conflict, Refusal
from server.core.words import N_
from server.storage.models import Container, Vial, VialAlias

AT_ONCE = 300
TAKEN = N_("The code %(code)s is taken already; every code is given once.")
OF_A_TUBE = N_(
    "%(code)s is the code of a tube; scanned, it would lead to that. Choose another one."
)
OF_ANOTHER = {
    "freezer": N_("%(code)s is what the freezer %(other)s is scanned by; choose another code."),
    "rack": N_("%(code)s is what the rack %(other)s is scanned by; choose another code."),
    "box": N_("%(code)s is what the box %(other)s is scanned by; choose another code."),
}
IN_CAPITALS = N_(
    "%(code)s and %(other)s differ in capital letters alone, so one would be taken for the other."
)


def spelt(codes: Iterable[str]) -> set[str]:
    """Return these codes as they were typed, in capitals and in small letters."""
    return {each for code in codes for each in (code, code.upper(), code.lower())}


def refuse_alike(session: Session, codes: Collection[str]) -> None:
    """Refuse codes for new tubes that another tube bears in other letters; the very same is refused when stored."""
    asked = {one.upper(): one for one in codes}
    for some in _some(spelt(codes) - set(codes)):
        for table in (Vial, VialAlias):
            if (
                found := session.scalar(select(table.code).where(table.code.in_(some)))
            ) is not None:
                facts = {"code": asked.get(found.upper(), found), "other": found}
                raise Conflict(Refusal("code_taken", IN_CAPITALS, facts), field="code")


def refuse_of_container(session: Session, org_id: int, codes: Collection[str]) -> None:
    """Refuse codes for tubes by which a freezer, rack or box of this organisation is scanned."""
    asked = {one.upper(): one for one in codes}
    for some in _some(spelt(codes)):
        found = session.execute(_containers(org_id, some).limit(1)).first()
        if found is not None:
            raise Conflict(_of_another(found, asked), field="code")


def refuse_container(
    session: Session, org_id: int, codes: Collection[str], *, field: str = "code", own: int = 0
) -> None:
    """Refuse codes (or a barcode, as `field` says) of containers that lead to another one or to a tube.

    `own` is the container that bears them, where it is there already.
    """
    asked = {one.upper(): one for one in codes}
    for some in _some(spelt(codes)):
        found = session.execute(
            _containers(org_id, some).where(Container.id != own).limit(1)
        ).first()
        if found is not None:
            raise Conflict(_of_another(found, asked), field=field)
        for table in (Vial, VialAlias):
            if (tube := session.scalar(select(table.code).where(table.code.in_(some)))) is not None:
                facts = {"code": asked.get(tube.upper(), tube)}
                raise Conflict(Refusal("code_taken", OF_A_TUBE, facts), field=field)


def scanned_as(session: Session, org_id: int, codes: Collection[str]) -> dict[str, str]:
    """Return the codes of containers by those of these, in capitals, by which they are scanned, however many."""
    asked = spelt(codes)
    (by_code, many), (by_barcode, _) = (
        bulk.among(session, one, asked) for one in ("code", "barcode")
    )
    own = f"SELECT code AS scanned, code FROM container WHERE org_id = :org_id AND {by_code}"  # noqa: S608  a condition of ours
    stuck_on = (
        "SELECT barcode AS scanned, code FROM container"  # noqa: S608  a condition of ours
        f" WHERE org_id = :org_id AND retired_at IS NULL AND {by_barcode}"
    )
    found = session.execute(text(f"{own} UNION ALL {stuck_on}"), {"org_id": org_id, **many})
    return {row.scanned.upper(): row.code for row in found}


def _of_another(found: Any, asked: dict[str, str]) -> Refusal:  # noqa: ANN401  a row of _containers
    if found.code in asked.values():
        return Refusal("code_taken", TAKEN, {"code": found.code})
    code = asked.get(found.code.upper()) or asked.get(str(found.barcode).upper(), found.code)
    facts = {"code": code, "other": found.code}
    return Refusal("code_taken", OF_ANOTHER[found.kind], facts)


def _containers(org_id: int, codes: Collection[str]) -> Any:  # noqa: ANN401  a select
    """Return the query of what is scanned by one of these; a retired one keeps its code, not its barcode."""
    by_barcode = Container.barcode.in_(codes) & Container.retired_at.is_(None)
    wanted = select(Container.kind, Container.code, Container.barcode)
    return wanted.where(Container.org_id == org_id, Container.code.in_(codes) | by_barcode)


def _some(codes: Collection[str]) -> Iterator[list[str]]:
    found = sorted(codes)
    for start in range(0, len(found), AT_ONCE):
        yield found[start : start + AT_ONCE]
