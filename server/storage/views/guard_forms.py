"""The forms of holds, clearances, destructions, stock rules and what is made out of vials."""

from server.catalogue.rules import TIERS
from server.genealogy.rules import CAUSES, LONGEST_NOTE, SEVERITIES
from server.kit import forms
from server.kit.forms import Form
from server.storage.rules.lineage import LOT_RELATIONS
from server.storage.rules.protection import USES, Policy


class HoldForm(Form):
    """Why a thing is held."""

    cause: str = forms.choice(tuple(CAUSES))
    severity: str = forms.choice(tuple(SEVERITIES))
    note: str = forms.text(required=False, most=LONGEST_NOTE)


class LiftForm(Form):
    """Why a hold is lifted."""

    reason: str = forms.text(most=LONGEST_NOTE)


class NoteForm(Form):
    """A reason in words."""

    note: str = forms.text(most=LONGEST_NOTE)


class ActForm(Form):
    """One of the simple acts with a vial: a note, and what only some of them ask."""

    note: str = forms.text(required=False, most=LONGEST_NOTE)
    use: str = forms.choice(tuple(USES), required=False)
    found_ul: int | None = forms.whole(least=0, most=100_000_000, required=False)
    stays: bool = forms.checkbox()


class SignedForm(Form):
    """A signature under what the page shows."""

    version: int | None = forms.whole(required=False)
    password: str = forms.secret()


class ReverseForm(SignedForm):
    """What was wrong with the ending that is reversed, signed."""

    note: str = forms.text(most=LONGEST_NOTE)


class ClearanceForm(Form):
    """What a protected vial is wanted for."""

    use: str = forms.choice((*USES, "discard"))
    note: str = forms.text(required=False, most=LONGEST_NOTE)


class PolicyForm(Form):
    """What an organisation wants for a tier."""

    least_vials: int = forms.whole(least=0, most=100_000)
    least_percent: int = forms.whole(least=0, most=100)
    keep_all: bool = forms.checkbox()
    signed: bool = forms.checkbox()
    return_allowed: bool = forms.checkbox()
    rebank_below: int | None = forms.whole(least=0, most=100_000, required=False)
    longest_out_min: int | None = forms.whole(least=0, most=10_000, required=False)
    uses: list[str] = forms.many(tuple(USES))

    def policy(self, tier: str) -> Policy:
        """Return the form as the verbs take it."""
        minutes = self.longest_out_min
        return Policy(
            tier=tier, least_vials=self.least_vials, least_percent=self.least_percent,
            keep_all=self.keep_all, rebank_below=self.rebank_below,
            return_allowed=self.return_allowed, uses=frozenset(self.uses), signed=self.signed,
            longest_out_s=None if minutes is None else minutes * 60,
        )  # fmt: skip


class LinePolicyForm(Form):
    """How many vials of a line, over all its tiers, are its last ones."""

    least_vials: int = forms.whole(least=0, most=1000)

    def policy(self, tier: str) -> Policy:
        """Return the form as the verbs take it."""
        return Policy(tier, least_vials=self.least_vials)


class TubesForm(Form):
    """New tubes that are made out of one or several, and where they go."""

    parents: str = forms.text(required=False, most=20_000)
    codes: str = forms.text(most=20_000)
    each_ul: int | None = forms.whole(least=1, most=100_000_000, required=False)
    box: str = forms.code(required=False)
    position: str = forms.text(required=False, most=12)
    use: str = forms.choice(tuple(USES), required=False)


class NewLotForm(Form):
    """A new lot and the tubes from which it was made."""

    parents: str = forms.text(most=20_000)
    relation: str = forms.choice(tuple(LOT_RELATIONS))
    code: str = forms.code()
    line: str = forms.code(required=False)
    tier: str = forms.choice(tuple(TIERS))
    passage: int | None = forms.whole(least=0, most=1000, required=False)
    pdl: float | None = forms.number(least=0, most=1000, required=False)
    use: str = forms.choice(tuple(USES), required=False)
    codes: str = forms.text(required=False, most=20_000)
    box: str = forms.code(required=False)
    position: str = forms.text(required=False, most=12)


class ParentsForm(Form):
    """The tubes from which a lot was made that is there already."""

    parents: str = forms.text(most=20_000)
    relation: str = forms.choice(tuple(LOT_RELATIONS))
