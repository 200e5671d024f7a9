"""When the disk takes nothing at the start, the spool lies in memory: the agent samples and alarms all the same."""

import errno
import logging
import shutil
import sqlite3
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from edge_agent.config import Config
from edge_agent.spool import Spool, SpoolError

_LOG = logging.getLogger(__name__)
MEMORY: Final = Path("/dev/shm")  # noqa: S108  the kernel's own memory disk; the folder in it is private
SPACE_MB: Final = 64
"""A small machine has no more memory to spare."""
_NO_DISK: Final = frozenset({errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG})
_NO_FILE: Final = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})


@dataclass(frozen=True, slots=True)
class Opened:
    """A spool, and why it lies in memory; nothing where it is where the settings say."""

    spool: Spool
    why: str = ""
    folder: Path | None = None

    def fitted(self, config: Config) -> Config:
        """The settings for this spool: one in memory is small."""
        if not self.why:
            return config
        space_mb = min(config.agent.space_mb, SPACE_MB)
        return replace(
            config, agent=replace(config.agent, spool=self.spool.path, space_mb=space_mb)
        )

    def close(self) -> None:
        """Close it; what lay in memory and was not delivered is gone."""
        self.spool.close()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


def opened(path: Path) -> Opened:
    """Open the spool at this path, or one in memory where the disk is full, broken or read-only.

    A SpoolError for every other reason: another agent uses it, or it may not be written by this user.
    """
    try:
        return Opened(_writable(path))
    except SpoolError as error:
        if not _is_the_disk(error.__cause__) or not MEMORY.is_dir():
            raise
        _LOG.error("%s; rows are kept in memory only, until the next start", error)
        folder = Path(tempfile.mkdtemp(prefix="cryokeep-edge-", dir=MEMORY))
        return Opened(Spool(folder / "spool.db"), str(error), folder)


def _writable(path: Path) -> Spool:
    spool = Spool(path)
    try:
        spool.prove_writable()
    except SpoolError:
        spool.close()
        raise
    return spool


def _is_the_disk(error: BaseException | None) -> bool:
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in _NO_FILE
    return isinstance(error, OSError) and error.errno in _NO_DISK
