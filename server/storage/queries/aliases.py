"""Whose a scanned code is: a tube's own, or one that was given to it later."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.storage.models import Vial, VialAlias

AT_ONCE = 400


def spellings(code: str) -> list[str]:
    """Return the code as it was typed and in capitals, which is what most labels bear."""
    return list(dict.fromkeys((code, code.upper())))


def own_codes(session: Session, codes: Iterable[str]) -> dict[str, str]:
    """Return the tube's own code for each of these that is an alias; what is none is left out."""
    typed = sorted({code for code in codes if code})
    found: dict[str, str] = {}
    for at in range(0, len(typed), AT_ONCE):
        wanted = {one for code in typed[at : at + AT_ONCE] for one in spellings(code)}
        rows = select(VialAlias.code, Vial.code).join(Vial, Vial.id == VialAlias.vial_id)
        found.update(session.execute(rows.where(VialAlias.code.in_(wanted))).all())
    return {code: found[one] for code in typed for one in reversed(spellings(code)) if one in found}


def as_recorded(session: Session, codes: Sequence[str]) -> list[str]:
    """Return these codes in their order, an alias as the own code of its tube, all others as they are."""
    own = own_codes(session, codes)
    return [own.get(code, code) for code in codes]


def aliases_of(session: Session, vial: Vial) -> list[VialAlias]:
    """Return the other codes of a vial, the oldest first."""
    wanted = select(VialAlias).where(VialAlias.vial_id == vial.id).order_by(VialAlias.id)
    return list(session.scalars(wanted))
