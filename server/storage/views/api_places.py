"""The API of places: find, boxes, freezers, sites."""

from flask import g, request

from server.kit import etag
from server.kit.api import describes
from server.kit.door import require
from server.kit.state import kit
from server.storage import queries
from server.storage.queries.cards import card
from server.storage.queries.contents import box_row
from server.storage.queries.find import exact
from server.storage.queries.searching import search
from server.storage.views import answers
from server.storage.views.blueprints import api


@api.get("/find")
@require("storage.read")
@describes(
    "Find anything: by a code, a position in a box, or words",
    answers={200: answers.FindOut},
    query={"q": "a code, barcode, lot number or name; or words, each of which may be only begun"},
)
def find() -> answers.FindOut:
    """Answer a code with what bears it; words with the best finds; else with what comes near."""
    finding = exact(g.session, g.actor, request.args.get("q", ""))
    if finding.only is not None and finding.only.kind == "vial":
        vial = answers.card_out(card(g.session, finding.only.id))
        return answers.find_out(finding, vial=vial)
    if finding.hits or not finding.asked:
        return answers.find_out(finding)
    results = search(g.session, finding.asked, kit().records.seen(g.actor))
    if results.best:
        return answers.find_out(finding, results)
    near = queries.nearest(g.session, g.actor, finding.asked)
    return answers.find_out(queries.Finding(finding.asked, near=near))


@api.get("/boxes/<code>")
@require("storage.read")
@describes("Read a box and what is in it", answers={200: answers.BoxOut})
def box(code: str) -> answers.BoxOut:
    """Answer what is in a box."""
    found = box_row(g.session, g.actor, "storage.read", code)
    return etag.tell_answer(answers.box_out(g.session, found))


@api.get("/freezers")
@require("storage.read")
@describes("List the freezers and how much is in each", answers={200: answers.FreezersOut})
def freezers() -> answers.FreezersOut:
    """Answer the freezers that the asker may see."""
    rows = queries.freezers(g.session, g.actor)
    return answers.FreezersOut(
        items=[
            answers.FreezerOut(
                code=row.freezer.code,
                name=row.freezer.name,
                site=row.site.code,
                room=row.room.code,
                vials=row.vials,
                last_copies=row.last_copies,
            )
            for row in rows
        ]
    )


@api.get("/sites")
@require("storage.read")
@describes("List the sites and their rooms", answers={200: answers.SitesOut})
def sites() -> answers.SitesOut:
    """Answer the sites that the asker may see."""
    found = queries.places(g.session, g.actor)
    return answers.SitesOut(
        items=[
            answers.SiteOut(
                code=site.code,
                name=site.name,
                time_zone=site.time_zone,
                rooms=[room.code for room in found.rooms if room.site_id == site.id],
            )
            for site in found.sites
        ]
    )
