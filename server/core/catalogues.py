"""Reads the translations that lie beside each feature (server/<feature>/zh_Hans.po)."""

from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

from server.core import words


@cache
def load(root: Path = Path(__file__).parent.parent) -> int:
    """Learn every feature's translations once; returns how many sentences were read."""
    count = 0
    for path in sorted(root.glob("*/*.po")):
        sentences = _sentences(path)
        words.learn(path.stem, sentences)
        count += len(sentences)
    return count


def _sentences(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.stem)
    found: dict[str, str] = {}
    for message in catalogue:
        if not message.id or not message.string or message.fuzzy:
            continue
        if isinstance(message.id, tuple):  # a plural: Chinese has one form for both
            found.update(dict.fromkeys(message.id, str((message.string or ("",))[0])))
        else:
            found[str(message.id)] = str(message.string)
    return found
