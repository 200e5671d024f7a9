"""OpenSpecimen's bulk files: specimen, specimenAliquot and storageContainer, with # in nested columns."""

from collections.abc import Mapping, Sequence

from server.core.words import N_, N_n
from server.exchange.layouts.base import Layout, as_text
from server.exchange.layouts.positions import joined, number, same_number, same_position
from server.exchange.rules import Column, Problem
from server.exchange.sheets.base import Values

STATUS = ("OS_IMPORT_STATUS", "OS_ERROR_MESSAGE")
QUALITY = (
    "Sample Quality#Pre-centrifugation time", "Sample Quality#Post-centrifugation time",
    "Sample Quality#Storage temperature", "Sample Quality#Other temperature, specify",
    "Sample Quality#Lid tightness control", "Sample Quality#Stable markers#1",
    "Sample Quality#Stable markers#2", "Sample Quality#Fasting", "Sample Quality#Documentation",
)  # fmt: skip
SPECIMEN = (
    "Identifier", "CP Short Title", "Visit Name", "Specimen Requirement Code", "Specimen Label",
    "Barcode", "Class", "Type", "Lineage", "Parent Specimen Label", "Anatomic Site", "Laterality",
    "Collection Status", "Pathological Status", "Initial Quantity", "Available Quantity",
    "Concentration", "Biohazard#1", "Biohazard#2", "Freeze/Thaw Cycles", "Created On", "Comments",
    "Activity Status", "Reason", "Created By#Email Address", "External IDs#1#Name",
    "External IDs#1#Value", "External IDs#2#Name", "External IDs#2#Value", "Location#Container",
    "Location#Row", "Location#Column", "Location#Position", "Collection Event#Date and Time",
    "Collection Event#Comments", "Collection Event#Procedure", "Collection Event#Container",
    "Collection Event#User#Email Address", "Received Event#Date and Time",
    "Received Event#Comments", "Received Event#Quality", "Received Event#User#Email Address",
    *QUALITY,
)  # fmt: skip
ALIQUOT = (
    "CP Short Title", "Parent Specimen Label", "Specimen Labels", "Specimen Barcodes",
    "Number of Aliquots", "Quantity per Aliquot", "Class", "Type", "Concentration", "Container",
    "Start Row", "Start Column", "Start Position", "Created On", "Freeze/Thaw Cycles",
    "Increment Parent Freeze/Thaw Cycles", "Close Parent", "Created By#Email Address", *QUALITY,
)  # fmt: skip
CONTAINER = (
    "Identifier", "Name", "Barcode", "Used For", "Type Name", "Activity Status", "Site Name",
    "Temperature", "No. of Columns", "No. of Rows", "Position Labeling Mode",
    "Column Labeling Scheme", "Row Labeling Scheme", "Position Assignment",
    "Allowed Specimen Class#1", "Allowed Specimen Class#2", "Allowed Specimen Type#1",
    "Allowed Specimen Type#2", "Allowed Collection Protocol#1", "Allowed Collection Protocol#2",
    "Allowed Distribution Protocol#1", "Allowed Distribution Protocol#2", "Stores Specimen",
    "Storage Location#Parent Container Name", "Storage Location#Row", "Storage Location#Column",
    "Storage Location#Position",
)  # fmt: skip

LOT = Column(
    "lot", N_("Lot"), "code", required=True, hint=N_("the column whose values are lots here")
)
ML_TO_UL = 1000
NOT_AMOUNT = N_("a number of millilitres")
COUNTED = N_n("1 label, as many as aliquots", "%(count)s labels, as many as aliquots", "count")


def specimen() -> Layout:
    """Return the mapping of specimens: each is a vial; its protocol's title, or another column, names the lot."""
    columns = (
        Column("label", "Specimen Label", "code", required=True),
        LOT,
        Column("barcode", "Barcode", "code"),
        Column("parent", "Parent Specimen Label", "code"),
        Column("thaws", "Freeze/Thaw Cycles", "whole"),
        Column("quantity", "Available Quantity"),
        Column("comments", "Comments", most=2000),
        Column("container", "Location#Container", "code"),
        Column("row", "Location#Row"),
        Column("column", "Location#Column"),
        Column("position", "Location#Position"),
        Column("id_1", "External IDs#1#Value", "code"),
        Column("id_2", "External IDs#2#Value", "code"),
    )
    headers = {"lot": ("CP Short Title",)}
    return Layout(
        "openspecimen-specimen", N_("OpenSpecimen specimen"), "vials", columns, headers, _specimen,
        _specimen_out, _same, SPECIMEN, STATUS,
    )  # fmt: skip


def aliquot() -> Layout:
    """Return the mapping of aliquots: one row stands for as many vials as it has labels."""
    columns = (
        Column("labels", "Specimen Labels", required=True, most=4000),
        LOT,
        Column("barcodes", "Specimen Barcodes", most=4000),
        Column("parent", "Parent Specimen Label", "code"),
        Column("thaws", "Freeze/Thaw Cycles", "whole"),
        Column("count", "Number of Aliquots", "whole"),
        Column("quantity", "Quantity per Aliquot"),
        Column("container", "Container", "code"),
        Column("row", "Start Row"),
        Column("column", "Start Column"),
        Column("position", "Start Position"),
    )
    headers = {"lot": ("CP Short Title",)}
    return Layout(
        "openspecimen-aliquot", N_("OpenSpecimen aliquots"), "vials", columns, headers, _aliquots,
        None, _same, ALIQUOT, STATUS, _aliquots_out,
    )  # fmt: skip


def container() -> Layout:
    """Return the mapping of storage containers: what stands in nothing is a freezer in a room, what stores specimens a box."""
    columns = (
        Column("name", "Name", "code", required=True),
        Column("barcode", "Barcode", "code"),
        Column("site", "Site Name"),
        Column("columns", "No. of Columns", "whole"),
        Column("rows", "No. of Rows", "whole"),
        Column("mode", "Position Labeling Mode"),
        Column("column_scheme", "Column Labeling Scheme"),
        Column("row_scheme", "Row Labeling Scheme"),
        Column("stores", "Stores Specimen", "yes_no"),
        Column("inside", "Storage Location#Parent Container Name", "code"),
        Column("row", "Storage Location#Row"),
        Column("column", "Storage Location#Column"),
        Column("position", "Storage Location#Position"),
    )
    return Layout(
        "openspecimen-container", N_("OpenSpecimen storage containers"), "containers", columns, {},
        _container, _container_out, _same, CONTAINER, STATUS,
    )  # fmt: skip


def _specimen(values: Values, problems: list[Problem]) -> list[Values]:
    made: Values = {}
    if "label" in values:
        made["code"] = values["label"]
    made |= {name: values[name] for name in ("lot",) if name in values}
    if "comments" in values:
        made["comment"] = values["comments"]
    made |= _kin(values)
    _amount(values, made, problems)
    aliases = [values[name] for name in ("barcode", "id_1", "id_2") if name in values]
    if other := tuple(dict.fromkeys(one for one in aliases if one != made.get("code"))):
        made["aliases"] = other
    _place(values, made, "box")
    return [made | _own(values)]


def _kin(values: Values) -> Values:
    """Return out of which vial one came, and how often it was thawed, where the row says so."""
    made: Values = {"thaws": values["thaws"]} if "thaws" in values else {}
    return made | ({"parents": (values["parent"],)} if "parent" in values else {})


def _amount(values: Values, made: Values, problems: list[Problem]) -> None:
    if "quantity" not in values:
        return
    amount = number(values["quantity"])
    if amount is None or amount < 0:
        problems.append(Problem("quantity", values["quantity"], NOT_AMOUNT))
    else:
        made["volume_ul"] = round(amount * ML_TO_UL)


def _place(values: Values, made: Values, into: str) -> None:
    where = values.get("container") if into == "box" else values.get("inside")
    written = joined(values.get("row", ""), values.get("column", ""), values.get("position", ""))
    place_in(where, written, made, into)


def place_in(where: str | None, written: str, made: Values, into: str) -> None:
    """Say in our own columns where something stands, where anything is said of that."""
    if not where:
        return
    made[into] = where
    if written:
        made["position"] = written


def _own(values: Values) -> Values:
    return {name: value for name, value in values.items() if name.startswith("field:")}


def _specimen_out(values: Values) -> dict[str, str]:
    volume = values.get("volume_ul")
    return {
        "Specimen Label": values["code"],
        "CP Short Title": values["lot"],
        "Available Quantity": "" if volume is None else as_text(volume / ML_TO_UL),
        "Comments": values.get("comment") or "",
        "Parent Specimen Label": ", ".join(values.get("parents", ())),
        "Freeze/Thaw Cycles": as_text(values["thaws"]),
        "Location#Container": values.get("box") or "",
        "Location#Position": values.get("position") or "",
    }


def _aliquots(values: Values, problems: list[Problem]) -> list[Values]:
    labels = [one.strip() for one in values.get("labels", "").split(",") if one.strip()]
    barcodes = [one.strip() for one in values.get("barcodes", "").split(",") if one.strip()]
    if values.get("count", len(labels)) != len(labels):
        facts = {"count": values["count"]}
        problems.append(Problem("labels", values.get("labels", "")[:200], COUNTED, facts))
    shared: Values = {"lot": values["lot"]} if "lot" in values else {}
    shared |= _kin(values)
    _amount(values, shared, problems)
    made = [shared | {"code": label} for label in labels]
    for one, barcode in zip(made, barcodes, strict=False):
        if barcode != one["code"]:
            one["aliases"] = (barcode,)
    for at, one in enumerate(made):
        _place(values, one, "box")
        if at:
            one.pop("position", None)  # the first has the start, the others the free ones after it
            if "box" in one:
                one["after"] = at
    return [one | _own(values) for one in made]


def _aliquots_out(things: Sequence[Values]) -> dict[str, str]:
    """Return what the vials of one row say together now."""
    first = things[0]
    volumes = {one.get("volume_ul") for one in things}
    volume = volumes.pop() if len(volumes) == 1 else None
    return {
        "CP Short Title": first["lot"],
        "Specimen Labels": ",".join(one["code"] for one in things),
        "Number of Aliquots": str(len(things)),
        "Quantity per Aliquot": "" if volume is None else as_text(volume / ML_TO_UL),
        "Parent Specimen Label": ", ".join(first.get("parents", ())),
        "Container": first.get("box") or "",
        "Start Position": first.get("position") or "",
    }


def _container(values: Values, _problems: list[Problem]) -> list[Values]:
    made: Values = {name: values[name] for name in ("barcode", "rows", "columns") if name in values}
    if "name" in values:
        made |= {"code": values["name"], "name": values["name"]}
    inside, stores = values.get("inside"), values.get("stores", False)
    made["kind"] = "box" if stores else "rack" if inside else "freezer"
    if made["kind"] == "freezer" and "site" in values:
        made["room"] = values["site"]
    made["labels"] = _scheme(values)
    _place(values, made, "inside")
    return [made | _own(values)]


def _scheme(values: Values) -> str:
    row, column = values.get("row_scheme", ""), values.get("column_scheme", "")
    if values.get("mode", "").upper() == "LINEAR" or not (row or column):
        return "number"
    letters = "alphabet" in row.casefold()
    return "letter-number" if letters else "number-number"


def _container_out(values: Values) -> dict[str, str]:
    return {
        "Name": values["code"],
        "Barcode": values.get("barcode") or "",
        "Site Name": values.get("room") or "",
        "No. of Columns": as_text(values["columns"]),
        "No. of Rows": as_text(values["rows"]),
        "Storage Location#Parent Container Name": values.get("inside") or "",
        "Storage Location#Position": values.get("position") or "",
    }


def _same(name: str, said: str, ours: str, row: Mapping[str, str], values: Values) -> bool:
    """Say whether what stood there means what we would write; rows and columns are one position."""
    if name == "Site Name" and not ours:
        return True
    if name.endswith("Position"):
        start = name.removesuffix("Position")
        at = joined(row.get(f"{start}Row", ""), row.get(f"{start}Column", ""), said)
        is_at = values.get("is_at")
        return at == ours or same_position(at, ours) or bool(at and is_at and is_at(at))
    if name == "Specimen Labels":
        return [one.strip() for one in said.split(",")] == ours.split(",")
    if name == "Freeze/Thaw Cycles":
        return same_number(said or "0", ours)
    if name in {"Available Quantity", "Quantity per Aliquot", "No. of Columns", "No. of Rows"}:
        return said == ours or same_number(said, ours)
    return said == ours
