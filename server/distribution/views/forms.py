"""The forms of distribution."""

from server.distribution import rules
from server.distribution.service.shipping import LONGEST
from server.kit import forms
from server.kit.forms import Form


class AskForm(Form):
    """So many vials, for this purpose, to that site."""

    quantity: int = forms.whole(least=1, most=rules.MOST_VIALS)
    purpose: str = forms.text(most=rules.LONGEST_TEXT)
    delivery_site: int | None = forms.whole(required=False)


class ReasonForm(Form):
    """Why a request is refused or cancelled."""

    reason: str = forms.text(most=rules.LONGEST_TEXT)


class PickForm(Form):
    """The tube in the hand, and the one that the page asked for."""

    code: str = forms.code()
    expected: str = forms.code(required=False)


class ShipForm(Form):
    """Who carries the vials, and under which number."""

    carrier: str = forms.text(most=LONGEST)
    tracking: str = forms.text(required=False, most=LONGEST)
