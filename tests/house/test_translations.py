"""Every sentence that people read is marked, and is there in Chinese."""

import re
from html.parser import HTMLParser

import pytest
from jinja2 import Environment

from tools import messages

FEATURES = messages.features()
TEMPLATES = sorted((messages.PROJECT / "server").rglob("templates/**/*.html"))
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")
READ_ATTRIBUTES = {"title", "placeholder", "aria-label", "alt"}
# names, codes and units that are the same in every language
SAME_EVERYWHERE = re.compile(
    r"Cryokeep|English|\b(?:LN2|SSE|API|CSV|HTTP|UTC|ml|mm|px|ID|PIN|QR|TEST|SHA)\b|&\w+;|[A-Z]?\d+"
)


def short(path):
    return str(path.relative_to(messages.PROJECT / "server"))


@pytest.mark.parametrize("feature", FEATURES, ids=lambda path: path.name)
def test_every_sentence_is_translated(feature):
    known = messages.translations()
    missing = [
        messages.key(said)
        for said in messages.sentences_of(feature)
        if messages.key(said) not in known
    ]

    assert not missing, "run `make messages` and fill these in"


@pytest.mark.parametrize("feature", FEATURES, ids=lambda path: path.name)
def test_translations_are_whole_and_keep_their_facts(feature):
    for message in messages.catalogue_of(feature):
        if not message.id:
            continue
        assert not message.fuzzy, message.id
        assert messages.filled(message), message.id
        english = message.id if isinstance(message.id, tuple) else (message.id,)
        chinese = message.string if isinstance(message.string, tuple) else (message.string,)
        facts = set(PLACEHOLDER.findall(english[-1]))
        for said in chinese:
            assert set(PLACEHOLDER.findall(said)) == facts, message.id
            assert len(said.split("%(")) == len(PLACEHOLDER.findall(said)) + 1, (
                f"a fact without its s: {said}"
            )


class Reader(HTMLParser):
    """Collects what a person would read in a page's source."""

    def __init__(self):
        super().__init__()
        self.read = []
        self.silent = 0

    def handle_starttag(self, tag, attributes):
        self.silent += tag in {"script", "style", "code", "pre"}
        self.read += [value for name, value in attributes if name in READ_ATTRIBUTES and value]

    def handle_endtag(self, tag):
        self.silent -= tag in {"script", "style", "code", "pre"}

    def handle_data(self, data):
        if not self.silent:
            self.read.append(data)


def without_jinja(source):
    """Return the HTML of a template: expressions become nothing, or an x where a tag's name is computed."""
    plain = ""
    for _line, kind, text in Environment(autoescape=True, extensions=["jinja2.ext.do"]).lex(source):
        if kind == "data":
            plain += text
        if kind in {"variable_end", "block_end"}:
            plain += "x" if kind == "variable_end" and plain.endswith(("<", "</")) else " "
    return plain


def unmarked(source):
    """Return the words of a template that stand outside {{ _("...") }}."""
    reader = Reader()
    reader.feed(without_jinja(source))
    # attributes that are put together outside a tag ({% set more %}aria-current="page"{% endset %})
    words = (SAME_EVERYWHERE.sub("", re.sub(r'[\w-]+="[^"]*"', "", text)) for text in reader.read)
    return [text.strip() for text in words if re.search(r"[A-Za-z]{2}", text)]


def test_a_word_outside_the_mark_is_noticed():
    assert unmarked(
        '<p title="Oh">{{ _("Fine") }} <b>Freezer</b> {# note #} {% if x %}°C{% endif %}</p>'
    ) == ["Oh", "Freezer"]


@pytest.mark.parametrize("template", TEMPLATES, ids=short)
def test_templates_hold_no_unmarked_words(template):
    assert not unmarked(template.read_text(encoding="utf-8"))
