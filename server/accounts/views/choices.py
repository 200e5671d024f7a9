"""The choices that forms about people offer to this manager."""

from flask import g
from sqlalchemy.orm import Session

from server.accounts import rules
from server.core.actor import Actor
from server.core.words import LANGUAGES
from server.kit.i18n import gettext
from server.parties import queries as parties
from server.parties.models import Organisation

ALL = "all"
PERMISSION = "people.manage"


def organisations(session: Session, actor: Actor) -> list[Organisation]:
    """Return the organisations whose people this manager manages."""
    query = parties.seen_by(actor, PERMISSION).order_by(Organisation.name)
    return list(session.scalars(query))


def for_template() -> dict[str, object]:
    """Return what the templates' select fields show."""
    mine = organisations(g.session, g.actor)
    everywhere = [(ALL, gettext("all organisations"))] if g.actor.orgs(PERMISSION) is None else []
    own = [(str(o.id), f"{o.name} ({o.code})") for o in mine]
    return {
        "role_choices": [(role, gettext(name)) for role, name in rules.ROLE_NAMES.items()],
        "role_hints": [
            (gettext(rules.ROLE_NAMES[r]), gettext(h)) for r, h in rules.ROLE_HINTS.items()
        ],
        "role_names": rules.ROLE_NAMES,
        "org_choices": own,
        "grant_choices": everywhere + own,
        "languages": list(LANGUAGES.items()),
        "organisations": {o.id: o for o in parties.names(g.session).values()},
    }


def options() -> dict[str, list[object]]:
    """Return what forms accept: organisations as ids, or "all" where the manager may say so."""
    ids: list[object] = [organisation.id for organisation in organisations(g.session, g.actor)]
    everywhere: list[object] = [ALL] if g.actor.orgs(PERMISSION) is None else []
    return {"org": ids, "for_org": everywhere + ids, "role": list(rules.PERMISSIONS)}


def grant(role: str, for_org: object) -> rules.Grant:
    """Return the grant that a form means."""
    return role, None if for_org == ALL else int(str(for_org))
