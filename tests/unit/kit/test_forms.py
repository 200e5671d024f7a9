"""Forms: what is taken, what is refused, and that typed things stay."""

from datetime import date

import pytest
from werkzeug.datastructures import MultiDict

from server.core.errors import Conflict, Refusal
from server.kit import forms


class Sample(forms.Form):
    code: str = forms.code()
    level_mm: float = forms.number(unit="mm", least=0, most=2000)
    vials: int | None = forms.whole(least=1, required=False)
    reason: str = forms.choice(("thawed", "broken"))
    on: date | None = forms.date(required=False)
    urgent: bool = forms.checkbox()
    marks: list[str] = forms.many(("a", "b"))


GOOD = {"code": "SH0041-27", "level_mm": "231", "reason": "thawed"}


def test_a_right_form_gives_values_of_their_kinds():
    sent = MultiDict({**GOOD, "vials": "3", "on": "2026-04-17", "urgent": "yes"})
    sent.setlist("marks", ["a", "b"])

    form = Sample.read(sent)

    assert (form.code, form.level_mm, form.vials, form.reason) == ("SH0041-27", 231.0, 3, "thawed")
    assert (form.on, form.urgent, form.marks) == (date(2026, 4, 17), True, ["a", "b"])


@pytest.mark.parametrize(
    ("field", "typed", "expected"),
    [
        ("code", "", "empty"),
        ("code", "two words", "not_a_code"),
        ("code", "x" * 65, "too_long"),
        ("level_mm", "much", "not_a_number"),
        ("level_mm", "nan", "not_a_number"),
        ("level_mm", "1e999", "not_a_number"),
        ("level_mm", "-1", "outside"),
        ("level_mm", "2000.1", "outside"),
        ("vials", "1.5", "not_a_number"),
        ("vials", "0", "outside"),
        ("reason", "bored", "not_offered"),
        ("on", "2026-02-30", "not_a_date"),
        ("marks", "c", "not_offered"),
    ],
)
def test_each_slip_is_named_at_its_field_and_what_was_typed_stays(field, typed, expected):
    with pytest.raises(forms.FormRefused) as refused:
        Sample.read(MultiDict({**GOOD, field: typed}))

    assert {name: r.code for name, r in refused.value.errors.items()} == {field: expected}
    assert refused.value.typed[field] == typed


@pytest.mark.parametrize("typed", ["−142,5", "-142.5", " -142.5 "])
def test_a_number_may_be_written_as_people_write_it(typed):
    class Warmest(forms.Form):
        top_c: float = forms.number(unit="°C")

    assert Warmest.read(MultiDict({"top_c": typed})).top_c == -142.5


def test_passwords_are_never_shown_again():
    assert forms.typed_of(MultiDict({"password": "x", "csrf": "y", "name": "z"})) == {"name": "z"}


def test_the_error_of_a_verb_stands_at_its_field():
    refusal = Refusal("taken", "taken")

    assert forms.errors_of(Conflict(refusal, field="code")) == {"code": refusal}
    assert forms.errors_of(Conflict(refusal)) == {"": refusal}
