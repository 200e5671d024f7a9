"""What the words of a text are, and what a query asks for."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

VERSION = 1
"""Raise it when `words_of` changes: every worker then makes the index anew by itself."""
LONGEST = 64
MOST_WORDS = 400
MOST_TERMS = 8
LAST = "\U0010ffff"

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff\u3040-\u30ff\uac00-\ud7af"
_PIECE = re.compile(rf"([{_HAN}]+)|((?:(?![{_HAN}])[\w.:/+#@-])+)")
_ACCENTS = re.compile("[\u0300-\u036f]")
_PART = re.compile(r"[^\W_]+")
_RUN = re.compile(r"\d+|[^\W\d_]+")


@dataclass(frozen=True)
class Term:
    """One thing that is asked for: any of these words, or (where `begins`) a word that begins so."""

    words: tuple[str, ...]
    begins: bool = False

    @property
    def ranges(self) -> list[tuple[str, str]]:
        """Return from which word to before which one each beginning reaches."""
        return [(word, word + LAST) for word in self.words]


def normal(text: str) -> str:
    """Return the text as it is compared: full width as half width, capitals as small letters, no accents."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFKC", _ACCENTS.sub("", apart))


def words_of(*texts: str | None) -> frozenset[str]:
    """Return the words under which these texts are found.

    A code is found whole, without its separators, by each part, and by its runs of letters or digits;
    Chinese by every two characters that stand together, and by each single one.
    """
    found: dict[str, None] = {}
    for text in texts:
        for word in _known(text) if text and len(text) <= LONGEST else _words(normal(text or "")):
            found[word[:LONGEST]] = None
            if len(found) >= MOST_WORDS:
                return frozenset(found)
    return frozenset(found)


@lru_cache(10_000)
def _known(text: str) -> tuple[str, ...]:
    """Return the words of a short text: thousands of things say the same date, medium or number."""
    return tuple(_words(normal(text)))


def _words(text: str) -> Iterator[str]:
    for han, latin in _PIECE.findall(text):
        yield from _grams(han) if han else _fragments(latin)


def _grams(han: str) -> Iterator[str]:
    """Yield every two neighbours, and the last character alone: each character begins one of them."""
    return (han[at : at + 2] for at in range(len(han)))


def _fragments(piece: str) -> Iterator[str]:
    parts = _PART.findall(piece)
    if len(parts) > 1:
        yield piece.strip(".:/+#@-_")
        yield "".join(parts)
    for part in parts:
        yield part
        runs = [run.group() for run in _RUN.finditer(part)]
        if len(runs) > 1:
            yield from (run for run in runs if len(run) > 1)
            yield from (part[found.start() :] for found in list(_RUN.finditer(part))[1:])


def terms_of(query: str) -> list[Term]:
    """Return what a query asks for, every term of it needed; each word may be only begun.

    Empty where nothing in it can be looked for.
    """
    return list(dict.fromkeys(_terms(normal(query))))[:MOST_TERMS]


def _terms(text: str) -> Iterator[Term]:
    for han, latin in _PIECE.findall(text):
        if han:
            pairs = (han[at : at + 2] for at in range(max(1, len(han) - 1)))
            yield from (Term((pair,), begins=len(pair) == 1) for pair in pairs)
        elif parts := _PART.findall(latin):
            whole, joined = latin.strip(".:/+#@-_"), "".join(parts)
            words = dict.fromkeys(word[:LONGEST] for word in (whole, joined))
            yield Term(tuple(words), begins=True)


def bears(words: Iterable[str], term: Term) -> bool:
    """Say whether something with these words has what the term asks for."""
    if term.begins:
        return any(word.startswith(term.words) for word in words)
    return any(word in term.words for word in words)
