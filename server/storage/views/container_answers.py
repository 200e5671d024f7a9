"""What the API of containers, their types and trees is sent and answers."""

import json

from msgspec import field
from sqlalchemy.orm import Session

from server.kit.api import Answer, Body
from server.storage import queries
from server.storage.models import Container, ContainerTree, ContainerType
from server.storage.positions import BoxShape
from server.storage.queries.types import AnyType
from server.storage.rules.trees import Planned
from server.storage.sizes import heights_of, sizes_of
from server.storage.views.answers import StepOut, way


class ShapeBody(Body):
    """A shape. `blocked` and `absent` are ordinals: layer by layer, row by row, from 1."""

    rows: int
    columns: int
    layers: int = 1
    labels: str = "letter-number"
    label_first: str = "row"
    fill: str = "right-down"
    managed: bool = True
    blocked: list[int] = field(default_factory=list)
    absent: list[int] = field(default_factory=list)

    @property
    def shape(self) -> BoxShape:
        """Return the shape."""
        return BoxShape(
            self.rows,
            self.columns,
            self.layers,
            self.labels,
            self.label_first,
            self.fill,
            self.managed,
            frozenset(self.blocked),
            frozenset(self.absent),
        )


class ShapeOut(Answer):
    """A shape, how many positions can be used, and the labels of the first and the last."""

    rows: int
    columns: int
    layers: int
    labels: str
    label_first: str
    fill: str
    managed: bool
    blocked: list[int]
    absent: list[int]
    capacity: int
    first: str
    last: str


class NewType(Body):
    """A container type of the organisation's own; `size_classes` by ordinal, "" for all others."""

    code: str
    name: str
    kind: str
    word: str
    shape: ShapeBody
    heights_mm: list[float] = field(default_factory=list)
    size_class: str = ""
    size_classes: dict[str, str] = field(default_factory=dict)
    mobile: bool = False


class Describe(Body):
    """What a container is called, its barcode and its model; what is left out stays."""

    name: str | None = None
    barcode: str | None = None
    model: str | None = None


class TypeOut(Answer):
    """A container type; without a version it comes with the product."""

    code: str
    name: str
    kind: str
    word: str
    shape: ShapeOut
    heights_mm: list[float]
    size_class: str
    mobile: bool
    retired: bool
    version: int | None


class TypesOut(Answer):
    """All types that the asker may use."""

    items: list[TypeOut]


class NewContainer(Body):
    """A rack or box: its type, its shape, or both; and where it goes."""

    kind: str
    code: str
    type: str = ""
    shape: ShapeBody | None = None
    into: str = ""
    position: str = ""
    name: str = ""
    barcode: str = ""
    model: str = ""


class LimitOut(Answer):
    """What may go in, of one subject, and the container that says so."""

    by: str
    subject: str
    values: list[str]


class ContainerOut(Answer):
    """A container: its shape, where it stands, how high, and what may go into it."""

    kind: str
    code: str
    name: str
    type: str | None
    shape: ShapeOut
    way: list[StepOut]
    height_mm: float | None
    heights_mm: list[float]
    size_class: str
    size_classes: dict[str, str]
    limits: list[LimitOut]
    retired: bool
    version: int


class LimitsBody(Body):
    """What may go in, by subject (container_type, sample_type, tier, project, quarantine: only or never)."""

    limits: dict[str, list[str]]


class MeasuresBody(Body):
    """Heights of the rows, own size class, and size classes by ordinal ("" for all others)."""

    heights_mm: list[float] = field(default_factory=list)
    size_class: str = ""
    size_classes: dict[str, str] = field(default_factory=dict)


class RetireBody(Body):
    """Why a container is retired."""

    reason: str = ""


class LevelBody(Body):
    """One level of a tree: its type, the pattern of the codes, how many in each (0: as many as fit)."""

    type: str
    pattern: str
    count: int = 0


class NewTree(Body):
    """Racks and boxes in a freezer or rack, in one go; with `dry_run` nothing is made."""

    into: str
    levels: list[LevelBody]
    dry_run: bool = False


class PlannedOut(Answer):
    """One container that would be made."""

    code: str
    parent: str
    ordinal: int


class TreeOut(Answer):
    """How far a tree has come; `planned` is there for a dry run only."""

    id: int | None
    state: str
    done: int
    total: int
    trouble: str
    planned: list[PlannedOut]


class WhereOut(Answer):
    """One position, found from any of its spellings."""

    container: str
    ordinal: int
    position: str
    height_mm: float | None


def shape_out(shape: BoxShape) -> ShapeOut:
    """Return a shape as the API tells it."""
    return ShapeOut(
        rows=shape.rows,
        columns=shape.columns,
        layers=shape.layers,
        labels=shape.labels,
        label_first=shape.label_first,
        fill=shape.fill,
        managed=shape.managed,
        blocked=sorted(shape.blocked),
        absent=sorted(shape.absent),
        capacity=shape.capacity,
        first=shape.first_label,
        last=shape.last_label,
    )


def type_out(found: AnyType) -> TypeOut:
    """Return a type as the API tells it."""
    own = found if isinstance(found, ContainerType) else None
    heights = heights_of(found.heights_mm) if isinstance(found, ContainerType) else found.heights_mm
    return TypeOut(
        code=found.code,
        name=found.name,
        kind=found.kind,
        word=found.word,
        shape=shape_out(found.shape),
        heights_mm=list(heights),
        size_class=found.size_class,
        mobile=found.mobile,
        retired=own is not None and own.retired_at is not None,
        version=own.version if own else None,
    )


def container_out(session: Session, found: Container) -> ContainerOut:
    """Return a container as the API tells it."""
    limits = queries.limits_of(session, [found.id])[found.id]
    return ContainerOut(
        kind=found.kind,
        code=found.code,
        name=found.name,
        type=found.type.code if found.type else None,
        shape=shape_out(found.shape),
        way=way(queries.path_of(session, found)),
        height_mm=queries.height_mm(session, found),
        heights_mm=list(heights_of(found.heights_mm)),
        size_class=found.size_class,
        size_classes=dict(sizes_of(found.size_classes)),
        limits=[
            LimitOut(by=one.box, subject=one.subject, values=sorted(one.values)) for one in limits
        ],
        retired=found.retired_at is not None,
        version=found.version,
    )


def tree_out(found: ContainerTree) -> TreeOut:
    """Return how far a tree has come."""
    trouble = json.loads(found.trouble)["code"] if found.trouble else ""
    return TreeOut(
        id=found.id,
        state=found.state,
        done=found.done,
        total=found.total,
        trouble=trouble,
        planned=[],
    )


def planned_out(planned: list[Planned]) -> TreeOut:
    """Return what would be made."""
    rows = [PlannedOut(code=one.code, parent=one.parent, ordinal=one.ordinal) for one in planned]
    return TreeOut(id=None, state="planned", done=0, total=len(rows), trouble="", planned=rows)
