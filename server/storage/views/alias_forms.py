"""A tube gets another code: a new label was stuck on it, or others have their own name for it."""

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.core.errors import Conflict, CryokeepError, Invalid
from server.kit import forms, notices
from server.kit.door import require
from server.kit.forms import Form, Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.storage import queries
from server.storage.models import Vial
from server.storage.queries.aliases import aliases_of, spellings
from server.storage.rules.aliases import KINDS
from server.storage.service.aliases import add_alias
from server.storage.views.blueprints import pages


class AliasForm(Form):
    """Another code of a tube."""

    alias: str = forms.code()
    kind: str = forms.choice(tuple(KINDS))


@pages.get("/vials/<code>/codes")
@require("storage.move")
def alias_form(code: str) -> str:
    """Ask for the other code."""
    return _form(queries.vial(g.session, g.actor, "storage.move", code), Typed({"kind": "label"}))


@pages.post("/vials/<code>/codes")
@require("storage.move")
def give_alias(code: str) -> Response | tuple[str, int]:
    """Let the tube be found by the other code too."""
    found = queries.vial(g.session, g.actor, "storage.move", code)
    try:
        form = AliasForm.read(request.form)
        add_alias(g.session, g.actor, found, form.alias, form.kind, at=g.clock.now())
    except (Invalid, Conflict) as refused:
        return _form(found, typed_of(request.form), refused), 422
    notices.tell(gettext("%(vial)s is found by %(alias)s too.", vial=found.code, alias=form.alias))
    return redirect(url_for("storage.vial", code=found.code))


def _form(found: Vial, typed: Typed, refused: CryokeepError | None = None) -> str:
    errors = errors_of(refused) if refused else {}
    if "code" in errors:
        errors = {**errors, "alias": errors["code"]}
        del errors["code"]
    return render_template(
        "storage/alias_form.html", vial=found, typed=typed, errors=errors,
        aliases=aliases_of(g.session, found), kinds=KINDS,
    )  # fmt: skip


def found_by(found: Vial) -> str:
    """Return a sentence where the vial was asked for by another code than its own."""
    asked = (request.args.get("q") or (request.view_args or {}).get("code") or "").strip()
    if not asked or asked.upper() == found.code.upper():
        return ""
    codes = {one.code for one in aliases_of(g.session, found)}
    alias = next((one for one in spellings(asked) if one in codes), "")
    return render_template("storage/found_by.html", alias=alias) if alias else ""
