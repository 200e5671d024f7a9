"""Panel places: a low page names a place, higher features put their news there."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from markupsafe import Markup

Panel = Callable[[Any], str | None]


class Panels:
    """`panels.offer("freezer", 10, function)` once; `{{ panels("freezer", freezer) }}` in the page."""

    def __init__(self) -> None:
        self._offered: dict[str, list[tuple[int, Panel]]] = defaultdict(list)

    def offer(self, place: str, position: int, panel: Panel) -> None:
        """Show what `panel(thing)` returns (HTML, or nothing); the lowest position stands first."""
        self._offered[place].append((position, panel))
        self._offered[place].sort(key=lambda item: item[0])

    def __call__(self, place: str, thing: object) -> Markup:
        """Return the HTML of all panels of this place for this thing."""
        shown = [panel(thing) for _position, panel in self._offered.get(place, [])]
        return Markup("\n").join(Markup(html) for html in shown if html)  # noqa: S704  panels are templates of our own
