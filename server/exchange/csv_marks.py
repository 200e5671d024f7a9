"""Texts that a sheet program would compute get a mark in CSV files, and lose it again when they come back."""

import re

_COMPUTED = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*(?:[eE][+-]?\d+)?")


def put_on(text: str) -> str:
    """Return the text with ' in front where a sheet program would take it for a formula; numbers stay as they are."""
    if not text or not _COMPUTED.match(text) or _NUMBER.fullmatch(text):
        return text
    return "'" + text


def taken_off(text: str) -> str:
    """Return what `put_on` was given."""
    if text[:1] == "'" and _COMPUTED.match(text):
        return text[1:]
    return text
