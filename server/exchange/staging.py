"""The file on its way into the database: in parts as it is sent, then row by row, in short transactions."""

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import IO, Any

import msgspec
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from server.core import bulk
from server.core.clock import Clock
from server.core.db import Database
from server.core.errors import Invalid, Refusal
from server.core.words import N_
from server.exchange import reading
from server.exchange.cells import Cell
from server.exchange.models import Import, ImportChunk, ImportProblem, ImportRow
from server.exchange.reading import Reading
from server.exchange.rules import ENDED, State, why_not_size

CHUNK = 512 * 1024
ROWS_AT_ONCE = 2000
SAMPLE = 50
ROW: Any = ImportRow.__table__
Writing = Callable[[], AbstractContextManager[Session]]
NO_ROWS = Refusal("no_rows", N_("The file has a header and no row under it."))
_FORGET_HALF = timedelta(hours=6)


@dataclass(frozen=True)
class Received:
    """What is known of a file when all of it has come."""

    size: int
    sha256: str
    how: Reading
    header: list[str]
    sample: list[list[Cell]]


def store(writing: Writing, import_id: int, file: IO[bytes]) -> tuple[int, str]:
    """Store the file in parts, each in a transaction of its own; returns its size and SHA-256."""
    size, digest = 0, hashlib.sha256()
    for number, block in enumerate(iter(lambda: file.read(CHUNK), b"")):
        size += len(block)
        if refusal := why_not_size(size):
            raise Invalid(refusal, field="file")
        digest.update(block)
        with writing() as session:
            session.add(ImportChunk(import_id=import_id, number=number, data=block))
    if refusal := why_not_size(size):
        raise Invalid(refusal, field="file")
    return size, digest.hexdigest()


def look(file: IO[bytes], *, marked: bool = False) -> tuple[Reading, list[str], list[list[Cell]]]:
    """Return how the file is read, its header, and its first rows; refuses one without any row."""
    how = replace(reading.sniff(file), marked=marked)
    found = reading.rows(file, how)
    header = reading.header_of(next(found))
    sample: list[list[Cell]] = []
    for cells in found:
        if not reading.is_blank(cells):
            sample.append(cells[: len(header)])
        if len(sample) == SAMPLE:
            break
    if not sample:
        raise Invalid(NO_ROWS, field="file")
    return how, header, sample


def stage(database: Database, made: Import, go_on: Callable[[], bool]) -> int | None:
    """Read the whole file into rows; returns how many there are, or None when told to stop.

    What an earlier attempt has left half done is done anew.
    """
    forget_rows(database, made.id)
    how = Reading(**json.loads(made.reading))
    with tempfile.TemporaryFile() as file:
        with database.reading() as session:
            for data in _chunks(session, made.id):
                file.write(data)
        count = 0
        for part in _parts(reading.rows(file, how)):
            if not go_on():
                return None
            count += len(part)
            with database.writing() as session:
                bulk.insert_many(
                    session, ROW, ("import_id", "number", "cells"),
                    [(made.id, number, cells) for number, cells in part],
                )  # fmt: skip
    return count


def _chunks(session: Session, import_id: int) -> Iterator[bytes]:
    wanted = select(ImportChunk.data).where(ImportChunk.import_id == import_id)
    number = 0
    while (data := session.scalar(wanted.where(ImportChunk.number == number))) is not None:
        yield data
        number += 1


def _parts(found: Iterator[list[Cell]]) -> Iterator[Sequence[tuple[int, str]]]:
    encode = msgspec.json.Encoder().encode
    next(found)
    part: list[tuple[int, str]] = []
    for number, cells in enumerate(found, 2):
        if reading.is_blank(cells):
            continue
        part.append((number, encode(cells).decode()))
        if len(part) == ROWS_AT_ONCE:
            yield part
            part = []
    yield part


def forget_rows(database: Database, import_id: int) -> None:
    """Drop the staged rows and the problems of an import, in short transactions."""
    for model in (ImportRow, ImportProblem):
        while _forget_part(database, model, import_id):
            pass


def _forget_part(database: Database, model: Any, import_id: int) -> bool:  # noqa: ANN401  one of two tables
    with database.writing() as session:
        first = select(func.min(model.number)).where(model.import_id == import_id)
        least = session.scalar(first)
        if least is None:
            return False
        session.execute(
            delete(model).where(
                model.import_id == import_id, model.number < least + 5 * ROWS_AT_ONCE
            )
        )
    return True


def forget_files(database: Database, clock: Clock) -> int:
    """Drop the files of imports that have ended, and of those that never came whole; returns how many."""
    now = clock.now()
    half = (Import.state == State.RECEIVING) & (Import.created_at < now - _FORGET_HALF)
    with database.reading() as session:
        over = select(Import.id).where(Import.state.in_(ENDED) | half)
        ids = list(session.scalars(
            select(ImportChunk.import_id).where(ImportChunk.import_id.in_(over)).distinct()
        ))  # fmt: skip
    for import_id in ids:
        with database.writing() as session:
            session.execute(delete(ImportChunk).where(ImportChunk.import_id == import_id))
            session.execute(
                update(Import)
                .where(Import.id == import_id, Import.state == State.RECEIVING)
                .values(state=State.PUT_ASIDE)
            )
    return len(ids)
