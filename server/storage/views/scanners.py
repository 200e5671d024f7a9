"""Rack scanners: how each writes its files."""

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.core.errors import Conflict, CryokeepError, Invalid
from server.kit import forms, notices
from server.kit.door import require
from server.kit.forms import Form, Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.storage import queries
from server.storage.models import Scanner
from server.storage.queries.scanners import scanner as one_scanner
from server.storage.queries.scanners import scanners as all_scanners
from server.storage.scanners.seen import Manner
from server.storage.service import scanners as service
from server.storage.views.blueprints import pages


class MannerForm(Form):
    """How a scanner writes."""

    unread_words: str = forms.text(required=False, most=500)
    empty_words: str = forms.text(required=False, most=500)
    mirrored: bool = forms.checkbox()
    down_first: bool = forms.checkbox()
    position: str = forms.text(required=False, most=60)
    row: str = forms.text(required=False, most=60)
    column: str = forms.text(required=False, most=60)
    tube: str = forms.text(required=False, most=60)
    rack: str = forms.text(required=False, most=60)

    @property
    def manner(self) -> Manner:
        """Return what was typed as the manner of a scanner."""
        return Manner(
            unread_words=_words(self.unread_words),
            empty_words=_words(self.empty_words),
            mirrored=self.mirrored,
            down_first=self.down_first,
            columns={part: getattr(self, part) for part in service.PARTS},
        )


class ScannerForm(MannerForm):
    """A new scanner."""

    code: str = forms.code()


def _words(typed: str) -> frozenset[str]:
    return frozenset(word.strip().upper() for word in typed.splitlines() if word.strip())


@pages.get("/scanners")
@require("storage.edit")
def scanners() -> str:
    """List the rack scanners, with a form for another."""
    return _list(Typed({}))


@pages.post("/scanners")
@require("storage.edit")
def add_scanner() -> Response | tuple[str, int]:
    """Add a scanner to the person's organisation."""
    try:
        form = ScannerForm.read(request.form)
        org_id = queries.own_org(g.session, g.actor, "storage.edit")
        made = service.add_scanner(
            g.session, g.actor, org_id, form.code, form.manner, at=g.clock.now()
        )
    except (Invalid, Conflict) as refused:
        return _list(typed_of(request.form), refused), 422
    notices.tell(gettext("%(code)s has been added.", code=made.code))
    return redirect(url_for("storage.scanners"))


def _list(typed: Typed, refused: CryokeepError | None = None) -> str:
    with g.reader() as session:
        known = all_scanners(session, g.actor, "storage.edit", retired=True)
    return render_template(
        "storage/scanners.html",
        scanners=known,
        typed=typed,
        errors=errors_of(refused) if refused else {},
    )


@pages.get("/scanners/<int:scanner_id>")
@require("storage.edit")
def scanner(scanner_id: int) -> str:
    """Show how a scanner writes, to be changed."""
    found = one_scanner(g.session, g.actor, "storage.edit", scanner_id)
    manner = service.manner_of(found)
    typed = {
        "unread_words": "\n".join(sorted(manner.unread_words)),
        "empty_words": "\n".join(sorted(manner.empty_words)),
        **manner.columns,
    }
    if manner.mirrored:
        typed["mirrored"] = "1"
    if manner.down_first:
        typed["down_first"] = "1"
    return _one(found, Typed(typed))


def _one(found: Scanner, typed: Typed, refused: CryokeepError | None = None) -> str:
    errors = errors_of(refused) if refused else {}
    return render_template("storage/scanner.html", scanner=found, typed=typed, errors=errors)


@pages.post("/scanners/<int:scanner_id>")
@require("storage.edit")
def change_scanner(scanner_id: int) -> Response | tuple[str, int]:
    """Change how a scanner writes."""
    found = one_scanner(g.session, g.actor, "storage.edit", scanner_id)
    try:
        form = MannerForm.read(request.form)
        service.change_scanner(g.session, g.actor, found, form.manner, at=g.clock.now())
    except (Invalid, Conflict) as refused:
        return _one(found, typed_of(request.form), refused), 422
    notices.tell(gettext("%(code)s has been changed.", code=found.code))
    return redirect(url_for("storage.scanners"))


@pages.post("/scanners/<int:scanner_id>/retire")
@require("storage.edit")
def retire_scanner(scanner_id: int) -> Response:
    """Offer a scanner no longer."""
    found = one_scanner(g.session, g.actor, "storage.edit", scanner_id)
    service.retire_scanner(g.session, g.actor, found, at=g.clock.now())
    notices.tell(gettext("%(code)s is no longer offered.", code=found.code))
    return redirect(url_for("storage.scanners"))
