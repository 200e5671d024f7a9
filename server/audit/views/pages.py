"""The page of the record: who changed what, when and by which door."""

from datetime import date, datetime, time, timedelta

from flask import g, render_template, request

from server.audit import queries
from server.audit.models import AuditEntry
from server.audit.queries import Wanted
from server.audit.views import facts
from server.audit.views.blueprints import pages
from server.core.errors import Refusal
from server.kit import cursors, forms
from server.kit.door import require
from server.kit.filters import site_zone
from server.kit.forms import Form, FormRefused

__all__ = ["facts", "record"]


class Search(Form):
    """What is looked for; every field may stay empty."""

    code: str = forms.text(required=False)
    who: str = forms.text(required=False)
    action: str = forms.text(required=False)
    since: date | None = forms.date(required=False)
    until: date | None = forms.date(required=False)

    def wanted(self) -> Wanted:
        """Return this as what the query takes; days are those of the site."""
        until = self.until + timedelta(days=1) if self.until else None
        return Wanted(self.code, self.who, self.action, _midnight(self.since), _midnight(until))


@pages.get("/audit")
@require("audit.read")
def record() -> str | tuple[str, int]:
    """Show the record, newest first, narrowed to what is looked for."""
    try:
        form = Search.read(request.args)
    except FormRefused as refused:
        return _shown([], None, refused.typed, refused.errors), 422
    query = queries.narrowed(queries.seen_by(g.actor), form.wanted())
    entries, onward = cursors.page(g.session, query, AuditEntry.id, newest_first=True)
    return _shown(entries, onward, form.typed, {})


def _shown(
    entries: list[AuditEntry], onward: str | None, typed: forms.Typed, errors: dict[str, Refusal]
) -> str:
    all_seen = (
        g.actor.orgs("audit.read") is None
    )  # how much the house writes is not for one organisation
    return render_template(
        "audit/record.html", entries=entries, seals=queries.seals_of(g.session, entries), onward=onward,
        head=queries.last_head(g.session), waiting=queries.unsealed(g.session) if all_seen else 0,
        all_seen=all_seen, typed=typed, errors=errors,
    )  # fmt: skip


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), site_zone()) if day else None
