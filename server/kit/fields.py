"""The kinds of fields that forms have; each reads text and refuses with found and expected."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date  # noqa: N812  the field kind is called date
from math import isfinite
from typing import Any

from server.core.errors import Refusal
from server.core.words import N_

EMAIL = re.compile(r"[^@\s<>()\[\],;:\"\\]+@[^@\s<>()\[\],;:\"\\]+")
UNPRINTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
EMPTY = Refusal("empty", N_("This is empty; it is needed."))
TOO_LONG = N_("This has %(found)s characters; at most %(most)s are expected.")
STRANGE = N_("This holds a character that cannot be printed; scan or type it again.")
NOT_CODE = N_("“%(found)s” is not a code; letters, digits and . _ / - are expected.")
NOT_NUMBER = N_("“%(found)s” is not a number; a number such as %(example)s is expected.")
OUTSIDE = N_("%(found)s is outside what is expected: %(least)s to %(most)s%(unit)s.")
NOT_OFFERED = N_("“%(found)s” is not one of the choices; choose again.")
NOT_DATE = N_("“%(found)s” is not a date; a date such as 2026-03-14 is expected.")
NOT_EMAIL = N_("“%(found)s” is not an e-mail address; one such as name@example.org is expected.")


class Refused(Exception):
    """Raised by a field that cannot read what was typed."""

    def __init__(self, code: str, because: str, **facts: object) -> None:
        self.refusal = Refusal(code, because, facts)
        super().__init__(code)


@dataclass(frozen=True)
class Field:
    """Reads one field; `required` refuses an empty one, else it reads as `empty`."""

    required: bool = True
    empty: Any = None

    def read(self, sent: Sequence[str], _options: Sequence[object] | None) -> Any:  # noqa: ANN401  a field's kind is the form's own
        """Return the field's value, or raise Refused."""
        found = sent[0].strip() if sent else ""
        if not found:
            if self.required:
                raise Refused(EMPTY.code, EMPTY.because)
            return self.empty
        return self.parse(found)

    def parse(self, found: str) -> Any:  # noqa: ANN401  a field's kind is the form's own
        """Return the value of text that is not empty."""
        return found


@dataclass(frozen=True)
class TextField(Field):
    """Words."""

    most: int = 200
    empty: str = ""

    def parse(self, found: str) -> str:
        """Return the words; refuses too many, and characters that no one can see."""
        if len(found) > self.most:
            raise Refused("too_long", TOO_LONG, found=len(found), most=self.most)
        if UNPRINTED.search(found):
            raise Refused("unprintable", STRANGE)
        return found.replace("\r\n", "\n")


@dataclass(frozen=True)
class CodeField(TextField):
    """A code as printed on a label."""

    most: int = 64

    def parse(self, found: str) -> str:
        """Return the code; refuses spaces inside and signs that no label carries."""
        found = super().parse(found)
        if not re.fullmatch(r"[\w./:+#-]+", found):
            raise Refused("not_a_code", NOT_CODE, found=found)
        return found


@dataclass(frozen=True)
class EmailField(TextField):
    """An e-mail address; comes back in lower case."""

    def parse(self, found: str) -> str:
        """Return the address in lower case."""
        found = super().parse(found)
        if not EMAIL.fullmatch(found):
            raise Refused("not_an_email", NOT_EMAIL, found=found)
        return found.lower()


@dataclass(frozen=True)
class SecretField(Field):
    """A password: kept as typed, spaces too."""

    empty: str = ""

    def read(self, sent: Sequence[str], _options: Sequence[object] | None) -> str:
        """Return the password exactly as it was typed."""
        found = sent[0] if sent else ""
        if not found and self.required:
            raise Refused(EMPTY.code, EMPTY.because)
        if len(found) > 1000:
            raise Refused("too_long", TOO_LONG, found=len(found), most=1000)
        return found


@dataclass(frozen=True)
class NumberField(Field):
    """A number in the unit that stands in the field; takes a true minus and a decimal comma."""

    unit: str = ""
    least: float | None = None
    most: float | None = None
    is_whole: bool = False

    def parse(self, found: str) -> float | int:
        """Return the number; refuses what is none, and what lies outside."""
        plain = found.replace("\N{MINUS SIGN}", "-").replace("\N{THIN SPACE}", "").replace(" ", "")
        plain = plain.replace(",", ".") if plain.count(",") == 1 and "." not in plain else plain
        try:
            value: float | int = int(plain) if self.is_whole else float(plain)
        except ValueError:
            raise self._not_a_number(found) from None
        if not isfinite(value):
            raise self._not_a_number(found)
        self._bounds(found, value)
        return value

    def _not_a_number(self, found: str) -> Refused:
        example = "12" if self.is_whole else "12.5"
        return Refused("not_a_number", NOT_NUMBER, found=found, example=example)

    def _bounds(self, found: str, value: float) -> None:
        low = self.least is not None and value < self.least
        high = self.most is not None and value > self.most
        if low or high:
            unit = f" {self.unit}" if self.unit else ""
            least = "…" if self.least is None else f"{self.least:g}"
            most = "…" if self.most is None else f"{self.most:g}"
            raise Refused("outside", OUTSIDE, found=found, least=least, most=most, unit=unit)


@dataclass(frozen=True)
class ChoiceField(Field):
    """One of the values offered, in `offered` or given at reading; the value itself comes back."""

    offered: Sequence[object] = ()
    empty: Any = ""

    def read(self, sent: Sequence[str], options: Sequence[object] | None) -> Any:  # noqa: ANN401  a field's kind is the form's own
        """Return the offered value whose text was sent."""
        found = sent[0].strip() if sent else ""
        if not found and not self.required:
            return self.empty
        if not found:
            raise Refused(EMPTY.code, EMPTY.because)
        return self.pick(found, self.offered if options is None else options)

    @staticmethod
    def pick(found: str, options: Sequence[object]) -> Any:  # noqa: ANN401  a field's kind is the form's own
        """Return the option that reads like this."""
        for option in options:
            if str(option) == found:
                return option
        raise Refused("not_offered", NOT_OFFERED, found=found)


@dataclass(frozen=True)
class ManyField(ChoiceField):
    """Any number of the values offered."""

    required: bool = False

    def read(self, sent: Sequence[str], options: Sequence[object] | None) -> list[Any]:
        """Return the offered values whose texts were sent."""
        if self.required and not sent:
            raise Refused(EMPTY.code, EMPTY.because)
        return [self.pick(found, self.offered if options is None else options) for found in sent]


@dataclass(frozen=True)
class DateField(Field):
    """A day."""

    def parse(self, found: str) -> Date:
        """Return the day; refuses what is no day of the calendar."""
        try:
            return Date.fromisoformat(found)
        except ValueError:
            raise Refused("not_a_date", NOT_DATE, found=found) from None


@dataclass(frozen=True)
class CheckField(Field):
    """Ticked or not."""

    def read(self, sent: Sequence[str], _options: Sequence[object] | None) -> bool:
        """Return whether it was ticked."""
        return bool(sent and sent[0])


# The declared type of a form's field is what reading gives; the field kind stands in for it.
def text(*, required: bool = True, most: int = 200) -> Any:  # noqa: ANN401  a field's kind is the form's own
    """Words; empty reads as ""."""
    return TextField(required=required, most=most)


def code(*, required: bool = True) -> Any:  # noqa: ANN401  a field's kind is the form's own
    """A code; empty reads as ""."""
    return CodeField(required=required)


def email(*, required: bool = True) -> Any:  # noqa: ANN401  a field's kind is the form's own
    """An e-mail address in lower case."""
    return EmailField(required=required)


def secret(*, required: bool = True) -> Any:  # noqa: ANN401  a field's kind is the form's own
    """A password, exactly as typed."""
    return SecretField(required=required)


def number(
    *, unit: str = "", least: float | None = None, most: float | None = None, required: bool = True
) -> Any:  # noqa: ANN401  a field's kind is the form's own
    """A float in this unit; empty reads as None."""
    return NumberField(required=required, unit=unit, least=least, most=most)


def whole(
    *, unit: str = "", least: int | None = None, most: int | None = None, required: bool = True
) -> Any:  # noqa: ANN401  a field's kind is the form's own
    """An int in this unit; empty reads as None."""
    return NumberField(required=required, unit=unit, least=least, most=most, is_whole=True)


def choice(offered: Sequence[object] = (), *, required: bool = True) -> Any:  # noqa: ANN401  a field's kind is the form's own
    """One of these (or of `options` at reading); empty reads as ""."""
    return ChoiceField(required=required, offered=tuple(offered))


def many(offered: Sequence[object] = (), *, required: bool = False) -> Any:  # noqa: ANN401  a field's kind is the form's own
    """Any of these, as a list."""
    return ManyField(required=required, offered=tuple(offered))


def date(*, required: bool = True) -> Any:  # noqa: ANN401  a field's kind is the form's own
    """A day; empty reads as None."""
    return DateField(required=required)


def checkbox() -> Any:  # noqa: ANN401  a field's kind is the form's own
    """Ticked or not."""
    return CheckField(required=False)
