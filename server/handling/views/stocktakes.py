"""Stock-takes: opened, followed box by box, closed; and their discrepancies settled."""

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.core.errors import Conflict, CryokeepError, Invalid, NotFound
from server.handling.models import StockTake
from server.handling.queries import discrepancies as differing
from server.handling.queries import stocktakes as queries
from server.handling.rules.stocktakes import HOW_WORDS
from server.handling.service import discrepancies, stocktakes
from server.handling.views.blueprints import pages
from server.handling.views.take_forms import BoxForm, NewTakeForm, SettleForm
from server.kit import notices
from server.kit.door import require
from server.kit.forms import Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.storage.queries import container
from server.storage.queries.scanners import scanners

WORK = "storage.import"
MISTAKES = (Invalid, Conflict, NotFound)


@pages.get("/stock-takes")
@require("storage.read")
def stock_takes() -> str:
    """Show the stock-takes, open ones first, and what is open of them."""
    return render_template(
        "handling/stock_takes.html",
        rows=queries.stock_takes(g.session, g.actor),
        differing=differing.discrepancies(g.session, g.actor),
    )


@pages.get("/stock-takes/new")
@require(WORK)
def new_stock_take() -> str:
    """Ask what is counted."""
    return _new(Typed({"container": request.args.get("container", "")}))


@pages.post("/stock-takes/new")
@require(WORK)
def open_stock_take() -> Response | tuple[str, int]:
    """Open a stock-take; refused with every box that is being counted already."""
    try:
        form = NewTakeForm.read(request.form)
        root = container(g.session, g.actor, WORK, form.container)
        take = stocktakes.open_take(g.session, g.actor, root, form.title, at=g.clock.now())
    except MISTAKES as refused:
        g.session.rollback()
        return _new(typed_of(request.form), refused), 422
    return redirect(url_for("handling.stock_take", code=take.code))


def _new(typed: Typed, refused: CryokeepError | None = None) -> str:
    errors = errors_of(refused) if refused else {}
    return render_template("handling/new_stock_take.html", typed=typed, errors=errors)


@pages.get("/stock-takes/<code>")
@require("storage.read")
def stock_take(code: str) -> str:
    """Show how far a stock-take is, its boxes and its discrepancies."""
    return _page(queries.stock_take(g.session, g.actor, "storage.read", code))


def _page(take: StockTake, refused: CryokeepError | None = None, typed: Typed | None = None) -> str:
    return render_template(
        "handling/stock_take.html",
        take=take,
        row=queries.progress(g.session, take),
        boxes=queries.boxes_of(g.session, take),
        differing=differing.of_source(g.session, queries.KIND, take.id),
        scanners=[(one.id, one.code) for one in scanners(g.session, g.actor)],
        how_words=HOW_WORDS,
        may_work=g.actor.may(WORK, take.org_id),
        typed=typed or Typed(),
        errors=errors_of(refused) if refused else {},
    )


def page_again(code: str, refused: CryokeepError) -> tuple[str, int]:
    """Show the stock-take again with what was refused."""
    g.session.rollback()
    with g.reader() as session:
        g.session = session
        take = queries.stock_take(session, g.actor, WORK, code)
        return _page(take, refused, typed_of(request.form)), 422


@pages.post("/stock-takes/<code>/box")
@require(WORK)
def choose_take_box(code: str) -> Response | tuple[str, int]:
    """Go to the box that was scanned."""
    take = queries.stock_take(g.session, g.actor, WORK, code)
    try:
        form = BoxForm.read(request.form)
        line = queries.box_of(g.session, take, form.counted)
    except MISTAKES as refused:
        return page_again(code, refused)
    return redirect(url_for("handling.take_box", code=take.code, box=line.box.code), 303)


@pages.post("/stock-takes/<code>/close")
@require(WORK)
def close_stock_take(code: str) -> Response:
    """Close a stock-take; boxes that were not committed are left."""
    take = queries.stock_take(g.session, g.actor, WORK, code)
    left = stocktakes.close_take(g.session, g.actor, take, at=g.clock.now())
    notices.tell(gettext("The stock-take is closed. Boxes left: %(count)s.", count=left))
    return redirect(url_for("handling.stock_take", code=take.code), 303)


@pages.get("/discrepancies/<int:number>")
@require("storage.read")
def discrepancy(number: int) -> str:
    """Show one discrepancy and how it can be settled."""
    return _discrepancy(number)


def _discrepancy(
    number: int, refused: CryokeepError | None = None, typed: Typed | None = None
) -> str:
    found = differing.discrepancy(g.session, g.actor, "storage.read", number)
    return render_template(
        "handling/discrepancy.html",
        found=found,
        why=discrepancies.why_of(found),
        how_words=HOW_WORDS,
        may_work=g.actor.may("storage.move", found.org_id),
        typed=typed or Typed({"how": "found" if found.vial is not None else "explained"}),
        errors=errors_of(refused) if refused else {},
    )


@pages.post("/discrepancies/<int:number>")
@require("storage.move")
def settle_discrepancy(number: int) -> Response | tuple[str, int]:
    """Settle a discrepancy."""
    found = differing.discrepancy(g.session, g.actor, "storage.move", number)
    try:
        form = SettleForm.read(request.form)
        box = container(g.session, g.actor, "storage.move", form.box, "box") if form.box else None
        discrepancies.settle(
            g.session, g.actor, found, form.how, form.note, box, form.position, at=g.clock.now()
        )
    except MISTAKES as refused:
        g.session.rollback()
        with g.reader() as session:
            g.session = session
            return _discrepancy(number, refused, typed_of(request.form)), 422
    notices.tell(gettext("The discrepancy is settled."))
    return redirect(url_for("handling.discrepancy", number=number), 303)
