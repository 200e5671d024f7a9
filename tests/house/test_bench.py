"""The form of the measurements: plain rows, also in build/bench.json."""

import json

import pytest

from tests.bench import __main__ as bench
from tests.bench.rows import Row


@pytest.mark.parametrize(
    ("value", "better", "reached"),
    [(10, "more", True), (9, "more", False), (10, "less", True), (11, "less", False)],
)
def test_an_aim_is_reached_or_missed(value, better, reached):
    assert Row("ingest", value, "readings/s", aim=10, better=better).reached is reached


def test_a_row_says_what_it_is():
    line = Row("ingest, SQLite", 228_417.3, "readings/s", aim=200_000, better="more").line()

    assert " ".join(line.split()) == "ingest, SQLite 228,417 readings/s aim ≥ 200,000 reached"


def test_measuring_a_part_again_keeps_the_other_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "RESULT", tmp_path / "build" / "bench.json")
    bench.write(
        [Row("find p99", 9, "ms", 15, "less"), Row("ingest", 1, "readings/s", 2, "more")],
        keep=False,
    )
    bench.write([Row("ingest", 3, "readings/s", 2, "more")], keep=True)

    rows = json.loads((tmp_path / "build" / "bench.json").read_text())
    assert rows == [
        {"name": "find p99", "value": 9, "unit": "ms", "aim": 15, "better": "less"},
        {"name": "ingest", "value": 3, "unit": "readings/s", "aim": 2, "better": "more"},
    ]


def test_an_unknown_measurement_is_named():
    with pytest.raises(SystemExit, match="no such measurement: nonsense"):
        bench.names(["nonsense"])
