"""What may be said of a vial beside its place and state."""

from server.core.errors import Refusal
from server.core.words import N_


def why_not_described(vial: str) -> Refusal:
    """Return the sentence for a vial that is gone: nothing more is said of it."""
    because = N_("%(vial)s has left for good; what is said of it stays as it is.")
    return Refusal("terminal_state", because, {"vial": vial})


def why_not_project(vial: str, org_id: int, project: str, project_org: int) -> Refusal | None:
    """Say that a project is another organisation's than the vial, or None."""
    if org_id == project_org:
        return None
    because = N_(
        "Project %(project)s belongs to another organisation than %(vial)s;"
        " a vial is given to a project of its own."
    )
    return Refusal("other_organisation", because, {"vial": vial, "project": project})
