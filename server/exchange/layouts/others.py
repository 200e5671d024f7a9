"""FreezerPro, LabKey, openBIS and eLabFTW: their files of samples, each row one vial or several."""

import re

from server.core.words import N_
from server.exchange.layouts.base import Layout
from server.exchange.layouts.openspecimen import LOT, place_in
from server.exchange.layouts.positions import joined, number, split_path
from server.exchange.rules import Column, Problem
from server.exchange.sheets.base import Values

MOST_AT_ONCE = 100
UNITS = {"": 1.0, "ul": 1.0, "µl": 1.0, "μl": 1.0, "ml": 1000.0, "l": 1_000_000.0}
NOT_COUNT = N_("a whole number of vials from 1 to %(most)s")
NOT_UNIT = N_("ul, ml or l; an amount in another unit is no volume")
NOT_AMOUNT = N_("an amount that is not negative")
NOT_PLACES = N_("positions with blanks between, such as A1 A2; no commas and no ranges")
CODE = Column("code", N_("Code"), "code", required=True)


def freezerpro() -> Layout:
    """Return the mapping of FreezerPro's samples; the column Vials says for how many a row stands."""
    columns = (
        CODE,
        LOT,
        Column("count", "Vials", "whole"),
        Column("volume", "Volume"),
        Column("thaws", "ThawCycle", "whole"),
        Column("description", "Description", most=2000),
        Column("box_barcode", "BoxBarcode", "code"),
        Column("box", "Box", "code"),
        Column("position", "Position"),
    )
    headers = {
        "code": ("BARCODE", "UID"), "lot": ("Sample Source", "Name"),
        "box_barcode": ("BOX_BARCODE", "BoxBarcode"),
    }  # fmt: skip
    template = ("Name", "Sample Type", "Vials", "Volume", "Freezer", "Box", "Position")
    return Layout(
        "freezerpro", N_("FreezerPro"), "vials", columns, headers, _freezerpro, template=template
    )


def labkey() -> Layout:
    """Return the mapping of LabKey's samples; the way to the box is one text with slashes."""
    columns = (
        CODE,
        LOT,
        Column("amount", "StoredAmount"),
        Column("unit", "Units"),
        Column("thaws", "FreezeThawCount", "whole"),
        Column("location", "StorageLocation", most=1000),
        Column("row", "StorageRow"),
        Column("column", "StorageCol"),
        Column("comment", "StorageComment", most=2000),
    )
    headers = {"code": ("Name", "SampleId"), "lot": ("SampleSet", "SampleType", "Lot")}
    template = ("StoredAmount", "Units", "StorageLocation", "StorageRow", "StorageCol")
    return Layout("labkey", N_("LabKey"), "vials", columns, headers, _labkey, template=template)


def openbis() -> Layout:
    """Return the mapping of openBIS; a box position may name several places, one vial each."""
    start = "$STORAGE_POSITION.STORAGE_"
    columns = (
        CODE,
        LOT,
        Column("box", f"{start}BOX_NAME", "code"),
        Column("places", f"{start}BOX_POSITION", most=1000),
    )
    headers = {"code": ("Code", "$CODE", "$NAME", "Identifier"), "lot": ("Parents", "Experiment")}
    template = (f"{start}BOX_NAME", f"{start}BOX_POSITION", f"{start}BOX_SIZE")
    return Layout("openbis", N_("openBIS"), "vials", columns, headers, _openbis, template=template)


def elabftw() -> Layout:
    """Return the mapping of eLabFTW's storage; the last part of the path is the box."""
    columns = (
        CODE,
        LOT,
        Column("title", "entity_title", most=2000),
        Column("amount", "qty_stored"),
        Column("unit", "qty_unit"),
        Column("path", "full_path", most=1000),
    )
    headers = {"code": ("entity_custom_id", "entity_id"), "lot": ("entity_title",)}
    template = ("entity_id", "entity_title", "container2item_id", "qty_stored", "full_path")
    return Layout("elabftw", N_("eLabFTW"), "vials", columns, headers, _elabftw, template=template)


def _freezerpro(values: Values, problems: list[Problem]) -> list[Values]:
    made = _start(values)
    if "description" in values:
        made["comment"] = values["description"]
    _volume(
        values, "volume", values.get("unit", "ml") if "unit" in values else "ul", made, problems
    )
    box = values.get("box_barcode") or values.get("box")
    place_in(box, values.get("position", ""), made, "box")
    count = values.get("count", 1)
    if not 1 <= count <= MOST_AT_ONCE:
        problems.append(Problem("count", str(count), NOT_COUNT, {"most": MOST_AT_ONCE}))
        return [made]
    return _several(made, count)


def _labkey(values: Values, problems: list[Problem]) -> list[Values]:
    made = _start(values)
    if "comment" in values:
        made["comment"] = values["comment"]
    _volume(values, "amount", values.get("unit", ""), made, problems)
    way = split_path(values.get("location", ""), "/")
    position = joined(values.get("row", ""), values.get("column", ""), "")
    place_in(way[-1] if way else None, position, made, "box")
    return [made]


def _openbis(values: Values, problems: list[Problem]) -> list[Values]:
    written = values.get("places", "")
    if re.search(r"[,;:]|\w-\w", written):
        problems.append(Problem("places", written[:200], NOT_PLACES))
    places = written.split()
    made = _several(_start(values), max(1, min(len(places), MOST_AT_ONCE)))
    for one, place in zip(made, places or [""], strict=False):
        one.pop("after", None)
        place_in(values.get("box"), place, one, "box")
    return made


def _elabftw(values: Values, problems: list[Problem]) -> list[Values]:
    made = _start(values)
    if "title" in values:
        made["comment"] = values["title"]
    _volume(values, "amount", values.get("unit", ""), made, problems)
    way = split_path(values.get("path", ""), ">")
    place_in(way[-1] if way else None, "", made, "box")
    return [made]


def _start(values: Values) -> Values:
    made = {name: values[name] for name in ("code", "lot", "thaws") if name in values}
    return made | {name: value for name, value in values.items() if name.startswith("field:")}


def _volume(values: Values, column: str, unit: str, made: Values, problems: list[Problem]) -> None:
    if column not in values:
        return
    amount, factor = number(values[column]), UNITS.get(unit.strip().casefold())
    if factor is None:
        problems.append(Problem("unit", unit[:80], NOT_UNIT))
    elif amount is None or amount < 0:  # LabKey has amounts below nothing
        problems.append(Problem(column, str(values[column])[:80], NOT_AMOUNT))
    else:
        made["volume_ul"] = round(amount * factor)


def _several(made: Values, count: int) -> list[Values]:
    """Return as many vials, the codes of several with a number behind; they follow one another in the box."""
    if count == 1:
        return [made]
    found = [
        made | {"code": f"{made['code']}-{n}"} if "code" in made else dict(made)
        for n in range(1, count + 1)
    ]
    for at, one in enumerate(found[1:], 1):
        one.pop("position", None)
        if "box" in one:
            one["after"] = at
    return found
