"""What is wrong with a settings file, and where in it."""

import re
from collections.abc import Mapping
from operator import itemgetter
from pathlib import Path

_HEADER = re.compile(r"\s*(\[\[|\[)\s*([A-Za-z0-9_.-]+)\s*\]")
_KEY = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=")

Place = tuple[str | int, ...]
"""A way into the file, such as ("stream", 0, "probe", 1, "seed")."""


class Problems:
    """What is wrong, each with its place in the file."""

    def __init__(self, lines: Mapping[Place, int], folder: Path) -> None:
        self._found: list[tuple[int, str]] = []
        self.folder = folder
        """Paths in the file are relative to this folder."""
        self._lines = lines

    def say(self, place: Place, sentence: str) -> None:
        """Note one problem at this place."""
        line = next((self._lines[p] for p in _outwards(place) if p in self._lines), 0)
        where = f"line {line}, " if line else ""
        self._found.append((line, f"{where}{_worded(place)}: {sentence}"))

    @property
    def sentences(self) -> list[str]:
        """All problems in the order of the file."""
        return [sentence for _, sentence in sorted(self._found, key=itemgetter(0))]


def lines_of(text: str) -> dict[Place, int]:
    """The line of every section and key of a TOML text, as far as a plain reading finds them."""
    lines: dict[Place, int] = {}
    counts: dict[Place, int] = {}
    section: Place = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            section = _section(header[2].split("."), header[1] == "[[", counts)
            lines.setdefault(section, number)
        elif key := _KEY.match(line):
            lines.setdefault((*section, key[1]), number)
    return lines


def _section(names: list[str], is_list: bool, counts: dict[Place, int]) -> Place:
    place: Place = ()
    for depth, name in enumerate(names, 1):
        place = (*place, name)
        if depth == len(names) and is_list:
            counts[place] = counts.get(place, -1) + 1
        if place in counts:
            place = (*place, counts[place])
    return place


def _outwards(place: Place) -> list[Place]:
    return [place[:n] for n in range(len(place), 0, -1)]


def _worded(place: Place) -> str:
    """The place as people say it: stream 2, probe 1, interval_s."""
    parts: list[str] = []
    for item in place:
        if isinstance(item, int):
            parts[-1] += f" {item + 1}"
        else:
            parts.append(item)
    return ", ".join(parts) or "the file"
