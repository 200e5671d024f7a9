"""The forms of shipments."""

from server.kit import forms
from server.kit.form_codes import lines_of
from server.kit.forms import Form


class NewShipmentForm(Form):
    """A shipment that is announced, comes back, or is packed for another site."""

    kind: str = forms.choice(("incoming", "return", "transfer"))
    to_site: str = forms.text(most=64)
    from_site: str = forms.text(required=False, most=64)
    shipper: str = forms.code(required=False)
    lot: str = forms.code(required=False)
    manifest: str = forms.text(required=False, most=100_000)
    sender: str = forms.text(required=False, most=200)
    waybill: str = forms.text(required=False, most=120)
    note: str = forms.text(required=False, most=500)

    @property
    def codes(self) -> list[str]:
        """Return the codes of tubes that come back."""
        return lines_of(self.manifest)


class PackForm(Form):
    """A scanned tube."""

    tube: str = forms.code()


class UnpackForm(Form):
    """A packed tube and the box into which it goes again."""

    packed: str = forms.code()
    box: str = forms.code()
    position: str = forms.text(required=False, most=12)


class SendForm(Form):
    """Who carries it, and under which number."""

    carrier: str = forms.text(required=False, most=120)
    waybill: str = forms.text(required=False, most=120)


class ReceiveForm(PackForm):
    """A scanned tube that arrived, where it goes, and what is to be said of it."""

    box: str = forms.code(required=False)
    position: str = forms.text(required=False, most=12)
    damaged: bool = forms.checkbox()
    unannounced: bool = forms.checkbox()
    lot: str = forms.code(required=False)
    note: str = forms.text(required=False, most=500)


class CloseForm(Form):
    """What did not arrive: one tube, or all that is left; and why it is decided so."""

    absent: str = forms.code(required=False)
    reason: str = forms.text(required=False, most=500)


class CancelForm(Form):
    """Why a shipment is cancelled."""

    why: str = forms.text(required=False, most=500)


class ShipmentRulesForm(Form):
    """What goes into quarantine."""

    incoming: bool = forms.checkbox()
    transfer: bool = forms.checkbox()
