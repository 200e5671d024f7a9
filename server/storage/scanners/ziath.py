"""The answer of a Ziath DP5 Mirage: JSON with a row, column, code and status for every tube."""

import json
from typing import Any

from server.core.words import N_
from server.storage.scanners.seen import Line, Problem, ScanRefused, whole_file

ZIATH = "ziath"
_WORDS = {"EMPTY": "EMPTY", "ERROR": "NO READ"}


def read_ziath(text: str) -> tuple[str, list[Line]]:
    """Return the format's name and its lines; refuses what is no such answer."""
    try:
        answer = json.loads(text, parse_int=str, parse_float=str)
    except (json.JSONDecodeError, RecursionError) as error:
        raise whole_file(text[:40], N_("JSON, as the scanner answers it")) from error
    tubes = answer.get("tubeBarcode") if isinstance(answer, dict) else None
    if not isinstance(tubes, list) or not tubes:
        raise whole_file(text[:40], N_("a list “tubeBarcode” with an entry for every position"))
    rack = answer.get("containerBarcode")
    return ZIATH, _lines(tubes, str(rack).strip() if rack else None)


def _lines(tubes: list[Any], rack: str | None) -> list[Line]:
    lines: list[Line] = []
    problems: list[Problem] = []
    for number, tube in enumerate(tubes, 1):
        if isinstance(tube, dict) and tube.get("row") and tube.get("column"):
            lines.append(Line(number, rack, _position(tube), _code(tube), blank_is_empty=True))
        else:
            expected = N_("an entry with row, column, barcode and decodeStatus")
            problems.append(Problem(number, "", json.dumps(tube)[:80], expected))
    if problems:
        raise ScanRefused(problems)
    return lines


def _position(tube: dict[str, Any]) -> str:
    row, column = str(tube["row"]).strip(), str(tube["column"]).strip()
    return f"{row}:{column}" if row.isdecimal() else f"{row}{column}"


def _code(tube: dict[str, Any]) -> str:
    """Return the tube's code, or the word that its status stands for."""
    status = str(tube.get("decodeStatus") or "").strip().upper()
    return _WORDS.get(status) or str(tube.get("barcode") or "").strip()
