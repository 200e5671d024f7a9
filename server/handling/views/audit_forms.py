"""The forms of position audits."""

from server.handling.rules.sampling import MOST
from server.kit import forms
from server.kit.forms import Form


class DrawForm(Form):
    """Of which freezer how many positions are drawn; a seed draws the same ones again."""

    freezer: str = forms.code()
    wanted: int = forms.whole(least=1, most=MOST)
    seed: str = forms.text(required=False, most=64)


class CheckForm(Form):
    """What is at a position: a tube, one that cannot be read, or nothing."""

    position: int = forms.whole()
    seen: str = forms.choice(("tube", "unread", "empty"))
    tube: str = forms.code(required=False)


class AgainForm(Form):
    """A position that is looked at once more."""

    position: int = forms.whole(least=1)


class TargetForm(Form):
    """How much of a freezer is to be audited in a year."""

    percent: int = forms.whole(least=0, most=100)
