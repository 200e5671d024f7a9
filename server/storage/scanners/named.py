"""Text with one position a line: TrakMate (A01;  code) and dmscanlib (A1="code")."""

import re

from server.core.words import N_
from server.storage.scanners.seen import Line, Problem, ScanRefused

TRAKMATE, DMSCANLIB = "trakmate", "dmscanlib"
_TRAKMATE = re.compile(r"\s*([A-Za-z]{1,2}\d{1,3})\s*;(.*)")
_RACK = re.compile(r"\s*Rack Base Name\s*:\s*(\S+)\s*", re.IGNORECASE)
_DMSCANLIB = re.compile(r'\s*([A-Za-z]{1,2}\d{1,3})\s*=\s*"([^"]*)"\s*;?\s*')
_SETTING = re.compile(r"\s*(?:palletSize|orientation|barcodePosition)\s*=.*", re.IGNORECASE)
_TRACE = re.compile(r"\s*Date & time of Trace\s*=.*", re.IGNORECASE)


def is_trakmate(text: str) -> bool:
    """Say whether a line of it stands as TrakMate writes them."""
    return any(_TRAKMATE.fullmatch(line) for line in text.splitlines())


def is_dmscanlib(text: str) -> bool:
    """Say whether a line of it stands as dmscanlib writes them."""
    return any(_DMSCANLIB.fullmatch(line) for line in text.splitlines())


def read_trakmate(text: str) -> tuple[str, list[Line]]:
    """Return the format's name and its lines; refuses lines that say nothing that we know."""
    rack = next((m[1] for line in text.splitlines() if (m := _RACK.fullmatch(line))), None)
    expected = N_("a line such as “A01; 1034998087”")
    return TRAKMATE, _lines(text, _TRAKMATE, (_RACK, _TRACE), rack, expected)


def read_dmscanlib(text: str) -> tuple[str, list[Line]]:
    """Return the format's name and its lines; refuses lines that say nothing that we know."""
    return DMSCANLIB, _lines(
        text, _DMSCANLIB, (_SETTING,), None, N_('a line such as “A1="1034998087"”')
    )


def _lines(
    text: str,
    pattern: re.Pattern[str],
    beside: tuple[re.Pattern[str], ...],
    rack: str | None,
    expected: str,
) -> list[Line]:
    lines: list[Line] = []
    problems: list[Problem] = []
    for number, written in enumerate(text.splitlines(), 1):
        if not written.strip() or any(known.fullmatch(written) for known in beside):
            continue
        if found := pattern.fullmatch(written):
            lines.append(Line(number, rack, found[1], found[2].strip(), blank_is_empty=True))
        else:
            problems.append(Problem(number, "", written.strip()[:80], expected))
    if problems:
        raise ScanRefused(problems)
    return lines
