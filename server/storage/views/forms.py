"""The forms of storage."""

from collections.abc import Mapping

from server.core.errors import Refusal
from server.core.words import N_
from server.kit import forms
from server.kit.form_codes import all_of
from server.kit.forms import Form
from server.storage import rules
from server.storage.rules.protection import USES


class DestinationForm(Form):
    """Where a vial goes: a box, and a position or the first free one; `tube` is what was read on it."""

    box: str = forms.code()
    position: str = forms.text(required=False, most=40)
    tube: str = forms.code(required=False)


class MoveForm(DestinationForm):
    """A vial and where it goes, both scanned."""

    vial: str = forms.code()


class TakeOutForm(Form):
    """Why a vial is taken out, and for which use, where its bank wants to know; `tube` is what was read on it."""

    tube: str = forms.code(required=False)
    reason: str = forms.text(required=False, most=500)
    use: str = forms.choice(tuple(USES), required=False)
    keep_slot: bool = forms.checkbox()


class DiscardForm(Form):
    """Why a vial is destroyed, the signature under it, and its witness where one is there now."""

    reason: str = forms.choice(tuple(rules.DISCARD_REASONS))
    meaning: str = forms.choice(("destroyed",))
    version: int | None = forms.whole(required=False)
    password: str = forms.secret()
    witness_email: str = forms.text(required=False, most=320)
    witness_password: str = forms.secret(required=False)

    def quarrels(self) -> Mapping[str, Refusal]:
        """Refuse a witness of whom only one of the two was given."""
        if bool(self.witness_email) == bool(self.witness_password):
            return {}
        because = N_(
            "The witness gives their e-mail address and their password, or confirms later."
        )
        return {"witness_password": Refusal("half_witness", because)}


class SiteForm(Form):
    """A new site."""

    code: str = forms.code()
    name: str = forms.text(required=False)
    time_zone: str = forms.text(most=60)
    address: str = forms.text(required=False, most=500)


class PartForm(Form):
    """A new room, circuit or supply of a site."""

    kind: str = forms.choice(("room", "circuit", "supply"))
    code: str = forms.text(most=rules.LONGEST_CODE)


class VialsForm(Form):
    """Tubes for a box: one code a line."""

    lot: str = forms.code()
    codes: str = forms.text(most=20_000)
    position: str = forms.text(required=False, most=12)
    sample_type: str = forms.text(required=False, most=64)

    @property
    def lines(self) -> list[str]:
        """Return the codes, one a line."""
        return all_of(self.codes)

    def quarrels(self) -> Mapping[str, Refusal]:
        """Refuse lines that are no codes, or the same twice."""
        refusal = rules.why_not_codes(self.lines)
        return {"codes": refusal} if refusal else {}


class ScanForm(Form):
    """A rack scan: its box, where the file does not name it, and a lot for unknown tubes."""

    box: str = forms.code(required=False)
    lot: str = forms.code(required=False)
    scanner: int | None = forms.whole(required=False)


class ApplyForm(Form):
    """The plan that was shown, whether rack and box were compared, and whether what conflicts is left."""

    fingerprint: str = forms.text(required=False, most=32)
    compared: bool = forms.checkbox()
    leaving: bool = forms.checkbox()


class LotForm(Form):
    """The lot into which unknown tubes are entered; empty leaves them out."""

    lot: str = forms.code(required=False)
