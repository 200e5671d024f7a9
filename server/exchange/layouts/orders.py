"""OpenSpecimen's distribution orders: one row is one vial of an order."""

from server.core.words import N_
from server.exchange.layouts.base import Layout
from server.exchange.layouts.openspecimen import STATUS
from server.exchange.rules import Column, Problem
from server.exchange.sheets.base import Values

ITEM = "Order item#Specimen#"
HOLDING = "Order item#Holding Location#"
ORDER = (
    "Identifier", "Name", "Receiving Site", "Execution Date", "Tracking URL", "Comments",
    "Order Status", "Distribution Protocol#Short Title", "Requester#Email Address",
    "Distributor#Email Address", "Order item#Quantity", "Order item#Status",
    f"{ITEM}CP Short Title", f"{ITEM}Label", f"{ITEM}Barcode", f"{HOLDING}Container",
    f"{HOLDING}Row", f"{HOLDING}Column", f"{HOLDING}Position",
)  # fmt: skip
STATES = {"": "received", "EXECUTED": "received", "CLOSED": "received", "PENDING": "submitted"}
SENT = ("shipped", "received")
NOT_STATUS = N_("PENDING, EXECUTED or CLOSED")


def order() -> Layout:
    """Return the mapping of orders: each is a request, its items the vials that were given."""
    columns = (
        Column("name", "Name", "code", required=True),
        Column("requester", "Requester#Email Address", required=True),
        Column("site", "Receiving Site"),
        Column("date", "Execution Date", "date"),
        Column("tracking", "Tracking URL", most=500),
        Column("comments", "Comments", most=4000),
        Column("status", "Order Status"),
        Column("label", f"{ITEM}Label", "code", required=True),
    )
    return Layout(
        "openspecimen-order", N_("OpenSpecimen distribution orders"), "requests", columns, {},
        _order, _order_out, None, ORDER, STATUS, anew=_items,
    )  # fmt: skip


def _order(values: Values, problems: list[Problem]) -> list[Values]:
    ours = {
        "name": "code", "requester": "requester", "site": "delivery_site", "date": "submitted_on",
        "tracking": "tracking", "comments": "purpose",
    }  # fmt: skip
    made = {own: values[name] for name, own in ours.items() if name in values}
    status = values.get("status", "").strip().upper()
    if status not in STATES:
        problems.append(Problem("status", status[:80], NOT_STATUS))
    else:
        made["state"] = STATES[status]
    if "label" in values:
        made["vials"] = (values["label"],)
    return [made]


def _order_out(values: Values) -> dict[str, str]:
    return {"Requester#Email Address": values["requester"], "Tracking URL": values["tracking"]}


def _items(values: Values) -> list[dict[str, str]]:
    """Return the rows of a request that was made here: one for each vial that was given, dates as the US write them."""
    order = {
        "Name": values["code"], "Receiving Site": values["delivery_site"],
        "Execution Date": values["submitted_on"].strftime("%m-%d-%Y"), "Comments": values["purpose"],
        "Order Status": "EXECUTED" if values["state"] in SENT else "PENDING",
    }  # fmt: skip
    return [order | {f"{ITEM}Label": code} for code in values["vials"]] or [order]
