"""What may come out of what, and what a hold forbids; each answered with a reason."""

from collections.abc import Collection
from dataclasses import dataclass

from server.core.errors import Refusal
from server.core.words import N_

KINDS = ("line", "lot", "vial", "sample", "batch", "dose")
DEEPEST = 40
"""So many generations are followed; a bank's lots have three or four."""

RELATIONS = {
    "thaw": N_("thawed"),
    "passage": N_("passaged"),
    "expansion": N_("expanded"),
    "subclone": N_("subcloned"),
    "reprogramming": N_("reprogrammed"),
    "differentiation": N_("differentiated"),
    "gene_edit": N_("edited"),
    "pool": N_("pooled"),
    "split": N_("split"),
    "aliquot": N_("aliquoted"),
    "formulation": N_("formulated"),
}
WITHOUT_CULTURE = frozenset({"pool", "split", "aliquot", "formulation"})
"""Relations in which no cell divides, so that the passage stays the same."""

CAUSES = {
    "excursion": N_("it was too warm"),
    "contamination": N_("contamination is suspected or found"),
    "identity": N_("its identity is in doubt"),
    "consent": N_("the donor's consent"),
    "complaint": N_("a recipient complained"),
    "stock_check": N_("the stock is being checked"),
    "documents": N_("its documents are incomplete"),
    "other": N_("another cause, see the note"),
}
SEVERITIES = {"hold": N_("hold"), "quarantine": N_("quarantine")}

USES = frozenset(
    {"take_out", "ship", "reserve", "thaw", "consume", "aliquot", "derive", "pool", "split"}
)
"""Acts that use a thing up or give it away."""
FORBIDS: dict[str, frozenset[str]] = {
    "hold": USES | {"discard", "lose"},
    "quarantine": USES | {"discard", "lose"},
}
"""What each severity forbids. Either allows to move, count, miss and find a thing, and to put it back,
but not to give it up as lost;
a thing in quarantine goes only where quarantine is allowed, which is a rule of places."""

LONGEST_NOTE = 500

_HELD = {
    "excursion": N_(
        "%(thing)s is on hold, for it was too warm"
        " (laid on %(target)s by %(by)s). It may be moved and counted; nothing else is done with it until every hold on it is lifted."
    ),
    "contamination": N_(
        "%(thing)s is on hold, for contamination is suspected or found"
        " (laid on %(target)s by %(by)s). It may be moved and counted; nothing else is done with it until every hold on it is lifted."
    ),
    "identity": N_(
        "%(thing)s is on hold, for its identity is in doubt"
        " (laid on %(target)s by %(by)s). It may be moved and counted; nothing else is done with it until every hold on it is lifted."
    ),
    "consent": N_(
        "%(thing)s is on hold because of the donor's consent"
        " (laid on %(target)s by %(by)s). It may be moved and counted; nothing else is done with it until every hold on it is lifted."
    ),
    "complaint": N_(
        "%(thing)s is on hold, for a recipient complained"
        " (laid on %(target)s by %(by)s). It may be moved and counted; nothing else is done with it until every hold on it is lifted."
    ),
    "stock_check": N_(
        "%(thing)s is on hold, for the stock is being checked"
        " (laid on %(target)s by %(by)s). It may be moved and counted; nothing else is done with it until every hold on it is lifted."
    ),
    "documents": N_(
        "%(thing)s is on hold, for its documents are incomplete"
        " (laid on %(target)s by %(by)s). It may be moved and counted; nothing else is done with it until every hold on it is lifted."
    ),
    "other": N_(
        "%(thing)s is on hold"
        " (laid on %(target)s by %(by)s). It may be moved and counted; nothing else is done with it until every hold on it is lifted."
    ),
}


@dataclass(frozen=True)
class Ref:
    """A thing of any feature: its kind and id, and the code that people read."""

    kind: str
    id: int
    code: str = ""

    @property
    def key(self) -> tuple[str, int]:
        """Return what tells it from every other thing."""
        return (self.kind, self.id)


def why_not_edge(parent: Ref, child: Ref, relation: str, volume_ul: int | None) -> Refusal | None:
    """Say why this cannot have come out of that, or None when it can; circles are looked for elsewhere."""
    if relation not in RELATIONS:
        because = N_("“%(found)s” is not a way in which one thing comes out of another.")
        return Refusal("bad_relation", because, {"found": relation})
    bad = next((each.kind for each in (parent, child) if each.kind not in KINDS), None)
    if bad is not None:
        because = N_("“%(found)s” is not a kind of thing that has parents or children.")
        return Refusal("bad_kind", because, {"found": bad})
    if volume_ul is not None and volume_ul <= 0:
        because = N_("%(found)s µl is not a volume that was taken; more than 0 is expected.")
        return Refusal("bad_volume", because, {"found": volume_ul})
    return why_not_circle(parent, child, frozenset())


def why_not_circle(
    parent: Ref, child: Ref, ancestors: Collection[tuple[str, int]]
) -> Refusal | None:
    """Say that the child is the parent itself or one of the parent's ancestors, or None when it is not."""
    if child.key != parent.key and child.key not in ancestors:
        return None
    because = N_(
        "%(child)s cannot come out of %(parent)s, for %(parent)s comes out of %(child)s already."
    )
    return Refusal("circle", because, {"parent": parent.code, "child": child.code})


def forbids(severity: str, act: str) -> bool:
    """Say whether a hold of this severity forbids this act."""
    return act in FORBIDS[severity]


def why_held(
    thing: str, act: str, cause: str, severity: str, target: str, by: str
) -> Refusal | None:
    """Say why a hold forbids this act with a thing, or None where it allows it."""
    if not forbids(severity, act):
        return None
    facts = {"thing": thing, "cause": cause, "target": target, "by": by, "act": act}
    return Refusal("on_hold", _HELD.get(cause, _HELD["other"]), facts)


def why_not_lay(cause: str, severity: str, note: str) -> Refusal | None:
    """Say why no such hold can be laid, or None when it can."""
    if cause not in CAUSES or severity not in SEVERITIES:
        because = N_("Choose a cause; “%(found)s” is not one of the list.")
        return Refusal("bad_cause", because, {"found": cause})
    if cause == "other" and not note.strip():
        return Refusal("no_note", N_("Say in the note why it is held."))
    return why_not_note(note)


def why_not_lift(thing: str, because: str, *, lifted: bool) -> Refusal | None:
    """Say why a hold cannot be lifted so, or None when it can."""
    if lifted:
        text = N_("This hold on %(thing)s has been lifted already.")
        return Refusal("lifted", text, {"thing": thing})
    if not because.strip():
        text = N_("Say why the hold on %(thing)s is lifted.")
        return Refusal("no_reason", text, {"thing": thing})
    return why_not_note(because)


def why_not_note(note: str) -> Refusal | None:
    """Say that a note is too long, or None when it is not."""
    if len(note) <= LONGEST_NOTE:
        return None
    because = N_("This text has %(found)s characters; at most %(most)s are expected.")
    return Refusal("long_text", because, {"found": len(note), "most": LONGEST_NOTE})
