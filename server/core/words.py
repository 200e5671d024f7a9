"""Sentences that people read: marked where they are written, translated where they are shown."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

LANGUAGES: Mapping[str, str] = {"en": "English", "zh_Hans": "中文"}
SOURCE_LANGUAGE = "en"

_catalogues: dict[str, dict[str, str]] = {}


def N_(text: str) -> str:  # noqa: N802  gettext's own name for this mark
    """Mark a sentence for translation; gives it back unchanged."""
    return text


_ones: dict[str, tuple[str, str]] = {}


def N_n(one: str, many: str, count: str, /) -> str:  # noqa: N802  as N_, for a sentence that counts
    """Mark both forms of a sentence that counts by this fact, and give back the plural one.

    Wherever it is said, English takes `one` when the fact is 1; Chinese has one form for both.
    """
    _ones[many] = (one, count)
    return many


def learn(language: str, sentences: Mapping[str, str]) -> None:
    """Add translated sentences of one language; a later call adds to the earlier ones."""
    _catalogues.setdefault(language, {}).update(sentences)


def known(language: str | None) -> str:
    """Return the language if Cryokeep speaks it, else English."""
    return language if language and language in LANGUAGES else SOURCE_LANGUAGE


def translate(language: str, template: str) -> str:
    """Return the template in this language, or in English where no translation is known."""
    return _catalogues.get(language, {}).get(template, "") or template


class Sayable:
    """What is said in the reader's language, wherever it stands: alone, or as a fact of another sentence."""

    def text(self, language: str = SOURCE_LANGUAGE) -> str:
        """Return it in this language."""
        raise TypeError(language)

    def __str__(self) -> str:
        """Return it in English, for logs and for what asks for text alone."""
        return self.text()


@dataclass(frozen=True)
class Sentence(Sayable):
    """A template and its facts; a fact may itself be a sentence."""

    template: str
    facts: Mapping[str, object] = field(default_factory=dict)

    def text(self, language: str = SOURCE_LANGUAGE) -> str:
        """Return it in this language."""
        return say(language, self.template, **self.facts)


@dataclass(frozen=True)
class Listed(Sayable):
    """Several words or sentences, one after the other."""

    parts: tuple[object, ...]

    def text(self, language: str = SOURCE_LANGUAGE) -> str:
        """Return them in this language, with its own sign between them."""
        between = "、" if language == "zh_Hans" else ", "
        return between.join(str(spoken(one, language)) for one in self.parts)


def words_of(table: Mapping[str, str], names: Iterable[str]) -> Listed:
    """Return what a table of marked words calls these, in order; what it does not know stays as it is."""
    return Listed(tuple(Sentence(table[name]) if name in table else name for name in names))


def spoken(value: object, language: str) -> object:
    """Return a fact as this language says it."""
    return value.text(language) if isinstance(value, Sayable) else value


def packed(facts: Mapping[str, object]) -> str:
    """Return facts, sentences among them, as JSON that `unpacked` reads."""
    return json.dumps(dict(facts), ensure_ascii=False, default=as_kept)


def unpacked(text: str) -> dict[str, object]:
    """Return the facts that `packed` wrote."""
    return facts_said(json.loads(text or "{}"))


def facts_said(kept: Mapping[str, object]) -> dict[str, object]:
    """Return facts as they were before JSON kept them."""
    return {name: as_said(fact) for name, fact in kept.items()}


def as_kept(value: object) -> object:
    """Return what JSON keeps of a fact for which it has no form of its own."""
    if isinstance(value, Listed):
        return {"list": list(value.parts)}
    template = getattr(value, "because", None) or getattr(value, "template", None)
    if isinstance(value, Sayable) and template:
        return {"say": template, "facts": dict(getattr(value, "facts", {}))}
    return str(value)


def as_said(kept: object) -> object:
    """Return the fact of which this was kept."""
    if isinstance(kept, dict) and set(kept) == {"say", "facts"}:
        return Sentence(str(kept["say"]), facts_said(kept["facts"]))
    if isinstance(kept, dict) and set(kept) == {"list"}:
        return Listed(tuple(as_said(one) for one in kept["list"]))
    return kept


def say(language: str, template: str, /, **facts: object) -> str:
    """Return the sentence in this language with its facts in place; facts that are words are said in it, too."""
    text = translate(language, counted(language, template, facts))
    return text % spoken_facts(language, facts) if facts else text


def counted(language: str, template: str, facts: Mapping[str, object]) -> str:
    """Return the form of a template that these facts take: its singular in English where its count is 1."""
    one, count = _ones.get(template, (template, ""))
    return one if language == SOURCE_LANGUAGE and str(facts.get(count)) == "1" else template


def say_n(language: str, one: str, many: str, n: int, /, **facts: object) -> str:
    """Return the singular or plural sentence; %(n)s is the number."""
    template = one if n == 1 and language == SOURCE_LANGUAGE else many
    return translate(language, template) % {"n": n, **spoken_facts(language, facts)}


def spoken_facts(language: str, facts: Mapping[str, object]) -> dict[str, object]:
    """Return facts as this language says them."""
    return {name: spoken(value, language) for name, value in facts.items()}
