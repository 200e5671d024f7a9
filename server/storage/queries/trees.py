"""Trees of containers that were made in one go."""

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from server.accounts.queries import visible
from server.core.actor import Actor
from server.core.errors import NotFound, Refusal
from server.core.words import N_
from server.storage.models import ContainerTree


def container_tree(session: Session, actor: Actor, permission: str, tree_id: int) -> ContainerTree:
    """Return the tree with this number; NotFound where there is none to see."""
    wanted = select(ContainerTree).where(ContainerTree.id == tree_id)
    wanted = wanted.options(joinedload(ContainerTree.root))
    found: ContainerTree | None = session.scalars(
        visible(wanted, actor, permission, ContainerTree.org_id)
    ).first()
    if found is None:
        because = N_("There is no tree of containers with the number %(number)s.")
        raise NotFound(Refusal("no_such_tree", because, {"number": tree_id}))
    return found
