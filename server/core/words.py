"""Sentences that people read: marked where they are written, translated where they are shown."""

from collections.abc import Mapping

LANGUAGES: Mapping[str, str] = {"en": "English", "zh_Hans": "中文"}
SOURCE_LANGUAGE = "en"

_catalogues: dict[str, dict[str, str]] = {}


def N_(text: str) -> str:  # noqa: N802  gettext's own name for this mark
    """Mark a sentence for translation; gives it back unchanged."""
    return text


def learn(language: str, sentences: Mapping[str, str]) -> None:
    """Add translated sentences of one language; a later call adds to the earlier ones."""
    _catalogues.setdefault(language, {}).update(sentences)


def known(language: str | None) -> str:
    """Return the language if Cryokeep speaks it, else English."""
    return language if language and language in LANGUAGES else SOURCE_LANGUAGE


def translate(language: str, template: str) -> str:
    """Return the template in this language, or in English where no translation is known."""
    return _catalogues.get(language, {}).get(template, "") or template


def say(language: str, template: str, /, **facts: object) -> str:
    """Return the sentence in this language with its facts in place."""
    text = translate(language, template)
    return text % facts if facts else text


def say_n(language: str, one: str, many: str, n: int, /, **facts: object) -> str:
    """Return the singular or plural sentence; %(n)s is the number."""
    template = one if n == 1 and language == SOURCE_LANGUAGE else many
    return translate(language, template) % {"n": n, **facts}
