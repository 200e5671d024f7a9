"""What storage does by the clock: it goes on with trees of containers that were begun."""

from sqlalchemy import select

from server.core.actor import Actor
from server.core.clock import Clock
from server.core.db import Database
from server.core.errors import Conflict
from server.storage.models import ContainerTree
from server.storage.service import trees


def go_on_with_trees(database: Database, clock: Clock) -> int:
    """Make the next slice of every tree that is being made or taken back; returns how many there were."""
    with database.reading() as session:
        wanted = select(ContainerTree.id).where(ContainerTree.state.in_(("making", "taking_back")))
        ids = list(session.scalars(wanted.order_by(ContainerTree.id)))
    for tree_id in ids:
        _go_on(database, clock, tree_id)
    return len(ids)


def _go_on(database: Database, clock: Clock, tree_id: int) -> None:
    try:
        with database.writing() as session:
            tree = session.get_one(ContainerTree, tree_id)
            act = trees.take_back if tree.state == "taking_back" else trees.make_slice
            act(session, asker_of(tree), tree, at=clock.now())
    except Conflict as refused:
        with database.writing() as session:
            trees.stop(session, session.get_one(ContainerTree, tree_id), refused.refusal)


def asker_of(tree: ContainerTree) -> Actor:
    """Return the person who asked for the tree, acting through the worker."""
    if tree.by_id is None:
        return Actor.system(tree.by_name)
    return Actor(id=tree.by_id, name=tree.by_name, door="worker", org_id=tree.org_id)


JOBS = (("trees of containers", 1.0, go_on_with_trees),)
