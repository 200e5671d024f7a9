"""A big bank in a house: built for one measurement, or kept in the folder BENCH_CACHE for the next one.

A kept bank is built anew when the tables, or what builds it, have changed. While something in it
is being moved it bears no mark, so that one that was left in disorder is built anew too.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path

from server import schema
from tests.bench import bank
from tests.bench.bank import Bank
from tests.bench.house import House

MARK = "bank.json"


@dataclass(frozen=True)
class Banked:
    """A house and the bank in it."""

    house: House
    bank: Bank

    @contextmanager
    def disturbed(self) -> Iterator[None]:
        """Let what is moved inside be back in its place at the end, or the bank be kept no longer."""
        if not self.house.kept:
            yield
            return
        mark = self.house.folder / MARK
        mark.unlink()
        yield
        _keep(mark, self.bank)


@contextmanager
def banked(dialect: str, vials: int) -> Iterator[Banked]:
    """Give a bank of so many vials; the house is taken down at the end."""
    folder = _folder(dialect, vials)
    mark = folder / MARK if folder else None
    if folder and mark and not mark.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    house = House(dialect, kept=folder)
    try:
        yield Banked(house, _known(house, mark) or _built(house, mark, vials))
    finally:
        house.close()


def _folder(dialect: str, vials: int) -> Path | None:
    cache = os.environ.get("BENCH_CACHE")
    if not cache:
        return None
    sources = [*sorted((schema.migrations() / "versions").glob("*.py")), Path(bank.__file__)]
    digest = sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:8]
    return Path(cache).absolute() / f"{dialect}-{vials}-{digest}"


def _known(house: House, mark: Path | None) -> Bank | None:
    if mark is None or not mark.exists():
        return None
    known = Bank(**json.loads(mark.read_text()))
    return replace(known, token=bank.new_token(house.database, known.person_id))


def _built(house: House, mark: Path | None, vials: int) -> Bank:
    made = bank.build(house.database, vials)
    if mark:
        _keep(mark, made)
    return made


def _keep(mark: Path, made: Bank) -> None:
    mark.write_text(json.dumps(asdict(made)))
