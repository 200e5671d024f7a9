"""The forms of labels."""

from server.handling.rules import labels as rules
from server.kit import forms
from server.kit.form_codes import lines_of
from server.kit.forms import Form


class TemplateForm(Form):
    """A label template."""

    code: str = forms.code()
    subject: str = forms.choice(tuple(rules.FIELDS))
    width_mm: float = forms.number(unit="mm", least=rules.LEAST_MM, most=rules.MOST_MM)
    height_mm: float = forms.number(unit="mm", least=rules.LEAST_MM, most=rules.MOST_MM)
    symbol: str = forms.choice(tuple(rules.SYMBOLS))
    symbol_side: str = forms.choice(tuple(rules.SIDES))
    lines: str = forms.text(required=False, most=600)
    page: str = forms.choice(tuple(rules.PAGES_MM))
    page_rows: int = forms.whole(least=1, most=60)
    page_columns: int = forms.whole(least=1, most=30)
    page_top_mm: float = forms.number(unit="mm", least=0, most=100)
    page_left_mm: float = forms.number(unit="mm", least=0, most=100)
    gap_x_mm: float = forms.number(unit="mm", least=0, most=50)
    gap_y_mm: float = forms.number(unit="mm", least=0, most=50)


class PrinterForm(Form):
    """A label printer on the network."""

    printer: str = forms.code()
    host: str = forms.text(most=253)
    port: int = forms.whole(least=1, most=65535)
    dpi: int = forms.choice(rules.DPIS)


class PrintForm(Form):
    """What gets labels, by which template, where, and (again) why."""

    subject: str = forms.choice(tuple(rules.FIELDS))
    codes: str = forms.text(most=140_000)
    template: int = forms.whole(least=1)
    printer: int | None = forms.whole(required=False, least=1)
    copies: int = forms.whole(least=1, most=rules.MOST_COPIES)
    skip: int = forms.whole(least=0, most=rules.MOST_LABELS)
    why: str = forms.text(required=False, most=200)

    @property
    def lines(self) -> list[str]:
        """Return the codes, each once, in the order in which they were typed."""
        return lines_of(self.codes)
