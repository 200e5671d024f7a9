"""Forms of containers and of their types: shapes, heights, sizes, limits."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property

from server.catalogue.rules import TIERS
from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.kit import forms
from server.kit.forms import Form
from server.kit.i18n import gettext
from server.storage import rules
from server.storage.container_types import KIND_WORDS, WORDS, cells_of, drawing_of
from server.storage.models import Container
from server.storage.positions import FILLS, FIRSTS, LETTER_NUMBER, SCHEMES, BoxShape
from server.storage.rules.limits import NEVER, ONLY

BETWEEN = re.compile(r"[,;\n、]+")
MANAGED = ("yes", "no")


class ShapeForm(Form):
    """Rows, columns, layers, how positions are written and filled; a drawing leaves some out."""

    rows: int | None = forms.whole(least=1, most=rules.MOST_ROWS, required=False)
    columns: int | None = forms.whole(least=1, most=rules.MOST_POSITIONS, required=False)
    layers: int | None = forms.whole(least=1, most=rules.MOST_ROWS, required=False)
    labels: str = forms.choice(SCHEMES, required=False)
    label_first: str = forms.choice(FIRSTS, required=False)
    fill: str = forms.choice(FILLS, required=False)
    managed: str = forms.choice(MANAGED, required=False)
    layout: str = forms.text(required=False, most=4000)

    @cached_property
    def shape(self) -> BoxShape | None:
        """Return the shape that was typed; None where neither rows nor columns were."""
        if self.rows is None and self.columns is None:
            return None
        managed = self.managed != "no"
        return BoxShape(
            rows=(self.rows or 1) if managed else 1,
            columns=self.columns or 1,
            layers=(self.layers or 1) if managed else 1,
            labels=self.labels or LETTER_NUMBER,
            label_first=self.label_first or "row",
            fill=self.fill or "right-down",
            managed=managed,
            blocked=cells_of(self.layout, "x"),
            absent=cells_of(self.layout, "."),
        )

    def quarrels(self) -> Mapping[str, Refusal]:
        """Refuse a drawing of another size than rows and columns say, and a shape that cannot be."""
        if self.shape is None:
            return {}
        drawn = "".join(self.layout.split())
        if drawn and (set(drawn) - set("ox.") or len(drawn) != self.shape.size):
            because = N_(
                "The drawing has %(found)s signs; %(expected)s are expected: o for a position, x for a blocked one,"
                " a dot where there is none."
            )
            facts = {"found": len(drawn), "expected": self.shape.size}
            return {"layout": Refusal("bad_drawing", because, facts)}
        refusal = rules.why_not_shape(self.shape)
        return {"rows": refusal} if refusal else {}


class ContainerForm(ShapeForm):
    """What freezers, racks and boxes have in common: a type, or a shape of their own."""

    code: str = forms.code()
    name: str = forms.text(required=False)
    model: str = forms.text(required=False)
    type: str = forms.code(required=False)

    def quarrels(self) -> Mapping[str, Refusal]:
        """Refuse a container of which neither the type nor the shape is said."""
        if not self.type and self.shape is None:
            because = N_("Choose a type, or give rows and columns.")
            return {"type": Refusal("no_shape", because)}
        return super().quarrels()


class FreezerForm(ContainerForm):
    """A new freezer; the choices are ids of the site's rows."""

    room: int = forms.choice()
    circuit: int | str = forms.choice(required=False)
    supply: int | str = forms.choice(required=False)


class InnerForm(ContainerForm):
    """A new rack or box, and where it goes."""

    into: str = forms.code(required=False)
    position: str = forms.text(required=False, most=40)
    barcode: str = forms.code(required=False)


class MeasuresForm(Form):
    """Heights of rows and sizes of positions, as they are typed."""

    heights: str = forms.text(required=False, most=2000)
    size_class: str = forms.text(required=False, most=40)
    sizes: str = forms.text(required=False, most=4000)

    def heights_mm(self, shape: BoxShape) -> list[float]:
        """Return one height for each row from the first on; a single number stands for all rows."""
        words = [word for word in re.split(r"[\s,;、]+", self.heights) if word]
        try:
            found = [float(word) for word in words]
        except ValueError:
            because = N_("“%(found)s” is no list of heights; numbers in mm are expected.")
            raise Invalid(
                Refusal("bad_heights", because, {"found": self.heights[:80]}), field="heights"
            ) from None
        return found * (shape.rows * shape.layers) if len(found) == 1 else found

    def size_classes(self, shape: BoxShape, code: str) -> dict[str, str]:
        """Return size classes by ordinal: a line is `tall: A1, A2`, or `tall: *` for all others."""
        found: dict[str, str] = {}
        for line in filter(str.strip, self.sizes.splitlines()):
            word, colon, places = line.partition(":")
            if not colon or not word.strip():
                because = N_(
                    "“%(found)s” is not understood; a size, a colon and positions are expected, such as tall: A1, A2."
                )
                raise Invalid(Refusal("bad_sizes", because, {"found": line.strip()}), field="sizes")
            if places.strip() == "*":
                found[""] = word.strip()
                continue
            for ordinal in ordinals_in(shape, code, places, "sizes"):
                found[str(ordinal)] = word.strip()
        return found


class TypeForm(ShapeForm, MeasuresForm):
    """A container type of the organisation's own."""

    code: str = forms.code(required=False)
    name: str = forms.text()
    kind: str = forms.choice(tuple(KIND_WORDS))
    word: str = forms.choice(tuple(WORDS))
    mobile: bool = forms.checkbox()
    version: int | None = forms.whole(required=False)

    def quarrels(self) -> Mapping[str, Refusal]:
        """Refuse a type without a shape."""
        if self.shape is None:
            return {"rows": Refusal("no_shape", N_("Give rows and columns."))}
        return super().quarrels()


class DescribeForm(Form):
    """What is said of a container."""

    name: str = forms.text(required=False)
    barcode: str = forms.code(required=False)
    model: str = forms.text(required=False)


class ReshapeForm(ShapeForm):
    """Another shape of a container, and its blocked positions as they are written."""

    blocked: str = forms.text(required=False, most=4000)

    def wanted(self, found: Container) -> BoxShape:
        """Return the shape that was asked for; blocked positions are read as they are written now.

        Without a drawing the cells that are left out stay so, where the grid stays.
        """
        before, after = found.shape, self.shape or found.shape
        sides = (after.rows, after.columns, after.layers)
        if not self.layout and sides == (before.rows, before.columns, before.layers):
            after = replace(after, absent=before.absent)
        blocked = ordinals_in(before, found.code, self.blocked, "blocked")
        return replace(
            after, blocked=after.blocked | frozenset(blocked) if self.layout else frozenset(blocked)
        )


def ticked(sent: Iterable[str]) -> set[int]:
    """Return the ordinals that were ticked; refuses what is none."""
    found = list(sent)
    if strange := [
        one for one in found if not (one.isascii() and one.isdecimal() and len(one) < 6)
    ]:
        because = N_("“%(found)s” is not a position of %(box)s.")
        facts = {"found": strange[0][:20], "box": "?"}
        raise Invalid(Refusal("no_such_position", because, facts), field="blocked")
    return {int(one) for one in found}


class StandForm(Form):
    """Where a freezer stands; the choices are ids of the site's rows."""

    room: int = forms.choice()
    circuit: int | str = forms.choice(required=False)
    supply: int | str = forms.choice(required=False)
    happened_at: str = forms.text(required=False, most=40)
    """Since when, as people write it in the time of its site; empty: since now."""


class LimitsForm(Form):
    """What may go into a container; codes with commas between, nothing where it is not limited."""

    container_type: str = forms.text(required=False, most=1000)
    sample_type: str = forms.text(required=False, most=1000)
    project: str = forms.text(required=False, most=1000)
    tier: list[str] = forms.many(tuple(TIERS))
    quarantine: str = forms.choice((ONLY, NEVER), required=False)

    @property
    def wanted(self) -> dict[str, list[str]]:
        """Return what was typed, by subject."""
        return {
            "container_type": words_in(self.container_type),
            "sample_type": words_in(self.sample_type),
            "project": words_in(self.project),
            "tier": self.tier,
            "quarantine": [self.quarantine] if self.quarantine else [],
        }


class RetireForm(Form):
    """Why a container is retired."""

    reason: str = forms.choice(("worn", "broken", "sold", "replaced", "mistake"))


def words_in(text: str) -> list[str]:
    """Return the words between commas or on lines of their own."""
    return [word.strip() for word in BETWEEN.split(text) if word.strip()]


def ordinals_in(shape: BoxShape, code: str, text: str, field: str) -> list[int]:
    """Return the positions that are written there; refuses what is none or may be several."""
    found = []
    for word in words_in(text):
        meanings = shape.meanings(word)
        if len(meanings) != 1:
            refusal = rules.why_not_at(shape, code, None, word)
            raise Invalid(refusal or NOT_READ, field=field)
        found.append(meanings[0])
    return found


NOT_READ = Refusal("no_position", N_("A position is missing."))


def typed_shape(shape: BoxShape) -> dict[str, object]:
    """Return a shape as its form shows it."""
    plain = not shape.blocked and not shape.absent
    return {
        "rows": shape.rows,
        "columns": shape.columns,
        "layers": shape.layers,
        "labels": shape.labels,
        "label_first": shape.label_first,
        "fill": shape.fill,
        "managed": "yes" if shape.managed else "no",
        "layout": "" if plain else "\n".join(drawing_of(shape)),
    }


FILL_WORDS = {
    "right-down": N_("to the right, then down"),
    "left-down": N_("to the left, then down"),
    "right-up": N_("to the right, then up"),
    "left-up": N_("to the left, then up"),
    "down-right": N_("down, then to the right"),
    "down-left": N_("down, then to the left"),
    "up-right": N_("up, then to the right"),
    "up-left": N_("up, then to the left"),
}


def shape_choices() -> dict[str, list[tuple[str, str]]]:
    """Return every way to write positions, with what it writes, and every way to fill them."""
    return {
        "schemes": [(one, _example(BoxShape(4, 12, labels=one))) for one in SCHEMES],
        "fills": [(one, gettext(FILL_WORDS[one])) for one in FILLS],
    }


def _example(shape: BoxShape) -> str:
    first, second, last = shape.label(1), shape.label(2), shape.label(shape.size)
    return f"{first}, {second}, … {shape.label(shape.columns + 1)} … {last}"
