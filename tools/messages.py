"""Keep the translations up to the sources: every sentence of a feature stands in its zh_Hans.po.

`make messages` adds what is new with an empty translation (the house test names it until somebody fills it
in) and drops what no source says any more. Catalogues lie beside the code: server/<feature>/zh_Hans.po.
"""

from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

PROJECT = Path(__file__).resolve().parent.parent
LANGUAGE = "zh_Hans"
# which argument of which function is a sentence, counted from 1; two numbers: singular and plural
KEYWORDS = {
    "N_": None,
    "N_n": (1, 2),
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "say": (2,),
    "say_n": (2, 3),
}
Sentence = str | tuple[str, str]


def features() -> list[Path]:
    """Return the folders of server/ that may hold sentences."""
    return sorted(
        path for path in (PROJECT / "server").iterdir() if (path / "__init__.py").exists()
    )


def sentences_in(file: Path) -> Iterator[Sentence]:
    """Yield the sentences that a Python file or a template marks for translation."""
    method = "python" if file.suffix == ".py" else "jinja2.ext:babel_extract"
    with file.open("rb") as source:
        for _line, sentence, _comments, _context in extract(
            method, source, KEYWORDS, options={"encoding": "utf-8"}
        ):
            yield tuple(sentence) if isinstance(sentence, tuple) else sentence


def sources(feature: Path) -> list[Path]:
    """Return the files of a feature that people's sentences may stand in."""
    return sorted(
        [
            *feature.rglob("*.py"),
            *feature.rglob("templates/**/*.html"),
            *feature.rglob("templates/**/*.txt"),
        ]
    )


def sentences_of(feature: Path) -> list[Sentence]:
    """Return the sentences of a feature, each once, in the order of its files."""
    return list(
        dict.fromkeys(sentence for file in sources(feature) for sentence in sentences_in(file))
    )


def catalogue_of(feature: Path) -> Catalog:
    """Return the feature's translations, empty where there is no file yet."""
    path = feature / f"{LANGUAGE}.po"
    if not path.exists():
        return Catalog(
            locale=LANGUAGE,
            project="Cryokeep",
            header_comment=f"# Simplified Chinese for {feature.name}.",
        )
    with path.open("rb") as file:
        return read_po(file, locale=LANGUAGE)


def translations() -> dict[str, Message]:
    """Return every translated sentence of the whole house, by its English (singular) form."""
    found: dict[str, Message] = {}
    for feature in features():
        for message in catalogue_of(feature):
            if message.id and filled(message) and not message.fuzzy:
                found.setdefault(key(message.id), message)
    return found


def key(sentence: Sentence) -> str:
    """Return what a sentence is looked up by: its (singular) English."""
    return sentence if isinstance(sentence, str) else sentence[0]


def filled(message: Message) -> bool:
    """Tell whether a message has its translation, in every form."""
    return all(message.string) if isinstance(message.string, tuple) else bool(message.string)


def update(feature: Path) -> int:
    """Bring one catalogue up to its sources; returns how many sentences wait for a translation."""
    old = catalogue_of(feature)
    elsewhere = translations()
    new = Catalog(
        locale=LANGUAGE, project="Cryokeep", header_comment=old.header_comment, fuzzy=False
    )
    for sentence in sentences_of(feature):
        kept = old.get(key(sentence))
        if kept is None and key(sentence) in elsewhere:
            continue  # a feature below says it already
        new.add(sentence, kept.string if kept else "")
    waiting = sum(1 for message in new if message.id and not filled(message))
    if len(new):
        with (feature / f"{LANGUAGE}.po").open("wb") as file:
            write_po(file, new, width=0, no_location=True, omit_header=False, ignore_obsolete=True)
    return waiting


def main() -> None:
    """Update every catalogue and say what is left to translate."""
    for feature in features():
        if waiting := update(feature):
            print(
                f"server/{feature.name}/{LANGUAGE}.po: {waiting} sentences wait for a translation"
            )


if __name__ == "__main__":
    main()
