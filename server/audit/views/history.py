"""The history of one record: who, when, why, from, to and by which door; it prints."""

import json
from dataclasses import dataclass
from datetime import datetime

from flask import g, render_template, request

from server.audit import queries
from server.audit.models import AuditEntry
from server.audit.views.blueprints import pages
from server.audit.views.facts import written
from server.core.actor import Actor
from server.core.errors import Forbidden, Refusal
from server.core.words import N_
from server.kit import cursors
from server.kit.door import SIGNED_IN, require
from server.kit.records import Record
from server.kit.state import kit

NOT_SEEN = N_("Your roles do not show you such records (%(permission)s). Ask your administrator.")
WHY = ("reason", "because", "why", "note", "comment")
FROM, TO = ("before", "from", "before_place"), ("now", "to", "after")


@dataclass(frozen=True)
class Line:
    """One entry as the page shows it."""

    entry: AuditEntry
    came_from: str
    went_to: str
    why: str
    rest: list[tuple[str, str]]

    @property
    def stated_at(self) -> datetime | None:
        """Return the time that was stated, where it differs from the recorded one."""
        return self.entry.stated_at


@pages.get("/history/<kind>/<path:code>")
@require(SIGNED_IN)
def history(kind: str, code: str) -> str:
    """Show all that was recorded of one thing, newest first."""
    # a kind that no feature shows is still in the record of those who may read all of it
    record = kit().records.get(kind) or Record(kind, kind, "audit.read", "")
    orgs = _orgs(g.actor, record)
    wanted = queries.of_record(kind, code, orgs)
    entries, onward = cursors.page(g.session, wanted, AuditEntry.id, newest_first=True)
    return render_template(
        "audit/one_history.html", record=record, code=code, lines=[line(entry) for entry in entries],
        seals=queries.seals_of(g.session, entries), onward=onward, later=request.args.get("cursor", ""),
        page=kit().records.page(kind, 0, code) if "{id}" not in record.page else "",
    )  # fmt: skip


def _orgs(actor: Actor, record: Record) -> frozenset[int] | None:
    """Return the organisations of which the actor may see such records, or their trail; None means all."""
    readable, trails = actor.orgs(record.permission), actor.orgs("audit.read")
    if readable is None or trails is None:
        return None
    if not readable | trails:
        raise Forbidden(Refusal("not_seen", NOT_SEEN, {"permission": record.permission}))
    return readable | trails


def line(entry: AuditEntry) -> Line:
    """Return an entry with its facts told apart: from where, to where, why, and all else."""
    facts: dict[str, object] = json.loads(entry.facts)
    came_from, went_to, why = (_taken(facts, names) for names in (FROM, TO, WHY))
    rest = [(name.replace("_", " "), written(value)) for name, value in facts.items()]
    return Line(entry, came_from, went_to, why, rest)


def _taken(facts: dict[str, object], names: tuple[str, ...]) -> str:
    for name in names:
        if facts.get(name) not in (None, ""):
            return written(facts.pop(name))
    return ""
