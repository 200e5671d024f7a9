"""The API of places: find, boxes, freezers, sites."""

from flask import g, request

from server.kit.api import describes
from server.kit.door import require
from server.storage import queries
from server.storage.views import answers
from server.storage.views.blueprints import api


@api.get("/find")
@require("storage.read")
@describes(
    "Find a vial, box, rack, freezer, lot or line by any code",
    answers={200: answers.FindOut},
    query={"q": "the code, barcode, lot number or name"},
)
def find() -> answers.FindOut:
    """Answer a code with what bears it, or what comes near."""
    finding = queries.find(g.session, g.actor, request.args.get("q", ""))
    only, vial = finding.only, None
    if only is not None and only.kind == "vial":
        found = queries.vial(g.session, g.actor, "storage.read", only.code)
        vial = answers.vial_out(g.session, found)
    return answers.FindOut(
        asked=finding.asked,
        hits=[answers.hit_out(hit) for hit in finding.hits],
        near=[answers.hit_out(hit) for hit in finding.near],
        vial=vial,
    )


@api.get("/boxes/<code>")
@require("storage.read")
@describes("Read a box and what is in it", answers={200: answers.BoxOut})
def box(code: str) -> answers.BoxOut:
    """Answer what is in a box."""
    found = queries.container(g.session, g.actor, "storage.read", code, "box")
    return answers.box_out(g.session, found)


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
