"""Delivery sites: added on the page of their organisation, changed on one of their own."""

from flask import g, redirect, render_template, request
from werkzeug.wrappers import Response

from server.kit import forms, notices
from server.kit.door import require
from server.kit.forms import Form, FormRefused
from server.kit.i18n import gettext
from server.parties import queries, service
from server.parties.service import MANAGE
from server.parties.views.blueprints import pages
from server.parties.views.organisations import shown


class SiteForm(Form):
    """A place where cells are received."""

    site_name: str = forms.text(most=100)
    address: str = forms.text(most=500)
    contact: str = forms.text(required=False, most=200)


class ChangeSiteForm(SiteForm):
    """The same, and whether it still receives."""

    active: bool = forms.checkbox()


@pages.post("/organisations/<code>/sites")
@require(MANAGE)
def add_site(code: str) -> Response | tuple[str, int]:
    """Add a delivery site."""
    found = queries.by_code(g.session, g.actor, MANAGE, code)
    try:
        form = SiteForm.read(request.form)
    except FormRefused as refused:
        return shown(found, site_errors=refused.errors, site_typed=refused.typed), 422
    service.add_site(
        g.session,
        g.actor,
        found,
        name=form.site_name,
        address=form.address,
        contact=form.contact,
        at=g.clock.now(),
    )
    notices.tell(gettext("Saved."))
    return redirect(f"/organisations/{found.code}", 303)


@pages.get("/organisations/<code>/sites/<int:site_id>")
@require(MANAGE)
def site(code: str, site_id: int) -> str:
    """Show the form of a delivery site."""
    found = queries.by_code(g.session, g.actor, MANAGE, code)
    place = queries.site_of(g.session, found, site_id)
    typed = forms.Typed(
        site_name=place.name, address=place.address, contact=place.contact, active=place.active
    )
    return render_template(
        "parties/site.html", organisation=found, site=place, errors={}, typed=typed
    )


@pages.post("/organisations/<code>/sites/<int:site_id>")
@require(MANAGE)
def change_site(code: str, site_id: int) -> Response | tuple[str, int]:
    """Change a delivery site."""
    found = queries.by_code(g.session, g.actor, MANAGE, code)
    place = queries.site_of(g.session, found, site_id)
    try:
        form = ChangeSiteForm.read(request.form)
    except FormRefused as refused:
        page = render_template(
            "parties/site.html",
            organisation=found,
            site=place,
            errors=refused.errors,
            typed=refused.typed,
        )
        return page, 422
    service.change_site(
        g.session, g.actor, found, place, name=form.site_name, address=form.address, contact=form.contact,
        active=form.active, at=g.clock.now(),
    )  # fmt: skip
    notices.tell(gettext("Saved."))
    return redirect(f"/organisations/{found.code}", 303)
