"""Every part can be drawn, in both languages, within what the content security policy allows."""

import re
from html.parser import HTMLParser

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from server.core.errors import Refusal
from tests.support.parts import SERVER, render, render_text

LANGUAGES = ("en", "zh_Hans")


class Forms(HTMLParser):
    """Collects the posting forms, and whether each carries its csrf field."""

    def __init__(self) -> None:
        super().__init__()
        self.posting: list[bool] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.inside = (given.get("method") or "get").lower() == "post"
            if self.inside:
                self.posting.append(False)
        if tag == "input" and self.inside and given.get("name") == "csrf":
            self.posting[-1] = True


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_of_parts_is_drawn(language: str) -> None:
    html = render("kit/parts.html", language)

    assert f'lang="{"zh-Hans" if language == "zh_Hans" else "en"}"' in html
    assert ("危急" if language == "zh_Hans" else "Critical") in html


def test_no_part_needs_more_than_the_policy_allows() -> None:
    html = render("kit/parts.html")

    assert not re.search(r"\sstyle=|\son\w+=|<style|javascript:", html)


def test_every_posting_form_carries_its_csrf_field() -> None:
    forms = Forms()
    forms.feed(render("kit/parts.html"))

    assert len(forms.posting) > 3
    assert all(forms.posting)


def test_every_sentence_of_the_frame_is_translated() -> None:
    found = extract_from_dir(
        SERVER / "kit",
        [("**/templates/**.html", "jinja2")],
        {"**/templates/**.html": {"extensions": "jinja2.ext.i18n", "silent": "false"}},
    )
    with (SERVER / "kit/zh_Hans.po").open("rb") as file:
        known = {message.id for message in read_po(file, "zh_Hans") if message.string}

    assert {message for _path, _line, message, _comments, _context in found} - known == set()


def test_a_refusal_speaks_the_readers_language_beside_its_field_and_at_the_top() -> None:
    refusal = Refusal("x", "%(label)s, free", {"label": "<C7>"})

    html = render_text(
        '{{ ui.form_start("/x", errors=e) }}{{ ui.field("code", "Code", "typed", e) }}{{ ui.form_end("Save") }}',
        "zh_Hans",
        e={"code": refusal},
    )

    assert html.count("&lt;C7&gt;，空位") == 2
    assert 'href="#code"' in html
    assert 'aria-describedby="code-error"' in html
    assert 'value="typed"' in html


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "sort=code&amp;dir=desc"),
        ("?sort=code&dir=desc&page=3", "sort=code&amp;dir=asc"),
        ("?sort=vials&dir=desc&q=a%26b", "q=a%26b"),
    ],
)
def test_a_table_sorts_by_links_that_keep_the_question(query: str, expected: str) -> None:
    html = render("kit/parts.html", path=f"/parts{query}")
    link = next(part for part in re.findall(r'class="sort" href="([^"]*)"', html) if "code" in part)

    assert expected in link
    assert "page=" not in link


def test_a_circle_of_the_box_map_says_what_is_in_it() -> None:
    cells = [
        {"label": "A1", "marks": ["this"], "url": "/v/1", "say": "A1, SH0041-27-1184, HEK293T"},
        {"label": "A2", "marks": ["free"]},
    ]
    html = render_text('{{ ui.box_map(cells, ["A"], ["1", "2"]) }}', cells=cells)

    assert 'aria-label="A1, SH0041-27-1184, HEK293T" aria-current="true"' in html
    assert 'aria-label="A2, free"' in html


def test_a_problem_page_says_what_happened_with_and_without_a_signed_in_person() -> None:
    facts = {"status": 404, "title": "Not found", "because": "No vial has this code."}

    assert "No vial has this code." in render("kit/error.html", **facts)
    assert 'action="/sign-out"' not in render("kit/error.html", **facts, actor=None)
