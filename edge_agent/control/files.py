"""Files that are put into their place in one step, and survive a power cut whole: the old or the new one."""

import os
from pathlib import Path

PRIVATE = 0o600
PUBLIC = 0o644


def put(path: Path, content: str | bytes, mode: int = PRIVATE) -> None:
    """Write the file durably; whoever reads meanwhile finds the old content or the new one."""
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    _sync_folder(path.parent)


def remove(path: Path) -> None:
    """Take the file away durably; nothing where there is none."""
    path.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
