"""A code is one tube's for ever, be it the tube's own or an alias: two tables, one rule.

Each table has a unique constraint of its own. That no vial gets the code of an alias, and no alias
that of a vial, is checked here by a look at the other table while no one else can write there. On
SQLite there is one writer anyway. On PostgreSQL whoever enters tubes holds a lock shared with all
who do, and whoever gives an alias holds it alone, both until the end of the transaction: so one of
two that want the same code sees what the other has committed.
"""

from collections.abc import Collection

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from server.core.errors import Conflict, Refusal
from server.core.words import N_
from server.storage.models import Vial, VialAlias
from server.storage.queries.aliases import spellings
from server.storage.service.scanned_once import refuse_alike, refuse_of_container

_SHARED = text("SELECT pg_advisory_xact_lock_shared(hashtext('cryokeep tube codes'))")
_ALONE = text("SELECT pg_advisory_xact_lock(hashtext('cryokeep tube codes'))")
TAKEN = N_("The code %(code)s is taken already; every code is given once.")
AN_ALIAS = N_("The code %(code)s is another code of a tube already; every code is given once.")


def take_turn(session: Session, *, alone: bool = False) -> None:
    """Wait until tubes can be entered (or, `alone`, aliases given), and keep that until the end."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_ALONE if alone else _SHARED)


def refuse_given(session: Session, org_id: int, codes: Collection[str]) -> None:
    """Refuse codes for new tubes of which one is an alias or leads elsewhere; none becomes one until the end."""
    refuse_alias(session, codes)
    refuse_alike(session, codes)
    refuse_of_container(session, org_id, codes)


def refuse_alias(session: Session, codes: Collection[str]) -> None:
    """Refuse codes for new tubes of which one is an alias; none becomes one until the end."""
    take_turn(session)
    wanted = {one for code in codes for one in spellings(code)}
    found = session.scalar(select(VialAlias.code).where(VialAlias.code.in_(wanted)).limit(1))
    if found is not None:
        raise Conflict(Refusal("code_taken", AN_ALIAS, {"code": found}), field="code")


def refuse_any(session: Session, org_id: int, code: str) -> None:
    """Refuse an alias that is a tube's code or alias already, or a container's; none becomes one until the end."""
    take_turn(session, alone=True)
    refuse_of_container(session, org_id, [code])
    if session.scalar(select(Vial.id).where(Vial.code.in_(spellings(code))).limit(1)) is not None:
        raise Conflict(Refusal("code_taken", TAKEN, {"code": code}), field="code")
    if session.scalar(select(VialAlias.id).where(VialAlias.code.in_(spellings(code))).limit(1)):
        raise Conflict(Refusal("code_taken", AN_ALIAS, {"code": code}), field="code")
    refuse_alike(session, [code])
