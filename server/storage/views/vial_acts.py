"""Simple acts with one vial: thaw, use up for tests, give up as lost, mark as damaged, measure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.core.errors import Conflict, CryokeepError, Invalid, NotFound, Refusal
from server.core.words import N_
from server.kit import notices
from server.kit.door import require
from server.kit.forms import Typed, errors_of, typed_of
from server.kit.i18n import gettext
from server.storage import queries, rules
from server.storage import service as storage
from server.storage.models import Vial
from server.storage.queries import guarding
from server.storage.rules.protection import USES
from server.storage.rules.states import Act, State
from server.storage.service import marks
from server.storage.views.blueprints import pages
from server.storage.views.guard_forms import ActForm

Page = Response | str | tuple[str, int]


@dataclass(frozen=True)
class VialAct:
    """One act: its words, what its form asks beside the note, when it can be done, and its verb."""

    name: str
    title: str
    explains: str
    label: str
    done: str
    may: Callable[[Vial], bool]
    does: Callable[[Vial, ActForm, datetime], object]
    asks: frozenset[str] = frozenset()
    note_needed: bool = False


def _thaw(vial: Vial, form: ActForm, at: datetime) -> object:
    return storage.thaw_vial(
        g.session, g.actor, vial, form.note, ends=not form.stays, use=form.use, at=at
    )


def _measure(vial: Vial, form: ActForm, at: datetime) -> object:
    if form.found_ul is None:
        raise Invalid(Refusal("no_volume", N_("Say how much is in it.")), field="found_ul")
    if vial.state == State.LABELLED:
        return storage.fill_vial(g.session, g.actor, vial, form.found_ul, at=at)
    return marks.measure_volume(g.session, g.actor, vial, form.found_ul, form.note, at=at)


def _can(act: Act) -> Callable[[Vial], bool]:
    return lambda vial: rules.state_after(vial.state, act) is not None


def _here(vial: Vial) -> bool:
    return vial.state not in rules.TERMINAL and vial.state != State.MISSING


ACTS = {
    act.name: act
    for act in (
        VialAct(
            "thaw",
            N_("Thaw %(code)s"),
            N_(
                "The thaw is counted. Thawed for use it is used up; it may be frozen again only where its tier lets a vial go back."
            ),
            N_("Thaw"),
            N_("%(vial)s has been thawed."),
            _can(Act.THAW),
            _thaw,
            frozenset({"use", "stays"}),
        ),
        VialAct(
            "consume",
            N_("Use up %(code)s for tests"),
            N_("It was used up for tests of quality: that is final."),
            N_("Used up for tests"),
            N_("%(vial)s was used up for tests."),
            _can(Act.CONSUME),
            lambda vial, form, at: storage.consume_vial(g.session, g.actor, vial, form.note, at=at),
        ),
        VialAct(
            "lose",
            N_("Give up %(code)s as lost"),
            N_("It was looked for and not found. If it turns up later, quality reverses this."),
            N_("Give up as lost"),
            N_("%(vial)s is given up as lost."),
            _can(Act.LOSE),
            lambda vial, form, at: storage.lose_vial(g.session, g.actor, vial, form.note, at=at),
            note_needed=True,
        ),
        VialAct(
            "damage",
            N_("Mark %(code)s as damaged"),
            N_("It is promised, shipped and shared out no more, and still has to be destroyed."),
            N_("Mark as damaged"),
            N_("%(vial)s is marked as damaged."),
            lambda vial: _here(vial) and vial.damaged_at is None,
            lambda vial, form, at: marks.mark_damaged(g.session, g.actor, vial, form.note, at=at),
            note_needed=True,
        ),
        VialAct(
            "whole",
            N_("%(code)s is not damaged"),
            N_("The mark is taken back; that it was there stays in the record."),
            N_("Not damaged"),
            N_("%(vial)s is no longer marked as damaged."),
            lambda vial: _here(vial) and vial.damaged_at is not None,
            lambda vial, form, at: marks.unmark_damaged(g.session, g.actor, vial, form.note, at=at),
            note_needed=True,
        ),
        VialAct(
            "measure",
            N_("How much is in %(code)s"),
            N_("What was thought before stays in the ledger, with the difference."),
            N_("Measure"),
            N_("The volume of %(vial)s has been entered."),
            _here,
            _measure,
            frozenset({"found_ul"}),
        ),
    )
}


def acts_for(vial: Vial) -> list[VialAct]:
    """Return what can be done with this vial as it is now."""
    return [act for act in ACTS.values() if act.may(vial)]


@pages.get("/vials/<code>/acts/<name>")
@require("storage.move")
def act_form(code: str, name: str) -> str:
    """Ask what the act needs to know."""
    found = queries.vial(g.session, g.actor, "storage.move", code)
    return _page(found, _act(name), Typed())


@pages.post("/vials/<code>/acts/<name>")
@require("storage.move")
def do_act(code: str, name: str) -> Page:
    """Do it."""
    found, act = queries.vial(g.session, g.actor, "storage.move", code), _act(name)
    try:
        act.does(found, ActForm.read(request.form), g.clock.now())
    except (Invalid, Conflict) as refused:
        return _page(found, act, typed_of(request.form), refused), 422
    notices.tell(gettext(act.done, vial=found.code))
    return redirect(url_for("storage.vial", code=found.code))


def _act(name: str) -> VialAct:
    if name in ACTS:
        return ACTS[name]
    because = N_("“%(found)s” is not something that can be done with a vial.")
    raise NotFound(Refusal("no_such_act", because, {"found": name}))


def _page(found: Vial, act: VialAct, typed: Typed, refused: CryokeepError | None = None) -> str:
    return render_template(
        "storage/vial_act.html",
        vial=found,
        act=act,
        uses=USES,
        policy=guarding.policy(g.session, found.org_id, found.lot.tier),
        cleared=guarding.clearance_of(g.session, found),
        typed=typed,
        errors=errors_of(refused) if refused else {},
    )
