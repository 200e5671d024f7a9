"""What the facts, things and doors of the record are called on a page."""

from collections.abc import Mapping

from server.core.words import N_, say
from server.kit import i18n

FACTS: Mapping[str, str] = {
    "address": N_("address"),
    "agent": N_("agent"),
    "at": N_("at"),
    "because": N_("because"),
    "before": N_("before"),
    "box": N_("box"),
    "carrier": N_("carrier"),
    "cause": N_("cause"),
    "changed": N_("changed"),
    "changes": N_("changes"),
    "codes": N_("codes"),
    "comment": N_("comment"),
    "copies": N_("copies"),
    "count": N_("count"),
    "days": N_("days"),
    "destroyed_by": N_("destroyed by"),
    "file": N_("file"),
    "freezer": N_("freezer"),
    "freezers": N_("freezers"),
    "from": N_("from"),
    "instead": N_("instead"),
    "label": N_("label"),
    "line": N_("cell line"),
    "lot": N_("lot"),
    "made": N_("made"),
    "missing": N_("missing"),
    "name": N_("name"),
    "not_there": N_("not where it was, because"),
    "note": N_("note"),
    "now": N_("now"),
    "parent": N_("parent"),
    "parents": N_("parents"),
    "place": N_("place"),
    "quantity": N_("quantity"),
    "reason": N_("reason"),
    "reserved_for": N_("reserved for"),
    "severity": N_("severity"),
    "sha256": N_("SHA-256"),
    "signature": N_("signature"),
    "site": N_("site"),
    "source": N_("source"),
    "start": N_("start"),
    "template": N_("template"),
    "to": N_("to"),
    "token": N_("token"),
    "tracking": N_("tracking number"),
    "use": N_("use"),
    "vial": N_("vial"),
    "vials": N_("vials"),
    "volume_ul": N_("volume, µl"),
    "witness_signature": N_("signature of the witness"),
}
THINGS: Mapping[str, str] = {
    "agent": N_("agent"),
    "alarm": N_("alarm"),
    "alarm_rule": N_("alarm rule"),
    "type_rule": N_("rule of a freezer type"),
    "drill": N_("drill"),
    "late_policy": N_("telling of past alarms"),
    "drill_plan": N_("plan of drills"),
    "box": N_("box"),
    "call_step": N_("step of the call list"),
    "channel": N_("channel"),
    "circuit": N_("power circuit"),
    "container": N_("container"),
    "delivery_site": N_("delivery site"),
    "freezer": N_("freezer"),
    "letter": N_("letter"),
    "line": N_("cell line"),
    "lot": N_("lot"),
    "organisation": N_("organisation"),
    "person": N_("person"),
    "rack": N_("rack"),
    "request": N_("request"),
    "room": N_("room"),
    "scan": N_("rack scan"),
    "site": N_("site"),
    "supply": N_("nitrogen supply"),
    "vial": N_("vial"),
    "hold": N_("hold"),
    "edge": N_("parents of a thing"),
    "move": N_("move of several things"),
    "sample_type": N_("sample type"),
    "field": N_("custom field"),
    "container_type": N_("container type"),
    "container_tree": N_("whole freezer made at once"),
    "project": N_("project"),
    "policy": N_("rule of stock"),
    "work_list": N_("pick list or put-away list"),
    "scanner": N_("scanner"),
    "stock_take": N_("stock-take"),
    "discrepancy": N_("discrepancy"),
    "position_audit": N_("position audit"),
    "coverage_target": N_("target of position audits"),
    "offline_act": N_("act without a network"),
    "handling_times": N_("handling times"),
    "label_template": N_("label template"),
    "label_printer": N_("label printer"),
    "consolidation": N_("plan for putting boxes together"),
    "shipment": N_("shipment"),
    "shipment_rule": N_("rule of quarantine"),
    "history": N_("history of readings"),
    "import": N_("import"),
    "demo": N_("demo bank"),
}
DOORS: Mapping[str, str] = {
    "page": N_("page"),
    "api": N_("API"),
    "worker": N_("by itself"),
    "cli": N_("command line"),
    "demo": N_("demonstration"),
}


def fact(name: str) -> str:
    """Return what a fact is called; its own name, spaced, where it has none."""
    return _said(FACTS, name)


def thing(kind: str) -> str:
    """Return what a kind of thing is called; its own name, spaced, where it has none."""
    return _said(THINGS, kind)


def door(name: str) -> str:
    """Return the door through which somebody acted, in words; its own name where it has none."""
    return _said(DOORS, name)


def _said(names: Mapping[str, str], name: str) -> str:
    return say(i18n.language(), names[name]) if name in names else name.replace("_", " ")
