"""A backup is a folder: manifest.json with every file's SHA-256, the database, and the home's files.

The database is copied from one moment (SQLite's own online copy; a repeatable-read snapshot on
PostgreSQL) and the files after it, so that a file which a row names is there.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from server import schema
from server.cli import archive_postgresql, archive_sqlite
from server.core.db import Database
from server.core.errors import Conflict, Invalid, Refusal
from server.core.settings import Settings
from server.core.words import N_

FORMAT = 1
LEFT_OUT = {"broker", "log", "run", "agents"}  # made anew; "agents" are the demonstration's


@dataclass(frozen=True)
class Summary:
    """What a backup holds."""

    made_at: str
    dialect: str
    revision: str
    tables: int
    rows: int
    files: int


def make(settings: Settings, folder: Path, now: datetime) -> Summary:
    """Copy everything that was committed before this call; refuses a folder that holds something."""
    if folder.exists() and any(folder.iterdir()):
        because = N_("The folder %(folder)s is not empty; name one that does not exist yet.")
        raise Conflict(Refusal("folder_not_empty", because, {"folder": str(folder)}))
    if folder.is_relative_to(settings.home):
        because = N_(
            "The folder %(folder)s lies inside Cryokeep's own home; name one outside of it."
        )
        raise Invalid(Refusal("folder_inside_home", because, {"folder": str(folder)}))
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with closing(Database(settings.database)) as database:
        dialect = database.dialect
        revision, tables = _copier(database).copy_out(database, folder / "database")
    files = _copy_files(settings.home, folder / "home", _database_files(settings))
    summary = Summary(now.isoformat(), dialect, revision, len(tables), sum(tables.values()), files)
    sums = {str(path.relative_to(folder)): _sha256(path) for path in _files(folder)}
    manifest = {"format": FORMAT, **asdict(summary), "rows_of": tables, "sha256": sums}
    _write_durably(folder / "manifest.json", json.dumps(manifest, indent=1, sort_keys=True))
    return summary


def bring_back(settings: Settings, folder: Path) -> Summary:
    """Restore into an empty home and database, then lead the schema to the newest revision.

    Refuses a backup with a missing or changed file, another kind of database, and a home or
    database that already holds something.
    """
    manifest = _checked_manifest(folder)
    _refuse_full_home(settings)
    with closing(Database(settings.database)) as database:
        _restore_rows(database, folder, manifest)
    _copy_files(folder / "home", settings.home, set())
    kept = ("made_at", "dialect", "revision", "tables", "rows", "files")
    return Summary(**{name: manifest[name] for name in kept})


def _refuse_full_home(settings: Settings) -> None:
    without = _database_files(settings)
    found = [path for path in _files(settings.home) if path.absolute() not in without]
    if found:
        because = N_(
            "%(home)s already holds %(name)s; a backup is restored only into an empty home."
        )
        facts = {"home": str(settings.home), "name": found[0].name}
        raise Conflict(Refusal("home_not_empty", because, facts))


def _restore_rows(database: Database, folder: Path, manifest: dict[str, Any]) -> None:
    if database.dialect != manifest["dialect"]:
        because = N_(
            "The backup is of %(found)s, the settings name %(expected)s; restore it into its own kind."
        )
        facts = {"found": manifest["dialect"], "expected": database.dialect}
        raise Invalid(Refusal("other_database", because, facts))
    copier = _copier(database)
    copier.refuse_unless_empty(database)
    copier.copy_in(database, folder / "database", manifest["revision"])
    schema.upgrade(database)


def _copier(database: Database) -> ModuleType:
    return archive_sqlite if database.dialect == "sqlite" else archive_postgresql


def _checked_manifest(folder: Path) -> dict[str, Any]:
    path = folder / "manifest.json"
    if not path.is_file():
        because = N_(
            "There is no manifest.json in %(folder)s; a folder that “cryokeep backup” made is expected."
        )
        raise Invalid(Refusal("no_manifest", because, {"folder": str(folder)}))
    manifest: dict[str, Any] = json.loads(path.read_text())
    for name, expected in manifest["sha256"].items():
        if not (folder / name).is_file() or _sha256(folder / name) != expected:
            because = N_(
                "The backup's file %(name)s is missing or has been changed; nothing was restored."
            )
            raise Invalid(Refusal("damaged_backup", because, {"name": name}))
    return manifest


def _database_files(settings: Settings) -> set[Path]:
    path = Database(settings.database).url.database or ""
    return {Path(path + ending).absolute() for ending in ("", "-wal", "-shm")}


def _copy_files(source: Path, target: Path, without: set[Path]) -> int:
    count = 0
    for path in _files(source):
        inside = path.relative_to(source)
        if path.absolute() in without or inside.parts[0] in LEFT_OUT:
            continue
        (target / inside).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        count += _copy_durably(path, target / inside)
    return count


def _copy_durably(path: Path, target: Path) -> int:
    """Copy one file to disk; returns 0 where it was taken away meanwhile, as passing files are."""
    try:
        shutil.copy2(path, target)
    except FileNotFoundError:
        return 0
    with target.open("rb") as file:
        os.fsync(file.fileno())
    return 1


def _files(folder: Path) -> Iterator[Path]:
    return (
        (path for path in sorted(folder.rglob("*")) if path.is_file())
        if folder.exists()
        else iter(())
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_durably(path: Path, content: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
