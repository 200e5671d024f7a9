"""Trees of containers made in one go: levels, patterns of codes, and what comes of them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from server.core.errors import Refusal
from server.core.words import N_, N_n
from server.storage.positions import BoxShape
from server.storage.rules.codes import why_not_code
from server.storage.rules.places import DEEPEST, why_not_hold

MOST = 2000
_TOKEN = re.compile(r"\{([a-z]*)(?::([1-9]))?\}")
TOKENS = ("parent", "root", "n", "all", "position")


@dataclass(frozen=True)
class Level:
    """So many containers of one kind in each container of the level above; 0 fills it."""

    kind: str
    type: str
    shape: BoxShape
    pattern: str
    """{parent} {root} {position} {n} (in its parent) {all} (on its level); {n:2} writes 07."""
    count: int = 0


@dataclass(frozen=True)
class Planned:
    """One container that is to be made: where it stands, and how it is called."""

    code: str
    level: int
    parent: str
    ordinal: int


def why_not_tree(
    root: str, kind: str, free: Sequence[int], levels: Sequence[Level], above: int = 0
) -> Refusal | None:
    """Say why no such tree can be made in this root, of which these positions are free, or None."""
    if not levels:
        return Refusal("no_level", N_("Say what goes into it: at least one level is expected."))
    if above + 1 + len(levels) > DEEPEST:
        because = N_("%(box)s stands too deep: at most %(most)s containers stand in one another.")
        return Refusal("too_deep", because, {"box": root, "most": DEEPEST})
    outer, outer_kind, room = root, kind, len(free)
    total, on_level = 0, 1
    for level in levels:
        if refusal := why_not_hold(outer, outer_kind, level.kind) or _why_not_pattern(level):
            return refusal
        if level.count > room or room == 0:
            because = N_n(
                "%(box)s has 1 free position, but %(wanted)s are needed.",
                "%(box)s has %(free)s free positions, but %(wanted)s are needed.",
                "free",
            )
            return Refusal("box_full", because, {"box": outer, "free": room, "wanted": level.count})
        on_level *= level.count or room
        total += on_level
        outer, outer_kind, room = level.type, level.kind, level.shape.capacity
    if total > MOST:
        because = N_("This would make %(found)s containers; at most %(most)s are made in one go.")
        return Refusal("too_many", because, {"found": total, "most": MOST})
    return None


def _why_not_pattern(level: Level) -> Refusal | None:
    words = [found[1] for found in _TOKEN.finditer(level.pattern)]
    unknown = [word for word in words if word not in TOKENS]
    if unknown or not words or set("{}") & set(_TOKEN.sub("", level.pattern)):
        because = N_(
            "“%(found)s” is no pattern of codes: text with {parent}, {root}, {position}, {n} or {all} is expected,"
            " such as {parent}-{n:2}."
        )
        return Refusal("bad_pattern", because, {"found": level.pattern})
    return None


def plan(root: str, shape: BoxShape, free: Sequence[int], levels: Sequence[Level]) -> list[Planned]:
    """Return the containers in the order in which they are made: each before what stands in it."""
    return list(_within(root, root, shape, free, levels, 0, [0] * len(levels)))


def _within(
    root: str,
    parent: str,
    shape: BoxShape,
    free: Sequence[int],
    levels: Sequence[Level],
    depth: int,
    made: list[int],
) -> Iterator[Planned]:
    if depth == len(levels):
        return
    level = levels[depth]
    for number, ordinal in enumerate(free[: level.count or None], start=1):
        made[depth] += 1
        facts = {
            "parent": parent,
            "root": root,
            "n": number,
            "all": made[depth],
            "position": _plain(shape.label(ordinal)),
        }
        code = code_of(level.pattern, facts)
        yield Planned(code, depth, parent, ordinal)
        inner = level.shape
        yield from _within(root, code, inner, inner.usable, levels, depth + 1, made)


def _plain(label: str) -> str:
    """Return a label as it can stand in a code."""
    return re.sub(r"[^A-Za-z0-9-]+", "-", label).strip("-")


def code_of(pattern: str, facts: Mapping[str, object]) -> str:
    """Return the code that a pattern gives; numbers get as many digits as it asks for."""

    def written(found: re.Match[str]) -> str:
        value, digits = str(facts[found[1]]), int(found[2] or 1)
        return value.zfill(digits) if value.isdigit() else value

    return _TOKEN.sub(written, pattern)


def why_not_planned(planned: Sequence[Planned], taken: Mapping[str, str]) -> list[Refusal]:
    """Return what is wrong with the codes: no codes, the same twice, given already (with who has it)."""
    refusals, seen = [], set[str]()
    for one in planned:
        if refusal := why_not_code(one.code):
            refusals.append(refusal)
        elif one.code in seen:
            because = N_(
                "The pattern gives %(code)s twice. Put {parent} or {all} into it, so that each code is given once."
            )
            refusals.append(Refusal("code_twice", because, {"code": one.code}))
        elif one.code in taken:
            because = N_("The code %(code)s is taken already; every code is given once.")
            refusals.append(Refusal("code_taken", because, {"code": one.code}))
        seen.add(one.code)
    return refusals
