"""What happened, said once at the top of the next page: "Moved." and its Undo."""

from flask import session

KEY = "notices"


def tell(text: str, *, undo_url: str = "", state: str = "normal") -> None:
    """Say this at the top of the next page that the person sees."""
    session[KEY] = [*session.get(KEY, []), {"text": text, "undo_url": undo_url, "state": state}][
        -5:
    ]


def take() -> list[dict[str, str]]:
    """Return what is to be said, and forget it."""
    said: list[dict[str, str]] = session.pop(KEY, [])
    return said


def forget() -> None:
    """Forget what this request wanted to say; it is tried again from the start."""
    session.pop(KEY, None)
