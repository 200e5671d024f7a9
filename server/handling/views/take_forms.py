"""The forms of stock-takes and discrepancies."""

from server.handling.rules.stocktakes import How
from server.kit import forms
from server.kit.forms import Form


class NewTakeForm(Form):
    """What is counted."""

    container: str = forms.code()
    title: str = forms.text(required=False, most=120)


class BoxForm(Form):
    """A scanned box."""

    counted: str = forms.code()


class FileForm(Form):
    """How a scanner's file is read; the file itself comes beside it."""

    box: str = forms.code(required=False)
    scanner: int | None = forms.whole(required=False)
    rest_is_empty: bool = forms.checkbox()


class ReadingForm(Form):
    """What is at one position: a tube, one that cannot be read, or nothing."""

    position: str = forms.text(most=12)
    seen: str = forms.choice(("tube", "unread", "empty"))
    tube: str = forms.code(required=False)


class CommitForm(Form):
    """The comparison that was shown, and whether rack and box were compared where that is in doubt."""

    fingerprint: str = forms.text(most=32)
    compared: bool = forms.checkbox()


class SettleForm(Form):
    """How a discrepancy is settled."""

    how: str = forms.choice((str(How.FOUND), str(How.LOST), str(How.EXPLAINED), str(How.MISSED)))
    note: str = forms.text(required=False, most=500)
    box: str = forms.code(required=False)
    position: str = forms.text(required=False, most=12)
