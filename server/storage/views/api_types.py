"""The API of what types there are: container types and sample types changed, retired, brought back."""

from typing import Annotated

import msgspec
from flask import g

from server.core.errors import Conflict, Refusal
from server.core.words import N_
from server.kit import api as described
from server.kit import etag
from server.kit.api import Answer, Body, describes
from server.kit.door import require
from server.storage import queries
from server.storage import service as storage
from server.storage.models import ContainerType, SampleType
from server.storage.queries.sample_types import sample_type
from server.storage.service import sample_types as samples
from server.storage.service.sample_types import SampleTypeFacts
from server.storage.service.types import refuse_built_in_type
from server.storage.views import container_answers
from server.storage.views.blueprints import api
from server.storage.views.container_answers import NewType, TypeOut

EDIT = "storage.edit"
OTHER_CODE = N_("The code of a type stays: found %(found)s, expected %(expected)s.")


class Offered(Body):
    """Whether new containers or samples may be of this type; what is of it stays as it is."""

    offered: bool


class SampleTypeBody(Body):
    """What is said of a sample type; `vessel` is vial, bag, straw, plate ..."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    vessel: str
    size_class: Annotated[str, msgspec.Meta(max_length=20)] = ""
    largest_ul: Annotated[int, msgspec.Meta(ge=1)] | None = None


class NewSampleType(SampleTypeBody, kw_only=True):
    """A sample type of the organisation's own, with its code, which stays."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class OwnSampleTypeOut(Answer):
    """A sample type of the organisation's own."""

    code: str
    name: str
    vessel: str
    size_class: str
    largest_ul: int | None
    offered: bool
    version: int


@api.put("/container-types/<code>")
@require(EDIT)
@describes(
    "Change a container type; what was made from it stays", body=NewType, answers={200: TypeOut}
)
def change_container_type(code: str) -> TypeOut:
    """Change a type of the organisation's own."""
    wanted, found = described.read(NewType), _container_type(code)
    if wanted.code != found.code:
        facts = {"found": wanted.code, "expected": found.code}
        raise Conflict(Refusal("other_code", OTHER_CODE, facts), field="code")
    facts_now = storage.TypeFacts(
        name=wanted.name, kind=wanted.kind, word=wanted.word, shape=wanted.shape.shape,
        heights_mm=wanted.heights_mm, size_class=wanted.size_class,
        size_classes=wanted.size_classes, mobile=wanted.mobile,
    )  # fmt: skip
    storage.edit_type(g.session, g.actor, found, facts_now, at=g.clock.now())
    return _type_out(found)


@api.put("/container-types/<code>/offered")
@require(EDIT)
@describes("Offer a container type no longer, or again", body=Offered, answers={200: TypeOut})
def offer_container_type(code: str) -> TypeOut:
    """Retire a type or bring it back."""
    wanted, found = described.read(Offered), _container_type(code)
    change = storage.bring_back_type if wanted.offered else storage.retire_type
    change(g.session, g.actor, found, at=g.clock.now())
    return _type_out(found)


def _container_type(code: str) -> ContainerType:
    found = refuse_built_in_type(queries.container_type(g.session, g.actor, EDIT, code))
    etag.check(found.version)
    return found


def _type_out(found: ContainerType) -> TypeOut:
    g.session.flush()
    etag.tell(found.version)
    return container_answers.type_out(found)


@api.post("/sample-types")
@require(EDIT)
@describes("Add a sample type", body=NewSampleType, answers={201: OwnSampleTypeOut})
def add_sample_type() -> tuple[OwnSampleTypeOut, int]:
    """Add a type of the organisation's own."""
    wanted, org_id = described.read(NewSampleType), queries.own_org(g.session, g.actor, EDIT)
    facts = SampleTypeFacts(wanted.name, wanted.vessel, wanted.size_class, wanted.largest_ul)
    code = wanted.code.strip()
    made = samples.add_sample_type(g.session, g.actor, org_id, code, facts, at=g.clock.now())
    return _sample_out(made), 201


@api.put("/sample-types/<code>")
@require(EDIT)
@describes("Change a sample type", body=SampleTypeBody, answers={200: OwnSampleTypeOut})
def change_sample_type(code: str) -> OwnSampleTypeOut:
    """Change a type of the organisation's own."""
    wanted, found = described.read(SampleTypeBody), _sample_type(code)
    facts = SampleTypeFacts(wanted.name, wanted.vessel, wanted.size_class, wanted.largest_ul)
    samples.edit_sample_type(g.session, g.actor, found, facts, at=g.clock.now())
    return _sample_out(found)


@api.put("/sample-types/<code>/offered")
@require(EDIT)
@describes("Offer a sample type no longer, or again", body=Offered, answers={200: OwnSampleTypeOut})
def offer_sample_type(code: str) -> OwnSampleTypeOut:
    """Retire a type or bring it back."""
    wanted, found = described.read(Offered), _sample_type(code)
    change = samples.bring_back_sample_type if wanted.offered else samples.retire_sample_type
    change(g.session, g.actor, found, at=g.clock.now())
    return _sample_out(found)


def _sample_type(code: str) -> SampleType:
    found = samples.refuse_built_in(sample_type(g.session, g.actor, EDIT, code))
    etag.check(found.version)
    return found


def _sample_out(found: SampleType) -> OwnSampleTypeOut:
    g.session.flush()
    etag.tell(found.version)
    return OwnSampleTypeOut(
        code=found.code, name=found.name, vessel=found.vessel, size_class=found.size_class,
        largest_ul=found.largest_ul, offered=found.retired_at is None, version=found.version,
    )  # fmt: skip
