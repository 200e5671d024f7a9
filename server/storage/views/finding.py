"""One box for every code: scan or type, and land where the thing is."""

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.kit.door import require
from server.storage import queries
from server.storage.queries import Hit
from server.storage.views.blueprints import pages
from server.storage.views.vials import vial_page

PAGES = {
    "vial": "storage.vial",
    "box": "storage.box",
    "rack": "storage.rack",
    "freezer": "storage.freezer",
    "lot": "catalogue.lot",
    "line": "catalogue.line",
}


@pages.get("/find")
@require("storage.read")
def find() -> Response | str | tuple[str, int]:
    """Answer a code with its one page, with a list where several bear it, or with the nearest codes."""
    finding = queries.find(g.session, g.actor, request.args.get("q", ""))
    only = finding.only
    if only is not None and only.kind == "vial":
        found = queries.vial(g.session, g.actor, "storage.read", only.code)
        return vial_page(found, scanned=finding.asked)
    if only is not None:
        return redirect(address(only))
    page = render_template(
        "storage/find.html", finding=finding, address=address, scanned=finding.asked
    )
    return page, 200 if finding.hits or not finding.asked else 404


def address(hit: Hit) -> str:
    """Return the page of what was found."""
    return url_for(PAGES[hit.kind], code=hit.code)
