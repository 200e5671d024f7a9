"""How one axis of a container is written: each scheme writes numbers from 1 on, and reads them back."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
WITHOUT_IO = LETTERS.replace("I", "").replace("O", "")
_ROMAN = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"),
    (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip
_LONGEST_NUMBER = 7
_LONGEST_LETTERS = 4
_LONGEST_ROMAN = 15


@dataclass(frozen=True)
class Scheme:
    """One way to write an axis. `read` answers None for what it never writes; leading zeros are allowed."""

    word: str
    in_digits: bool
    write: Callable[[int], str]
    read: Callable[[str], int | None]


def letters_of(number: int, alphabet: str = LETTERS) -> str:
    """Return the letters of a number from 1 on: A to Z, AA to AZ, BA ... ZZ, AAA."""
    written = ""
    while number > 0:
        number, letter = divmod(number - 1, len(alphabet))
        written = alphabet[letter] + written
    return written


def number_of(letters: str, alphabet: str = LETTERS) -> int | None:
    """Return the number that these capital letters write; None where one is not of the alphabet."""
    number = 0
    if not 0 < len(letters) <= _LONGEST_LETTERS:
        return None
    for letter in letters:
        if letter not in alphabet:
            return None
        number = number * len(alphabet) + alphabet.index(letter) + 1
    return number


def _two_letters(number: int) -> str:
    if not 0 < number <= len(LETTERS) ** 2:
        msg = f"two letters cannot write {number}"
        raise ValueError(msg)
    first, second = divmod(number - 1, len(LETTERS))
    return LETTERS[first] + LETTERS[second]


def _of_two_letters(written: str) -> int | None:
    if len(written) != 2 or not set(written) <= set(LETTERS):
        return None
    return LETTERS.index(written[0]) * len(LETTERS) + LETTERS.index(written[1]) + 1


@cache
def roman_of(number: int) -> str:
    """Return the Roman numeral of a number from 1 to 3999."""
    written = ""
    for value, sign in _ROMAN:
        times, number = divmod(number, value)
        written += sign * times
    return written


def number_of_roman(written: str) -> int | None:
    """Return the number of a Roman numeral as it is properly written; None for IIII, IC and the like."""
    left, number = written, 0
    if not 0 < len(written) <= _LONGEST_ROMAN:
        return None
    for value, sign in _ROMAN:
        while left.startswith(sign):
            left, number = left[len(sign) :], number + value
    return number if not left and roman_of(number) == written else None


def _of_digits(written: str) -> int | None:
    if not written.isascii() or not written.isdigit() or len(written) > _LONGEST_NUMBER:
        return None
    return int(written) or None


AXES = {
    scheme.word: scheme
    for scheme in (
        Scheme("number", in_digits=True, write=str, read=_of_digits),
        Scheme("letter", in_digits=False, write=letters_of, read=number_of),
        Scheme(
            "letter24",
            in_digits=False,
            write=lambda number: letters_of(number, WITHOUT_IO),
            read=lambda written: number_of(written, WITHOUT_IO),
        ),
        Scheme("letter2", in_digits=False, write=_two_letters, read=_of_two_letters),
        Scheme("roman", in_digits=False, write=roman_of, read=number_of_roman),
    )
}
"""The schemes of an axis by their words: 1 2 3, A B .. Z AA, the same without I and O, AA AB .. ZZ, I II III."""

NUMBER = "number"
"""Positions are counted through: 1, 2, 3 over all rows."""
LETTER_NUMBER = "letter-number"
SCHEMES = (
    LETTER_NUMBER,
    NUMBER,
    *(
        f"{row}-{column}"
        for row in AXES
        for column in AXES
        if (row, column) != ("letter", "number")
    ),
)
"""All ways in which positions are written: counted through, or one word for the rows and one for the columns."""


def axes_of(labels: str) -> tuple[Scheme, Scheme] | None:
    """Return the schemes of the rows and of the columns; None where positions are counted through."""
    row, _, column = labels.partition("-")
    return (AXES[row], AXES[column]) if column else None
