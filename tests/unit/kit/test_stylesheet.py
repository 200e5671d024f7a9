"""The stylesheet's tokens can be read by tired eyes, in both schemes."""

import re
from pathlib import Path

import pytest

STYLESHEET = Path(__file__).parents[3] / "server/kit/static/cryokeep.css"
SCHEMES = ("light", "dark")

# text on ground, as the parts use them
ON_EVERY_GROUND = ("paper", "sheet", "sunk")
PAIRS = [
    *[("ink", ground) for ground in (*ON_EVERY_GROUND, "accent-ground", "nitrogen")],
    *[(text, ground) for text in ("ink-2", "accent") for ground in ON_EVERY_GROUND],
    *[
        (state, ground)
        for state in ("critical", "high", "warning", "unknown", "info", "fine")
        for ground in ("paper", "sheet")
    ],
    *[
        (text, f"{state}-ground")
        for state in ("critical", "high", "warning", "unknown")
        for text in (state, "ink", "ink-2", "accent")
    ],
    ("critical", "warning-ground"),
    ("accent", "accent-ground"),
    ("on-accent", "accent"),
]
# Lines and shapes that carry meaning need 3:1 against what is beside them.
SHAPES = [("edge", "sheet"), ("accent", "sheet"), ("info", "sheet"), ("high", "sheet")]

Colour = tuple[int, int, int]


def stylesheet() -> str:
    return STYLESHEET.read_text(encoding="utf-8")


def tokens() -> dict[str, tuple[Colour, Colour]]:
    found = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);", stylesheet())
    return {name: (rgb(light), rgb(dark)) for name, light, dark in found}


def rgb(text: str) -> Colour:
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def luminance(colour: Colour) -> float:
    shares = [part / 255 for part in colour]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Colour, other: Colour) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("#000000", "#FFFFFF", 21.0), ("#777777", "#FFFFFF", 4.48), ("#FFFFFF", "#FFFFFF", 1.0)],
)
def test_contrast_is_measured_as_wcag_measures_it(one: str, other: str, expected: float) -> None:
    assert contrast(rgb(one), rgb(other)) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_can_be_read_on_its_ground(text: str, ground: str, scheme: str) -> None:
    at = SCHEMES.index(scheme)

    assert contrast(tokens()[text][at], tokens()[ground][at]) >= 4.9


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("shape", "ground"), SHAPES)
def test_a_shape_that_means_something_can_be_seen(shape: str, ground: str, scheme: str) -> None:
    at = SCHEMES.index(scheme)

    assert contrast(tokens()[shape][at], tokens()[ground][at]) >= 3


def test_colours_stand_only_among_the_tokens_and_in_print() -> None:
    without_tokens = stylesheet().split("}", 1)[1].split("/* ---- print")[0]

    assert re.findall(r"#[0-9A-Fa-f]{3,8}\b", without_tokens) == []


def test_every_token_that_is_used_is_defined() -> None:
    used = set(re.findall(r"var\(--([\w-]+)", stylesheet()))
    defined = set(re.findall(r"--([\w-]+):", stylesheet()))

    assert used - defined == set()


def test_nothing_is_fetched_from_elsewhere() -> None:
    assert "://" not in stylesheet()
    assert "@import" not in stylesheet()


def test_the_stylesheet_leaves_room_for_the_page() -> None:
    assert STYLESHEET.stat().st_size < 40_000
