"""The API of containers, their types, and whole trees of them."""

from collections.abc import Callable
from datetime import datetime

from flask import g, request

from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.kit import api as described
from server.kit import etag
from server.kit.api import describes
from server.kit.door import require
from server.storage import queries
from server.storage import service as storage
from server.storage.models import Container
from server.storage.service import trees
from server.storage.service.trees import LevelWanted
from server.storage.views import container_answers as answers
from server.storage.views.blueprints import api
from server.storage.views.container_answers import (
    ContainerOut,
    Describe,
    LimitsBody,
    MeasuresBody,
    NewContainer,
    NewTree,
    NewType,
    RetireBody,
    ShapeBody,
    TreeOut,
    TypeOut,
    TypesOut,
    WhereOut,
)

ADD: dict[str, Callable[..., Container]] = {"rack": storage.add_rack, "box": storage.add_box}


@api.get("/container-types")
@require("storage.read")
@describes("List the container types, own and built in", answers={200: TypesOut})
def container_types() -> TypesOut:
    """Answer the types that the asker may use."""
    rows = queries.container_types(g.session, g.actor)
    return TypesOut(items=[answers.type_out(row.type) for row in rows])


@api.get("/container-types/<code>")
@require("storage.read")
@describes("Read a container type", answers={200: TypeOut})
def container_type(code: str) -> TypeOut:
    """Answer one type."""
    found = queries.container_type(g.session, g.actor, "storage.read", code)
    return etag.tell_answer(answers.type_out(found))


@api.post("/container-types")
@require("storage.edit")
@describes("Add a container type", body=NewType, answers={201: TypeOut})
def add_container_type() -> tuple[TypeOut, int]:
    """Add a type of the asker's organisation."""
    wanted = described.read(NewType)
    facts = storage.TypeFacts(
        name=wanted.name,
        kind=wanted.kind,
        word=wanted.word,
        shape=wanted.shape.shape,
        heights_mm=wanted.heights_mm,
        size_class=wanted.size_class,
        size_classes=wanted.size_classes,
        mobile=wanted.mobile,
    )
    org_id = queries.own_org(g.session, g.actor, "storage.edit")
    made = storage.add_type(g.session, g.actor, org_id, wanted.code, facts, at=g.clock.now())
    return answers.type_out(made), 201


@api.get("/containers/<code>")
@require("storage.read")
@describes("Read a freezer, rack or box: shape, place, limits", answers={200: ContainerOut})
def container(code: str) -> ContainerOut:
    """Answer a container."""
    found = queries.container(g.session, g.actor, "storage.read", code)
    etag.tell(found.version)
    return answers.container_out(g.session, found)


@api.get("/containers/<code>/positions")
@require("storage.read")
@describes(
    "Find a position of a container from any of its spellings",
    answers={200: WhereOut},
    query={"at": "A1, a01, A:1, 1:10, 81, 01/AC/02 ..."},
)
def container_position(code: str) -> WhereOut:
    """Answer the one position that was meant; refused where there is none, or may be several."""
    found = queries.container(g.session, g.actor, "storage.read", code)
    inner, ordinal = queries.position_within(g.session, found, request.args.get("at", ""))
    return WhereOut(
        container=inner.code,
        ordinal=ordinal,
        position=inner.shape.label(ordinal),
        height_mm=queries.height_mm(g.session, inner, ordinal),
    )


@api.post("/containers")
@require("storage.edit")
@describes("Add a rack or box", body=NewContainer, answers={201: ContainerOut})
def add_container() -> tuple[ContainerOut, int]:
    """Add a rack or box, and put it where it goes."""
    wanted = described.read(NewContainer)
    if wanted.kind not in ADD:
        because = N_("“%(found)s” cannot be added here; rack or box is expected.")
        raise Invalid(Refusal("bad_kind", because, {"found": wanted.kind}), field="kind")
    into = None
    if wanted.into:
        into = queries.container(g.session, g.actor, "storage.edit", wanted.into, "freezer", "rack")
    of = None
    if wanted.type:
        of = queries.container_type(g.session, g.actor, "storage.edit", wanted.type, wanted.kind)
    made = ADD[wanted.kind](
        g.session,
        g.actor,
        into.org_id if into else queries.own_org(g.session, g.actor, "storage.edit"),
        wanted.code,
        wanted.shape.shape if wanted.shape else None,
        type=of,
        name=wanted.name,
        barcode=wanted.barcode or None,
        model=wanted.model,
        into=into,
        ordinal=storage.position_in(g.session, into, wanted.position) if into else None,
        at=g.clock.now(),
    )
    return answers.container_out(g.session, made), 201


@api.patch("/containers/<code>")
@require("storage.edit")
@describes("Change name, barcode and model", body=Describe, answers={200: ContainerOut})
def describe_container(code: str) -> ContainerOut:
    """Change what a container is called; what is left out stays as it is."""
    wanted = described.read(Describe)

    def act(found: Container, at: datetime) -> None:
        storage.describe(
            g.session, g.actor, found,
            name=found.name if wanted.name is None else wanted.name,
            barcode=(found.barcode or "") if wanted.barcode is None else wanted.barcode,
            model=found.model if wanted.model is None else wanted.model,
            at=at,
        )  # fmt: skip

    return _change(code, act)


@api.put("/containers/<code>/shape")
@require("storage.edit")
@describes("Give a container another shape", body=ShapeBody, answers={200: ContainerOut})
def reshape_container(code: str) -> ContainerOut:
    """Change a shape; 409 names every occupant that stands in the way."""
    shape = described.read(ShapeBody).shape
    return _change(code, lambda found, at: storage.reshape(g.session, g.actor, found, shape, at=at))


@api.put("/containers/<code>/limits")
@require("storage.edit")
@describes("Say what may go into a container", body=LimitsBody, answers={200: ContainerOut})
def limit_container(code: str) -> ContainerOut:
    """Change limits; 409 names what is in it and would not be allowed."""
    wanted = described.read(LimitsBody).limits
    return _change(code, lambda found, at: storage.limit(g.session, g.actor, found, wanted, at=at))


@api.put("/containers/<code>/measures")
@require("storage.edit")
@describes("Say heights and sizes", body=MeasuresBody, answers={200: ContainerOut})
def measure_container(code: str) -> ContainerOut:
    """Change heights of rows and size classes of positions."""
    wanted = described.read(MeasuresBody)
    wrong = [key for key in wanted.size_classes if key and not key.isdecimal()]
    if wrong:
        because = N_("“%(found)s” is no ordinal; a whole number from 1 on is expected.")
        raise Invalid(Refusal("bad_ordinal", because, {"found": wrong[0]}), field="size_classes")
    return _change(
        code,
        lambda found, at: storage.measure(
            g.session,
            g.actor,
            found,
            heights_mm=wanted.heights_mm,
            size_class=wanted.size_class,
            size_classes=wanted.size_classes,
            at=at,
        ),
    )


@api.post("/containers/<code>/retire")
@require("storage.edit")
@describes("Retire an empty container", body=RetireBody, answers={200: ContainerOut})
def retire_container(code: str) -> ContainerOut:
    """Close an empty container for good."""
    reason = described.read(RetireBody).reason
    return _change(
        code,
        lambda found, at: storage.retire_container(g.session, g.actor, found, reason=reason, at=at),
    )


def _change(code: str, act: Callable[..., None]) -> ContainerOut:
    found = queries.container(g.session, g.actor, "storage.edit", code)
    etag.check(found.version)
    act(found, g.clock.now())
    g.session.flush()
    etag.tell(found.version)
    return answers.container_out(g.session, found)


@api.post("/container-trees")
@require("storage.edit")
@describes("Make racks and boxes in one go", body=NewTree, answers={200: TreeOut, 201: TreeOut})
def add_container_tree() -> tuple[TreeOut, int]:
    """Make a tree, or (dry run) answer what would be made; 409 tells every reason against it."""
    wanted = described.read(NewTree)
    root = queries.container(g.session, g.actor, "storage.edit", wanted.into, "freezer", "rack")
    levels = [
        LevelWanted(
            queries.container_type(g.session, g.actor, "storage.edit", one.type, "rack", "box"),
            one.pattern,
            max(0, one.count),
        )
        for one in wanted.levels
    ]
    if wanted.dry_run:
        return answers.planned_out(trees.planned_tree(g.session, root, levels)), 200
    tree = trees.begin_tree(g.session, g.actor, root, levels, at=g.clock.now())
    return answers.tree_out(tree), 201


@api.get("/container-trees/<int:tree_id>")
@require("storage.read")
@describes("Read how far a tree has come", answers={200: TreeOut})
def container_tree(tree_id: int) -> TreeOut:
    """Answer how far a tree has come."""
    return answers.tree_out(queries.container_tree(g.session, g.actor, "storage.read", tree_id))


@api.post("/container-trees/<int:tree_id>/go-on")
@require("storage.edit")
@describes("Make the next slice of a tree", answers={200: TreeOut})
def go_on_with_container_tree(tree_id: int) -> TreeOut:
    """Make the next slice now."""
    found = queries.container_tree(g.session, g.actor, "storage.edit", tree_id)
    trees.make_slice(g.session, g.actor, found, at=g.clock.now())
    return answers.tree_out(found)


@api.post("/container-trees/<int:tree_id>/take-back")
@require("storage.edit")
@describes("Take back what was made of a tree", answers={200: TreeOut})
def take_back_container_tree(tree_id: int) -> TreeOut:
    """Retire the last of what was made; the worker takes back the rest."""
    found = queries.container_tree(g.session, g.actor, "storage.edit", tree_id)
    trees.take_back(g.session, g.actor, found, at=g.clock.now())
    return answers.tree_out(found)
