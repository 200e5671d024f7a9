"""The face in which labels are set: one with Chinese characters where the machine has one."""

from functools import cache
from pathlib import Path

from PIL import ImageFont
from PIL.ImageFont import FreeTypeFont

FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path("~/.local/share/fonts"))
NAMES = (
    "notosanscjk-regular",
    "notosanssc-regular",
    "sourcehansanssc-regular",
    "wqy-microhei",
    "wqy-zenhei",
)
SIMPLIFIED = 2
"""The number of the simplified Chinese face inside Noto's and Source Han's collections."""
_OWN: list[Path] = []


def use(path: Path | None) -> None:
    """Take this file for all labels from now on; None goes back to what the machine has."""
    _OWN[:] = [path] if path else []
    _face.cache_clear()


def face(size: int) -> FreeTypeFont:
    """Return the face at this size in dots."""
    return _sized(size, str(_face() or ""))


def has_chinese() -> bool:
    """Say whether the face that labels are set in has Chinese characters."""
    return _face() is not None


@cache
def _sized(size: int, path: str) -> FreeTypeFont:
    if not path:
        plain = ImageFont.load_default(size)
        assert isinstance(plain, FreeTypeFont)
        return plain
    number = SIMPLIFIED if path.lower().endswith(".ttc") and "cjk" in path.lower() else 0
    return ImageFont.truetype(path, size, index=number)


@cache
def _face() -> Path | None:
    if _OWN:
        return _OWN[0]
    there = {
        path.stem.casefold(): path
        for folder in FOLDERS
        for path in sorted(folder.expanduser().rglob("*"))
        if path.suffix.lower() in {".ttf", ".ttc", ".otf"}
    }
    return next((there[name] for name in NAMES if name in there), None)
