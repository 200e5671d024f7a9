"""Every command, option and setting is explained in docs/, and docs explain none that does not exist."""

import argparse
import re

import pytest

from edge_agent import cli as edge
from server.cli import command_line
from tools import needs

PROJECT = needs.PROJECT
DOCS = sorted((PROJECT / "docs").rglob("*.md"))
TEXT = "\n".join(path.read_text(encoding="utf-8") for path in DOCS)
SETTINGS = (PROJECT / "server" / "core" / "settings.py").read_text(encoding="utf-8")
SETTING = re.compile(r"\bCRYOKEEP_[A-Z0-9_]+\b")


def commands(parser, words):
    """Yield every command below this parser as (words, its parser)."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    for action in below:
        for name, child in action.choices.items():
            yield from commands(child, [*words, name])
    if not below:
        yield words, parser


def options(parser):
    """Return the long options of a command, without --help."""
    long = [
        [name for name in action.option_strings if name.startswith("--")]
        for action in parser._actions
    ]
    return [names[0] for names in long if names and names[0] != "--help"]


COMMANDS = [
    *commands(command_line.parser(), ["cryokeep"]),
    *commands(edge._parser(), ["cryokeep-edge"]),
]


@pytest.mark.parametrize(
    ("words", "parser"), COMMANDS, ids=[" ".join(words) for words, _ in COMMANDS]
)
def test_a_command_is_documented_with_its_options(words, parser):
    pages = [path.read_text(encoding="utf-8") for path in DOCS]
    explaining = [page for page in pages if re.search(rf"{re.escape(' '.join(words))}\b", page)]

    assert explaining, "no page in docs/ names it"
    assert [name for name in options(parser) if not any(name in page for page in explaining)] == []


@pytest.mark.parametrize("name", sorted(set(SETTING.findall(SETTINGS))))
def test_a_setting_is_documented(name):
    assert f"`{name}`" in (PROJECT / "docs" / "settings.md").read_text(encoding="utf-8")


def test_no_setting_is_documented_that_nobody_reads():
    code = [PROJECT / "edge_agent", PROJECT / "server"]
    sources = "\n".join(
        path.read_text(encoding="utf-8") for folder in code for path in folder.rglob("*.py")
    )

    assert set(SETTING.findall(TEXT)) <= set(SETTING.findall(sources))
