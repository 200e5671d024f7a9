"""Vials and containers by their codes, many at once, all of them or a refusal."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from server.accounts.queries import visible
from server.catalogue.models import Lot
from server.core.actor import Actor
from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.storage.models import Container, Vial
from server.storage.queries.aliases import as_recorded, spellings

READ = "storage.read"
NOT_FOUND = N_(
    "Nothing here has the code %(found)s, so nothing was done. Codes not found: %(count)s."
)
CHUNK = 500


def vials_named(session: Session, actor: Actor, codes: Sequence[str]) -> list[Vial]:
    """Return these vials in this order, each once; refused where a code is no vial that may be seen.

    A code is also known in capitals, as a scanner with its capitals lock turned over would give it.
    """
    codes = as_recorded(session, codes)
    found: dict[str, Vial] = {}
    for start in range(0, len(codes), CHUNK):
        some = {one for code in codes[start : start + CHUNK] for one in spellings(code)}
        wanted = select(Vial).where(Vial.code.in_(some))
        wanted = wanted.options(joinedload(Vial.lot).joinedload(Lot.line))
        rows = session.scalars(visible(wanted, actor, READ, Vial.org_id))
        found |= {vial.code: vial for vial in rows}
    known = [code if code in found else code.upper() for code in codes]
    _refuse_missing(
        [own if own in found else code for own, code in zip(known, codes, strict=True)], found
    )
    return list({found[code].id: found[code] for code in known}.values())


def containers_named(session: Session, actor: Actor, codes: Sequence[str]) -> list[Container]:
    """Return these containers in this order; refused where one of the codes is none that may be seen."""
    found: dict[str, Container] = {}
    for start in range(0, len(codes), CHUNK):
        wanted = select(Container).where(Container.code.in_(codes[start : start + CHUNK]))
        rows = session.scalars(visible(wanted, actor, READ, Container.org_id))
        found |= {container.code: container for container in rows}
    _refuse_missing(codes, found)
    return [found[code] for code in codes]


def _refuse_missing(codes: Sequence[str], found: Mapping[str, object]) -> None:
    missing = [code for code in codes if code not in found]
    if missing:
        facts = {"found": missing[0], "count": len(missing)}
        raise Invalid(Refusal("not_found", NOT_FOUND, facts), field="codes")
