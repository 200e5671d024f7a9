"""What counts says 1 vial: no sentence has a plural right behind its number without its singular beside it."""

import re

import pytest

from tools import messages

COUNTED = re.compile(
    r"%\((?:count|num|n)\)s (?:vials|tubes|boxes|racks|freezers|positions|rows|things|labels|lots|lines"
    r"|codes|acts|requests|shipments|imports|people|minutes|hours|days|weeks)\b"
)


KEPT = (
    "catalogue", "distribution", "exchange", "genealogy", "handling", "parties", "reports", "search",
    "storage",
)  # fmt: skip
"""The features of the inventory, which count things all over their pages."""


@pytest.mark.parametrize("name", KEPT)
def test_no_sentence_can_say_1_vials(name):
    alone = [
        said
        for said in messages.sentences_of(messages.PROJECT / "server" / name)
        if isinstance(said, str) and COUNTED.search(said)
    ]

    assert alone == [], "mark both forms: N_n(one, many, count), ngettext or say_n"
