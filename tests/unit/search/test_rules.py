"""What the words of a text are, and what a query asks for."""

import pytest

from server.search.rules import LONGEST, MOST_TERMS, MOST_WORDS, Term, bears, terms_of, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("HEK293T", {"hek293t", "hek", "293", "293t", "t"}),
        ("L-0412", {"l-0412", "l0412", "l", "0412"}),
        ("ＨＥＫ２９３", {"hek293", "hek", "293"}),
        ("人胚肾细胞", {"人胚", "胚肾", "肾细", "细胞", "胞"}),
        ("张", {"张"}),
        ("张伟 technician", {"张伟", "伟", "technician"}),
        ("肝L02细胞", {"肝", "l02", "02", "细胞", "胞"}),
        ("Straße", {"strasse"}),
        ("Nováková Müller", {"novakova", "muller"}),
        ("가나 ガ", {"가나", "나", "ガ"}),
        ("", set()),
        ("-- % _ ' \" ;", set()),
        (None, set()),
    ],
)
def test_a_text_is_found_by_its_words(text: str | None, words: set[str]) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("SH0041-27-1184", "1184"),
        ("SH0041-27-1184", "sh0041-27-1"),
        ("SH0041-27-1184", "SH0041271184"),
        ("HEK293T", "hek 293 t"),
        ("HEK293T L-0412", "hek29 041"),
        ("HEK293T", "HEK-293T"),
        ("HEK-293T", "hek293t"),
        ("人胚肾细胞 HEK293T", "肾细"),
        ("人胚肾细胞 HEK293T", "胚肾细胞"),
        ("人胚肾细胞 HEK293T", "细胞 hek"),
        ("人胚肾", "肾"),
        ("李雷", "雷"),
        ("ＬＮ２−０３ 液氮罐", "液氮 ln2"),
    ],
)
def test_what_is_typed_finds_what_is_written(text: str, query: str) -> None:
    assert all(bears(words_of(text), term) for term in terms_of(query))


@pytest.mark.parametrize(
    ("text", "query"),
    [("HEK293T", "hek 294"), ("人胚肾细胞", "肾胚"), ("HEK293T", "93t"), ("L-0412", "l-042")],
)
def test_what_is_not_written_is_not_found(text: str, query: str) -> None:
    assert not all(bears(words_of(text), term) for term in terms_of(query))


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("hek l-04", [Term(("hek",), begins=True), Term(("l-04", "l04"), begins=True)]),
        ("肾", [Term(("肾",), begins=True)]),
        ("肾细胞", [Term(("肾细",)), Term(("细胞",))]),
        ("hek hek", [Term(("hek",), begins=True)]),
        ("% -- '", []),
        ("", []),
    ],
)
def test_a_query_is_read_as_terms(query: str, terms: list[Term]) -> None:
    assert terms_of(query) == terms


def test_no_text_and_no_query_is_read_without_end() -> None:
    assert len(words_of(" ".join(f"w{n}" for n in range(5000)))) == MOST_WORDS
    assert max(map(len, words_of("x" * 10_000))) == LONGEST
    assert len(terms_of(" ".join(f"w{n}" for n in range(100)))) == MOST_TERMS
    assert all(bears(words_of("x" * 10_000), term) for term in terms_of("x" * 9_000))
