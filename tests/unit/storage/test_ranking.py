"""Which of many finds is shown first."""

import pytest

from server.search.rules import normal
from server.storage.rules.ranking import LEAST_OF_A_KIND, Fit, best, rank


@pytest.mark.parametrize(
    ("asked", "first", "second"),
    [
        ("L-04", Fit("lot", 1, "L-04"), Fit("lot", 2, "L-041")),
        ("hek293", Fit("line", 9, "CL-9", "HEK293"), Fit("line", 1, "CL-1", "HEK293T")),
        ("sh1", Fit("vial", 9, "SH1-9", here=True), Fit("vial", 1, "SH1-1")),
        ("vero", Fit("line", 9, "C", "Vero"), Fit("box", 1, "B", "vero box")),
        ("vero", Fit("line", 9, "C", "a Vero"), Fit("line", 1, "B", "other")),
        ("Ｖero", Fit("line", 9, "C", "vero"), Fit("line", 1, "B", "verox")),
    ],
)
def test_what_fits_better_comes_first(asked: str, first: Fit, second: Fit) -> None:
    assert rank(normal(asked), first) < rank(normal(asked), second)
    assert best(asked, [second, first], 2) == [first, second]


def test_of_each_kind_that_is_found_some_are_shown() -> None:
    many = [Fit("line", n, f"C-{n:03}", f"vero {n}") for n in range(100)]
    few = [Fit("person", 1, "x@y", "A Vero"), Fit("vial", 2, "SH", here=True)]
    shown = best("vero", [*many, *few], 25)

    assert len(shown) == 25
    assert {fit.kind for fit in shown} == {"line", "person", "vial"}
    assert LEAST_OF_A_KIND > 0
    assert best("vero", [], 25) == []
