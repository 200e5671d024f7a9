"""One box for everything: scan a code and land where the thing is, or type words and choose."""

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.genealogy.rules import CAUSES
from server.kit.door import require
from server.kit.state import kit
from server.storage import queries
from server.storage.queries import Hit
from server.storage.queries.find import exact
from server.storage.queries.holds import holds_on_things
from server.storage.queries.searching import BEST, Result, Results, search
from server.storage.views.blueprints import pages
from server.storage.views.vials import vial_page

MOST_OF_A_KIND = 100
Page = Response | str | tuple[str, int]


@pages.get("/find")
@require("storage.read")
def find() -> Page:
    """Answer a code with its one page; words, or a code that several bear, with the best finds."""
    asked = request.args.get("q", "")
    finding = exact(g.session, g.actor, asked)
    only = finding.only
    if only is not None and only.kind == "vial":
        found = queries.vial(g.session, g.actor, "storage.read", only.code)
        g.record = ("vial", found.code)  # its page under another address
        return vial_page(found, scanned=finding.asked)
    if only is not None:
        return redirect(address(only))
    if finding.hits or not finding.asked:
        return _page(finding)
    return _by_words(finding)


def _by_words(finding: queries.Finding) -> Page:
    """Show what bears the words; where nothing does, the codes that come near."""
    kind = request.args.get("kind", "")
    if kind == "vial":
        return redirect(url_for("storage.vials", q=finding.asked))
    most = MOST_OF_A_KIND if kind else BEST
    seen = kit().records.seen(g.actor)
    results = search(g.session, finding.asked, seen, kind, most)
    if results.best:
        return _page(finding, results)
    near = queries.nearest(g.session, g.actor, finding.asked)
    return _page(queries.Finding(finding.asked, near=near)), 404


def _page(finding: queries.Finding, results: Results | None = None) -> str:
    best = results.best if results else []
    things = [(result.kind, result.id) for result in best]
    things += [(hit.kind, hit.id) for hit in finding.hits]
    held = holds_on_things(g.session, things)
    sections: dict[str, list[Result]] = {}
    for result in best:
        sections.setdefault(result.kind, []).append(result)
    return render_template(
        "storage/find.html", finding=finding, address=address, scanned=finding.asked, results=results,
        sections=sections, causes=CAUSES, held_things={thing: one[0].cause for thing, one in held.items()},
    )  # fmt: skip


def address(hit: Hit | Result) -> str:
    """Return the page of what was found; empty where it has none."""
    return kit().records.page(hit.kind, hit.id, hit.code)
