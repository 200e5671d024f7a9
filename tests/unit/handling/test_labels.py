"""Labels are read back by a real decoder: from the printer's text, from the sheet, at every size offered."""

import zlib

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from server.core.errors import Invalid
from server.handling.labels import fonts
from server.handling.labels.drawing import Label, draw
from server.handling.labels.sheets import Sheet, pdf
from server.handling.labels.zpl import zpl
from server.handling.rules import labels as rules
from tests.support.zpl import printed

CODE = "SH0041-27-1184"
LINES = (CODE, "HEK293T P6", "L-0412 · 2026-03-14", "主细胞库")


def read(picture: Image.Image) -> list[tuple[str, str]]:
    framed = ImageOps.expand(picture.convert("L"), 60, 255)
    return [(found.text, str(found.format)) for found in zxingcpp.read_barcodes(framed)]


@pytest.mark.needs("cjk font")
@pytest.mark.parametrize("dpi", rules.DPIS)
@pytest.mark.parametrize(
    ("symbol", "side", "size", "kind"),
    [
        ("datamatrix", "left", (25, 12.7), "Data Matrix"),
        ("datamatrix", "right", (25, 12.7), "Data Matrix"),
        ("datamatrix", "top", (12, 24), "Data Matrix"),
        ("code128", "left", (60, 20), "Code 128"),
    ],
)
def test_a_printed_label_is_read_back(
    dpi: int, symbol: str, side: str, size: tuple[float, float], kind: str
) -> None:
    text = zpl(draw(Label(CODE, LINES, *size, symbol, side), dpi), copies=3)
    [(picture, copies)] = printed(text)

    assert copies == 3
    assert read(picture) == [(CODE, kind)]


@settings(max_examples=60, deadline=None)
@given(code=st.from_regex(r"[A-Z0-9][A-Z0-9.:+#_-]{0,30}", fullmatch=True))
def test_every_code_is_read_back_as_it_is(code: str) -> None:
    [(picture, _)] = printed(zpl(draw(Label(code, (), 30, 30), 300)))

    assert [text for text, _ in read(picture)] == [code]


@pytest.mark.parametrize("code", ["标签-001", "细胞/冻存_0042", "ÄÖ-7", "外来:9#1"])
def test_a_chinese_code_is_read_back_too(code: str) -> None:
    [(picture, _)] = printed(zpl(draw(Label(code, (), 20, 20), 203)))

    assert read(picture) == [(code, "Data Matrix")]


def pictures_of(pages: bytes) -> list[Image.Image]:
    """Return the pictures that stand in a PDF, unpacked from its streams."""
    found = []
    for head, body in _streams(pages):
        if b"/Subtype /Image" in head:
            wide, high = (_number(head, name) for name in (b"/Width", b"/Height"))
            assert _number(head, b"/BitsPerComponent") == 1
            found.append(Image.frombytes("1", (wide, high), _unpacked(head, body, wide)))
    return found


def _streams(pages: bytes) -> list[tuple[bytes, bytes]]:
    parts = []
    for piece in pages.split(b"endstream")[:-1]:
        head, _, body = piece.rpartition(b"stream\n")
        parts.append((head[head.rfind(b"obj") :], body.removesuffix(b"\n")))
    return parts


def _number(head: bytes, name: bytes) -> int:
    return int(head.split(name)[1].split()[0].rstrip(b"/>"))


def _unpacked(head: bytes, body: bytes, wide: int) -> bytes:
    raw, across = zlib.decompress(body), (wide + 7) // 8
    assert b"/Predictor 15" in head
    starts = range(0, len(raw), across + 1)
    assert {raw[start] for start in starts} == {0}  # each row as it is
    return b"".join(raw[start + 1 : start + 1 + across] for start in starts)


def test_labels_on_a_sheet_are_read_back() -> None:
    labels = [Label(f"SH-{number:04}", (f"SH-{number:04}",), 38, 19) for number in range(7)]
    pages = pdf(labels, Sheet("A4", 3, 2, 10, 8, 2, 2), skip=1)

    assert pages.count(b"/Type /Page\n") == 2  # one place skipped, six a page
    codes = [text for picture in pictures_of(pages) for text, _ in read(picture)]
    assert sorted(codes) == [label.code for label in labels]
    assert pdf(list(labels), Sheet("A4", 3, 2, 10, 8, 2, 2), skip=1) is pages  # drawn once
    assert pdf(labels, Sheet("A4", 3, 2, 10, 8, 2, 2)) != pages


@pytest.mark.parametrize(
    ("label", "dpi", "code"),
    [
        (Label("SH0041-27-1184-0000-1111", (), 8, 4), 203, "symbol_does_not_fit"),
        (Label("SH0041-27-1184", (), 10, 10, "code128"), 300, "symbol_does_not_fit"),
        (Label("细胞-1", (), 25, 12, "code128"), 300, "not_in_symbol"),
    ],
)
def test_what_would_not_be_read_is_refused(label: Label, dpi: int, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        draw(label, dpi)

    assert refused.value.refusal.code == code


def test_chinese_needs_a_font_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "FOLDERS", ())
    fonts.use(None)
    try:
        assert draw(Label(CODE, ("P6 · −196 °C",), 25, 12), 300).size
        with pytest.raises(Invalid) as refused:
            draw(Label(CODE, ("主细胞库",), 25, 12), 300)
    finally:
        monkeypatch.undo()
        fonts.use(None)

    assert refused.value.refusal.code == "no_chinese_font"


@pytest.mark.parametrize(
    ("line", "facts", "expected"),
    [
        ("{line} {passage}", {"line": "HEK293T", "passage": "P6"}, "HEK293T P6"),
        ("{lot} · {frozen}", {"lot": "L-0412", "frozen": ""}, "L-0412"),
        ("{code}", {"code": "A"}, "A"),
        ("plain", {}, "plain"),
        ("{code} {code}", {"code": "A"}, "A A"),
    ],
)
def test_fields_are_filled_and_empty_ones_close_up(
    line: str, facts: dict[str, str], expected: str
) -> None:
    assert rules.fill(line, facts) == expected


@pytest.mark.parametrize(
    ("case", "refusal", "code"),
    [
        (1, rules.why_not_lines("vial", "{code}\n{place}"), "no_such_field"),
        (2, rules.why_not_lines("container", "{place}"), None),
        (3, rules.why_not_lines("vial", "\n".join("x" * 9)), "many_lines"),
        (4, rules.why_not_size(25, 300), "bad_size"),
        (5, rules.why_not_size(25, 12.7), None),
        (6, rules.why_not_sheet("A4", 20, 7, (25, 12.7), (10, 12), (2.5, 0.8)), None),
        (7, rules.why_not_sheet("A4", 20, 8, (25, 12.7), (10, 12), (2.5, 0.8)), "sheet_too_small"),
        (8, rules.why_not_many([]), "no_labels"),
        (9, rules.why_not_many(["x"] * 2001), "many_labels"),
        (10, rules.why_not_many(["x"]), None),
    ],
)
def test_what_cannot_be_is_refused(case: int, refusal: object, code: str | None) -> None:
    assert (refusal.code if refusal else None) == code, case
