"""Reads one table of a settings file key by key and collects, in words, all that is wrong with it."""

import difflib
import math
from collections.abc import Callable, Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from edge_agent.settings_problems import Place, Problems
from edge_agent.wire.errors import WireError, shown

_MISSING: Final = object()
_HUGE: Final = 1e300


class Table:
    """One table of the file. Every reader gives a usable value, and notes a problem if it had to."""

    def __init__(self, values: object, place: Place, problems: Problems) -> None:
        self.place = place
        self._problems = problems
        self._asked: list[str] = []
        self._values: dict[str, Any] = {}
        if isinstance(values, dict):
            self._values = values
        else:
            problems.say(place, f"found {shown(values)}; expected a table")

    def problem(self, key: str, sentence: str) -> None:
        """Note a problem with this key."""
        self._problems.say((*self.place, key), sentence)

    def has(self, key: str) -> bool:
        """Say whether the key is given."""
        self._asked.append(key)
        return key in self._values

    def text(self, key: str, default: str | None = None, *, choices: Sequence[str] = ()) -> str:
        """A text; required where there is no default; one of the choices where there are some."""
        found = self._take(key, default, "a text in quotes")
        if isinstance(found, str) and (not choices or found in choices):
            return found
        if found is not _MISSING:
            wanted = " or ".join(f'"{c}"' for c in choices) or "a text in quotes"
            self.problem(key, f"found {shown(found)}; expected {wanted}{_hint(found, choices)}")
        return default or (choices[0] if choices else "")

    def name(self, key: str, default: str | None, check: Callable[[str], str]) -> str:
        """A text that stands the check, which raises a WireError for one that does not."""
        name = self.text(key, default)
        try:
            return check(name) if isinstance(self._values.get(key), str) else name
        except WireError as error:
            self.problem(key, str(error))
            return ""

    def number(
        self, key: str, default: float | None = None, low: float = -math.inf, high: float = math.inf
    ) -> float:
        """A finite number from low to high; required where there is no default."""
        found = self._take(key, default, "a number")
        good = isinstance(found, int | float) and not isinstance(found, bool)
        if good and -_HUGE < found < _HUGE and low <= found <= high:
            return float(found)
        if found is not _MISSING:
            self.problem(key, f"found {shown(found)}; expected a number{_span(low, high)}")
        return 0.0 if default is None else default

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        """A whole number from low to high."""
        found = self._take(key, default, "a whole number")
        if type(found) is int and low <= found <= high:
            return found
        self.problem(key, f"found {shown(found)}; expected a whole number{_span(low, high)}")
        return default

    def path(self, key: str, default: str | None = None) -> Path:
        """A path, taken from the folder of the settings file; "." where it is empty."""
        text = self.text(key, default)
        return self._problems.folder / text if text else Path()

    def day(self, key: str) -> date | None:
        """A day such as 2027-01-31, or None where it is not given."""
        found = self._take(key, "", "a day")
        if type(found) is date:
            return found
        try:
            return date.fromisoformat(found) if found else None
        except (TypeError, ValueError):
            self.problem(key, f"found {shown(found)}; expected a day such as 2027-01-31")
            return None

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false."""
        found = self._take(key, default, "true or false")
        if isinstance(found, bool):
            return found
        self.problem(key, f"found {shown(found)}; expected true or false")
        return default

    def texts(self, key: str) -> dict[str, str]:
        """A table whose values are texts, such as { top_c = "temp_top_c" }."""
        found = self._take(key, {}, "a table")
        if isinstance(found, dict) and all(isinstance(v, str) for v in found.values()):
            return found
        self.problem(key, f"found {shown(found)}; expected a table of texts")
        return {}

    def list_of_texts(self, key: str) -> list[str]:
        """Texts such as ["catalog", "resend"]; none where it is not given."""
        found = self._take(key, [], "a list of texts")
        if isinstance(found, list) and all(isinstance(v, str) for v in found):
            return found
        self.problem(key, f"found {shown(found)}; expected a list of texts")
        return []

    def points(self, key: str, *, least: int = 0) -> tuple[tuple[float, float], ...]:
        """Pairs such as [[4.0, 0], [20.0, 780]] whose first numbers rise; none where it is not given."""
        found = self._take(key, [], "pairs of numbers")
        good = isinstance(found, list) and all(_is_pair(pair) for pair in found)
        if not good:
            self.problem(
                key, f"found {shown(found)}; expected pairs of numbers such as [[4, 0], [20, 780]]"
            )
            return ()
        points = tuple((float(first), float(second)) for first, second in found)
        if (points or least) and len(points) < max(least, 2):
            self.problem(key, f"found {len(points)} pairs; expected at least {max(least, 2)}")
        if any(b[0] <= a[0] for a, b in pairwise(points)):
            self.problem(
                key, "the first numbers of the pairs must rise; expected each above the last"
            )
        return points

    def table(self, key: str) -> "Table":
        """A table inside this one; empty when it is not given."""
        return Table(self._take(key, {}, "a table"), (*self.place, key), self._problems)

    def tables(self, key: str, *, least: int = 0) -> list["Table"]:
        """The tables written [[key]], at least `least` of them."""
        found = self._take(key, [], "tables")
        place = (*self.place, key)
        if not isinstance(found, list):
            self.problem(key, f"found {shown(found)}; expected tables written [[{key}]]")
            return []
        if len(found) < least:
            self.problem(key, f"found none; expected at least one table [[{key}]]")
        return [Table(item, (*place, n), self._problems) for n, item in enumerate(found)]

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that are given."""
        return tuple(self._values)

    def finish(self) -> None:
        """Note every key that nobody asked for."""
        for key in self._values:
            if key not in self._asked:
                known = ", ".join(sorted(set(self._asked)))
                self.problem(
                    key, f"this key is not known{_hint(key, self._asked)}; known here: {known}"
                )

    def _take(self, key: str, default: object, expected: str) -> Any:  # noqa: ANN401  # TOML values
        self._asked.append(key)
        if key in self._values:
            return self._values[key]
        if default is None:
            self.problem(key, f"missing; expected {expected}")
            return _MISSING
        return default


def _is_pair(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(type(v) in {int, float} and -_HUGE < v < _HUGE for v in value)
    )


def _hint(found: object, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(str(found), known, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _span(low: float, high: float) -> str:
    if math.isfinite(low) and math.isfinite(high):
        return f" from {low:g} to {high:g}"
    if math.isfinite(low):
        return f" of at least {low:g}"
    return f" of at most {high:g}" if math.isfinite(high) else ""
