"""Which fields a rule of one kind has: its limit with unit and meaning, and what else the kind reads."""

from collections.abc import Sequence
from dataclasses import dataclass

from server.alarms import params, rules
from server.alarms.kinds import KINDS
from server.alarms.params import Param
from server.alarms.wishes import params_of
from server.kit import forms
from server.kit.fields import Field
from server.kit.forms import Form
from server.kit.i18n import gettext
from server.telemetry import quantities

Choices = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Shown:
    """One parameter as its field shows it."""

    name: str
    word: str
    hint: str
    unit: str
    default: str
    choices: Choices | None
    """None for a number."""
    optional: bool


@dataclass(frozen=True)
class Shape:
    """The fields of one kind, in the reader's language; no `limit` where the kind has none."""

    kind: str
    word: str
    limit: str
    unit: str
    way_back: bool
    way_back_unit: str
    params: Sequence[Shown]


def shape(kind: str, key: str = "", others: Choices = ()) -> Shape | None:
    """Return the fields of a rule of a channel; None for no such kind. `others` are the channels beside it."""
    if kind not in rules.CHANNEL_KINDS:
        return None
    known = KINDS[kind]
    beside = [(other, word) for other, word in others if other != key]
    back = "h" if known.unit == "h" else _unit("span", key)
    return Shape(
        kind, gettext(known.word), gettext(known.limit) if known.limit else "", _unit(known.unit, key),
        known.way_back, back, [_shown(param, key, beside) for param in params.fields(kind)],
    )  # fmt: skip


def _shown(param: Param, key: str, others: Choices) -> Shown:
    choices: Choices | None = others if param.type == "channel" else None
    if param.choices:
        choices = [(one, gettext(word)) for one, word in param.choices.items()]
    default = "" if param.default is None else str(param.default)
    hint = gettext(param.hint) if param.hint else ""
    return Shown(
        param.name, gettext(param.word), hint, _unit(param.unit, key), default, choices, not default
    )


def _unit(unit: str, key: str) -> str:
    """What stands behind the number; nothing where the channel is not known or has no unit."""
    plain, span = quantities.unit_of(key), quantities.span_unit_of(key)
    of_channel = {
        "channel": plain, "span": span, "span a minute": f"{span}/min", "channel a day": f"{plain}/d",
    }  # fmt: skip
    if unit in of_channel:
        return of_channel[unit] if plain else ""
    return {"times": "×", "days": "d"}.get(unit, unit)


class ParamsForm(Form):
    """What a kind reads besides its limit; one field for each name of the table."""

    def params(self, kind: str, was: str = "{}") -> str:
        """Return the parameters as a rule keeps them; a field that was not sent stays as it was."""
        said = {name: getattr(self, name) for name in ParamsForm.fields if name in self.typed}
        return params.merged(kind, said, was)


def _field(param: Param) -> Field:
    if param.type == "number":
        return forms.number(unit="s" if param.unit == "s" else "", required=False)  # type: ignore[no-any-return]  # a field is declared as what it reads
    return forms.text(most=64, required=False)  # type: ignore[no-any-return]  # as above


ParamsForm.fields = {
    param.name: _field(param) for kind in params.PARAMS for param in params.fields(kind)
}


def typed(kind: str, text: str) -> dict[str, str]:
    """Return what the fields say before anybody has typed."""
    known, said = {param.name for param in params.fields(kind)}, params_of(text)
    return {name: _plain(one) for name, one in said.items() if name in known}


def _plain(one: object) -> str:
    return f"{one:g}" if isinstance(one, float) else str(one)
