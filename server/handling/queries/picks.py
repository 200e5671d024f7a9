"""Work lists: which there are, and their tubes in the order in which they are walked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session, joinedload

from server.accounts.queries import visible
from server.catalogue.models import Lot
from server.core.actor import Actor
from server.core.errors import NotFound, Refusal
from server.core.words import N_
from server.handling.models import HandlingTimes, WorkLine, WorkList
from server.handling.rules.routes import Stop, Times, in_order
from server.storage.models import Vial
from server.storage.queries import Path, paths_of

READ = "storage.read"
NO_LIST = N_("There is no list %(found)s.")
CHUNK = 500


@dataclass(frozen=True)
class Tube:
    """One tube of a list, with the way to it now."""

    line: WorkLine
    path: Path
    stop: Stop

    @property
    def code(self) -> str:
        """Return the tube's own code."""
        return self.line.vial.code


@dataclass(frozen=True)
class ListRow:
    """A list and how far it is."""

    work: WorkList
    tubes: int
    settled: int


def work_lists(session: Session, actor: Actor, most: int = 100) -> list[ListRow]:
    """Return the lists, open ones first and the newest of each first."""
    wanted: Select[Any] = (
        select(
            WorkList,
            func.count(WorkLine.id),
            func.coalesce(func.sum(case((WorkLine.state != "waiting", 1), else_=0)), 0),
        )
        .outerjoin(WorkLine, WorkLine.list_id == WorkList.id)
        .group_by(WorkList.id)
        .order_by(WorkList.state != "open", WorkList.id.desc())
        .limit(most)
    )
    rows = session.execute(visible(wanted, actor, READ, WorkList.org_id))
    return [ListRow(work, tubes, int(settled)) for work, tubes, settled in rows]


def work_list(session: Session, actor: Actor, permission: str, code: str) -> WorkList:
    """Return the list with this code; refused (NotFound) where there is none that the actor may see."""
    wanted = select(WorkList).where(WorkList.code.in_((code, code.upper())))
    found: WorkList | None = session.scalars(
        visible(wanted, actor, permission, WorkList.org_id)
    ).first()
    if found is None:
        raise NotFound(Refusal("no_list", NO_LIST, {"found": code}))
    return found


def lines_of(session: Session, work: WorkList) -> list[WorkLine]:
    """Return the list's lines, their vials, lots and lines loaded."""
    wanted = (
        select(WorkLine)
        .where(WorkLine.list_id == work.id)
        .options(
            joinedload(WorkLine.vial).joinedload(Vial.lot).joinedload(Lot.line),
            joinedload(WorkLine.container),
        )
        .order_by(WorkLine.id)
    )
    return list(session.scalars(wanted))


def walk(session: Session, lines: Sequence[WorkLine]) -> list[Tube]:
    """Return these tubes in the order of the walk, by where each of them (or its target) is now."""
    paths: dict[int, Path] = {}
    ids = [line.vial_id for line in lines]
    for start in range(0, len(ids), CHUNK):
        paths |= paths_of(session, vials=ids[start : start + CHUNK])
    targets = (
        paths_of(
            session, containers=sorted({line.container_id for line in lines if line.container_id})
        )
        if any(line.container_id for line in lines)
        else {}
    )
    by_code = {line.vial.code: line for line in lines}
    stops = [_stop(line, paths[line.vial_id], targets) for line in lines]
    return [
        Tube(by_code[stop.vial], _way(by_code[stop.vial], paths, targets), stop)
        for stop in in_order(stops)
    ]


def _way(line: WorkLine, paths: dict[int, Path], targets: dict[int, Path]) -> Path:
    return targets[line.container_id] if line.container_id else paths[line.vial_id]


def _stop(line: WorkLine, path: Path, targets: dict[int, Path]) -> Stop:
    way = targets[line.container_id] if line.container_id else path
    named = {step.kind: step for step in way.steps}
    ordinal = line.ordinal if line.container_id else way.ordinal
    return Stop(
        vial=line.vial.code,
        site=named["site"].code if "site" in named else "",
        room=named["room"].code if "room" in named else "",
        freezer=named["freezer"].code if "freezer" in named else "",
        rack=named["rack"].code if "rack" in named else "",
        box=named["box"].code if "box" in named else "",
        rack_at=named["freezer"].inside if "freezer" in named else "",
        box_at=named["rack"].inside if "rack" in named else "",
        ordinal=ordinal or 0,
    )


def times_of(session: Session, org_id: int) -> Times:
    """Return how long each movement keeps a lid open in this bank; the usual estimates where it has none."""
    found = session.get(HandlingTimes, org_id)
    if found is None:
        return Times()
    return Times(found.lid_s, found.rack_s, found.box_s, found.tube_s)


def open_lines_of(session: Session, vial_ids: Sequence[int], kind: str) -> dict[int, str]:
    """Return the code of the open list of this kind on which each of these vials still waits."""
    found: dict[int, str] = {}
    for start in range(0, len(vial_ids), CHUNK):
        wanted = (
            select(WorkLine.vial_id, WorkList.code)
            .join(WorkList, WorkList.id == WorkLine.list_id)
            .where(
                WorkLine.vial_id.in_(vial_ids[start : start + CHUNK]),
                WorkLine.state == "waiting",
                WorkList.state == "open",
                WorkList.kind == kind,
            )
        )
        found |= dict(session.execute(wanted).all())
    return found


def every(actor: Actor) -> Select[Any]:
    """Return the query of all lists that the actor may see."""
    return visible(select(WorkList), actor, READ, WorkList.org_id)
