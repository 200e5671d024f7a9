"""The forms of work lists."""

from server.handling.rules.putting import SPLIT, TOGETHER
from server.kit import forms
from server.kit.form_codes import lines_of
from server.kit.forms import Form
from server.storage.rules.protection import USES


class NewListForm(Form):
    """Tubes for one walk."""

    kind: str = forms.choice(("pick", "put_away"))
    title: str = forms.text(required=False, most=120)
    use: str = forms.choice(tuple(USES), required=False)
    codes: str = forms.text(most=40_000)
    policy: str = forms.choice((TOGETHER, SPLIT), required=False)
    freezers: str = forms.text(required=False, most=2_000)

    @property
    def lines(self) -> list[str]:
        """Return the codes, each once, in the order in which they were typed."""
        return lines_of(self.codes)


class TubeForm(Form):
    """A scanned tube."""

    tube: str = forms.code()


class PutForm(TubeForm):
    """A scanned tube and the box that it goes into."""

    box: str = forms.code()
    position: str = forms.text(required=False, most=12)
    elsewhere: bool = forms.checkbox()


class TimesForm(Form):
    """How long each movement keeps a lid open."""

    lid_s: float = forms.number(unit="s", least=0, most=600)
    rack_s: float = forms.number(unit="s", least=0, most=600)
    box_s: float = forms.number(unit="s", least=0, most=600)
    tube_s: float = forms.number(unit="s", least=0, most=600)
