"""What steers an agent: signed commands and configurations, and what the agent says of them."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from edge_agent.wire import fields
from edge_agent.wire.bounds import LATEST_MS, SEQ_MAX
from edge_agent.wire.errors import WireError
from edge_agent.wire.messages import CommandResult, ConfigReport, Order, Signed, WantedConfig

COMMANDS: Final = ("identify", "catalog", "resend", "self-test", "drill", "reboot", "renew")
RESULTS: Final = ("begun", "done", "failed", "refused")
REPORTS: Final = ("applied", "rolled_back", "refused")
BODY_CHARACTERS: Final = 64 * 1024
SIGNATURE_BYTES: Final = 64
_ID = re.compile(r"[A-Za-z0-9_-]{8,64}\Z")
_AGENT = re.compile(r"[a-z0-9-]{1,32}/[a-z0-9-]{1,32}\Z")
_CODE = re.compile(r"[a-z_]{0,40}\Z")


def check_signed(obj: object) -> Signed:
    """A Signed, or a WireError. The signature is not checked: that takes the server's key."""
    message = fields.envelope(obj)
    return Signed(
        fields.words("body", message.get("body"), BODY_CHARACTERS),
        _signature(message.get("sig")),
    )


def check_order(body: str) -> Order:
    """The command in a signed body, or a WireError."""
    found = _inside(body)
    return Order(
        id=_matching("id", found.get("id"), _ID, "8 to 64 letters, digits, _ and -"),
        agent=_agent(found),
        kind=fields.words("kind", found.get("kind"), 32),
        nonce=_nonce(found),
        not_after=_not_after(found),
        args=_facts("args", found.get("args")),
    )


def check_wanted(body: str) -> WantedConfig:
    """The configuration in a signed body, or a WireError."""
    found = _inside(body)
    return WantedConfig(
        version=fields.whole("version", found.get("version"), 1, SEQ_MAX),
        agent=_agent(found),
        nonce=_nonce(found),
        not_after=_not_after(found),
        config=_facts("config", found.get("config")),
    )


def check_result(obj: object) -> CommandResult:
    """A CommandResult, or a WireError."""
    message = fields.envelope(obj)
    return CommandResult(
        boot=fields.boot(message.get("boot")),
        id=_matching("id", message.get("id", ""), re.compile(r"[A-Za-z0-9_-]{0,64}\Z"), "an id"),
        state=_one_of("state", message.get("state"), RESULTS),
        code=_matching("code", message.get("code", ""), _CODE, "a-z and _"),
        why=fields.words("why", message.get("why"), 1000),
        facts=_facts("facts", message.get("facts")),
        at=fields.whole("at", message.get("at", 0), 0, SEQ_MAX),
    )


def check_report(obj: object) -> ConfigReport:
    """A ConfigReport, or a WireError."""
    message = fields.envelope(obj)
    return ConfigReport(
        boot=fields.boot(message.get("boot")),
        version=fields.whole("version", message.get("version"), 0, SEQ_MAX),
        state=_one_of("state", message.get("state"), REPORTS),
        code=_matching("code", message.get("code", ""), _CODE, "a-z and _"),
        why=fields.words("why", message.get("why"), 1000),
        at=fields.whole("at", message.get("at", 0), 0, SEQ_MAX),
    )


def signature_bytes(signed: Signed) -> bytes:
    """The 64 bytes of the signature."""
    return base64.b64decode(signed.sig)


def _signature(value: object) -> str:
    try:
        text = value if isinstance(value, str) and len(value) < 200 else ""
        if len(base64.b64decode(text, validate=True)) == SIGNATURE_BYTES:
            return text
    except (binascii.Error, ValueError):
        pass
    raise fields.fail("wrong_type", "sig", value, "the base64 of 64 bytes")


def _inside(body: str) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise WireError("bad_json", "the signed body is no JSON; expected an object") from None
    if not isinstance(found, dict):
        raise WireError("wrong_type", "the signed body is no object; expected an object")
    return found


def _agent(found: Mapping[str, Any]) -> str:
    return _matching("agent", found.get("agent"), _AGENT, "site/agent")


def _nonce(found: Mapping[str, Any]) -> str:
    return _matching("nonce", found.get("nonce"), _ID, "8 to 64 letters, digits, _ and -")


def _not_after(found: Mapping[str, Any]) -> int:
    return fields.whole("not_after", found.get("not_after"), 0, LATEST_MS)


def _facts(what: str, value: object) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise fields.fail("wrong_type", what, value, "an object")
    fields.tree(what, value)
    return value


def _matching(what: str, value: object, pattern: re.Pattern[str], expected: str) -> str:
    if isinstance(value, str) and pattern.match(value):
        return value
    raise fields.fail("bad_name", what, value, expected)


def _one_of(what: str, value: object, known: tuple[str, ...]) -> str:
    if isinstance(value, str) and value in known:
        return value
    raise fields.fail("bad_name", what, value, f"one of {', '.join(known)}")
