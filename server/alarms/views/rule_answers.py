"""What a rule asks of people: how many answer, for how long an answer holds, what ends its alarm."""

from dataclasses import replace
from typing import Any

from server.alarms import rules
from server.alarms.models import AlarmRule
from server.alarms.rules import Wish
from server.core.words import N_
from server.kit import forms
from server.kit.forms import Form
from server.kit.i18n import gettext

YES, NO = "yes", "no"
WORDS = {NO: N_("no"), YES: N_("yes")}


class AnswersForm(Form):
    """What the rule asks of people; what is left empty stays as it was."""

    acks_needed: int | None = forms.whole(required=False)
    again_min: float | None = forms.number(unit="min", required=False)
    latching: str = forms.choice((YES, NO), required=False)
    needs_confirming: str = forms.choice((YES, NO), required=False)
    alarm_class: str = forms.choice(rules.CLASSES, required=False)

    def on(self, wish: Wish) -> Wish:
        """Return the wish with what was said here; all else as it was."""
        return asked(
            wish, self.acks_needed, None if self.again_min is None else self.again_min * 60,
            _said(self.latching), _said(self.needs_confirming), self.alarm_class or None,
        )  # fmt: skip


def asked(
    wish: Wish, acks_needed: int | None, ack_timeout_s: float | None, latching: bool | None,
    needs_confirming: bool | None, alarm_class: str | None = None,
) -> Wish:  # fmt: skip
    """Return the wish asking this of people, and of this class; None leaves what it asks."""
    said = {
        "acks_needed": acks_needed, "ack_timeout_s": ack_timeout_s, "latching": latching,
        "needs_confirming": needs_confirming, "alarm_class": alarm_class,
    }  # fmt: skip
    return replace(wish, **{name: one for name, one in said.items() if one is not None})  # type: ignore[arg-type]  # each has its field's type


def typed(rule: AlarmRule) -> dict[str, str]:
    """Return what the form says before anybody has typed."""
    return {
        "acks_needed": str(rule.acks_needed),
        "again_min": f"{rule.ack_timeout_s / 60:g}" if rule.ack_timeout_s else "",
        "latching": YES if rule.latching else NO,
        "needs_confirming": YES if rule.needs_confirming else NO,
        "alarm_class": rule.alarm_class,
    }


def words() -> dict[str, Any]:
    """Return what the fields choose from."""
    return {
        "yes_no": [(one, gettext(word)) for one, word in WORDS.items()],
        "classes": [(one, gettext(rules.CLASS_WORDS[one])) for one in rules.CLASSES],
    }


def _said(chosen: str) -> bool | None:
    return None if not chosen else chosen == YES
