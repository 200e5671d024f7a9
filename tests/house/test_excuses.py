"""An exception from a rule of the tools names the rule and gives its reason beside it."""

import io
import re
import tokenize
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
FOLDERS = ("server", "edge_agent", "migrations", "tests", "tools", "docker")
FILES = sorted(path for folder in FOLDERS for path in (PROJECT / folder).rglob("*.py"))
EXCUSE = re.compile(r"#\s*(?:noqa|type:\s*ignore)\b")
# the code, then at least two words that say why
REASONED = re.compile(
    r"#\s*(?:noqa: [A-Z]+\d+(?:, ?[A-Z]+\d+)*|type: ignore\[[\w, -]+\])[\s#(—:-]*(?=\S+ +\S+)"
)


def unreasoned(source):
    """Return the excuses in this source that name no code or give no reason."""
    comments = (
        token
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    )
    return [
        f"line {token.start[0]}: {token.string}"
        for token in comments
        for part in [
            token.string[found.start() :] for found in [EXCUSE.search(token.string)] if found
        ]
        if not REASONED.match(part)
    ]


@pytest.mark.parametrize(
    ("comment", "fine"),
    [
        ("# noqa: S105  printed at every start", True),
        ("# type: ignore[arg-type]  # an enum of strings", True),
        ("# noqa: S105", False),
        ("# noqa", False),
        ("# type: ignore", False),
        ("# type: ignore[arg-type]", False),
    ],
)
def test_an_excuse_needs_a_code_and_a_reason(comment, fine):
    assert (unreasoned(f"x = 1  {comment}\n") == []) is fine


def test_every_excuse_gives_its_reason():
    found = {
        str(path.relative_to(PROJECT)): unreasoned(path.read_text(encoding="utf-8"))
        for path in FILES
    }

    assert {name: lines for name, lines in found.items() if lines} == {}
