"""What is the same in every application that tests make is compiled once a process, not once a test.

An application has some five hundred addresses and a hundred templates; making each of them anew took
most of the time of a test of one page.
"""

from collections.abc import Callable
from typing import Any

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule

_compile = Rule._compile_builder
_builders: dict[tuple[object, ...], Callable[..., tuple[str, str]]] = {}


class _Kept(BytecodeCache):
    """Compiled templates, by name and content."""

    def __init__(self) -> None:
        self._codes: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give back what was compiled of the same text."""
        if code := self._codes.get(bucket.key):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        self._codes[bucket.key] = bucket.bytecode_to_string()


KEPT = _Kept()


def _builder(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
    """Return what makes an address of this rule: it depends on nothing but these."""
    defaults = tuple(sorted((rule.defaults or {}).items()))
    key: tuple[Any, ...] = (tuple(rule._trace), defaults, append_unknown)
    if key not in _builders:
        _builders[key] = _compile(rule, append_unknown)
    return _builders[key]


Rule._compile_builder = _builder


def quickened(app: Flask) -> Flask:
    """Let the application take templates that another one has compiled."""
    app.jinja_env.bytecode_cache = KEPT
    return app
