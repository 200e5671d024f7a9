"""Forms are declared, read at once, and refused with a sentence per field.

    class PlaceForm(Form):
        box: str = forms.code()
        level_mm: float | None = forms.number(unit="mm", least=0, most=2000, required=False)

    form = PlaceForm.read(request.form)      # raises FormRefused(errors, typed)

`typed` keeps what was typed, so that the page can be shown again as it was.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from werkzeug.datastructures import MultiDict

from server.core.errors import AllRefused, CryokeepError, Invalid, Refusal
from server.core.words import N_
from server.kit.fields import (
    Field,
    Refused,
    checkbox,
    choice,
    code,
    date,
    email,
    many,
    number,
    secret,
    text,
    whole,
)

__all__ = [
    "Form", "FormRefused", "Refused", "checkbox", "choice", "code", "date", "email", "errors_of", "many",
    "number", "secret", "text", "whole",
]  # fmt: skip

Options = Mapping[str, Sequence[object]]
NOT_READ = N_("The form could not be read.")


class Typed(dict[str, Any]):
    """What was typed; a field that is not there reads as empty, in templates too."""

    def __missing__(self, _name: str) -> str:
        return ""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  text, or a list of it
        return self[name]


class FormRefused(Invalid):
    """A form that cannot be taken: a refusal for each field ("" is the form), and what was typed."""

    def __init__(self, errors: Mapping[str, Refusal], typed: Typed) -> None:
        self.errors = dict(errors)
        self.typed = typed
        name, refusal = next(iter(self.errors.items()), ("", Refusal("form", NOT_READ)))
        super().__init__(refusal, field=name)


class Form:
    """Base of all forms: its fields are class attributes."""

    fields: ClassVar[dict[str, Field]] = {}
    typed: Typed

    def __init_subclass__(cls) -> None:
        own = {name: value for name, value in vars(cls).items() if isinstance(value, Field)}
        inherited = {
            name: field
            for base in reversed(cls.__bases__)
            for name, field in getattr(base, "fields", {}).items()
        }
        cls.fields = {**inherited, **own}

    @classmethod
    def read(cls, sent: MultiDict[str, str], options: Options | None = None) -> Self:
        """Return the form filled in; raises FormRefused. `options` gives choices known only now."""
        form = cls()
        form.typed = typed_of(sent)
        errors: dict[str, Refusal] = {}
        for name, field in cls.fields.items():
            try:
                setattr(form, name, field.read(sent.getlist(name), (options or {}).get(name)))
            except Refused as refused:
                errors[name] = refused.refusal
        errors = errors or dict(form.quarrels())
        if errors:
            raise FormRefused(errors, form.typed)
        return form

    def quarrels(self) -> Mapping[str, Refusal]:
        """Return refusals that concern several fields together; asked when each alone is right."""
        return {}


def typed_of(sent: MultiDict[str, str]) -> Typed:
    """Return what was sent, without secrets, for showing the form again."""
    hidden = ("csrf",)
    return Typed(
        {
            name: values[0] if len(values) == 1 else values
            for name, values in sent.lists()
            if name not in hidden and "password" not in name
        }
    )


def errors_of(error: CryokeepError) -> dict[str, Refusal]:
    """Return what the form macros show for this error of a verb."""
    if isinstance(error, FormRefused):
        return error.errors
    if isinstance(error, AllRefused):
        return error.apart
    return {error.field or "": error.refusal}
