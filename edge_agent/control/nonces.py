"""Commands that were seen: each is done once, whatever comes again, also after a restart."""

import json
import logging
from pathlib import Path
from typing import Any, Final

from edge_agent.control import files

_LOG = logging.getLogger(__name__)
MOST: Final = 2_000


class Nonces:
    """Seen nonces with what was answered, in one file, until they expire."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: dict[str, tuple[int, dict[str, Any]]] = {}
        try:
            self._seen = {
                n: (int(e), dict(a)) for n, (e, a) in json.loads(path.read_text()).items()
            }
        except FileNotFoundError:
            pass
        except (OSError, ValueError, TypeError, AttributeError) as error:
            _LOG.error(
                "%s cannot be read: %s; commands that were seen may be done again", path, error
            )

    def answered(self, nonce: str) -> dict[str, Any] | None:
        """What was answered to this nonce, or None where it is new."""
        found = self._seen.get(nonce)
        return found[1] if found else None

    def full(self) -> bool:
        """Whether no further nonce can be kept: then no further command may be done."""
        return len(self._seen) >= MOST

    def keep(self, nonce: str, not_after: int, answer: dict[str, Any], wall_ms: int) -> None:
        """Write the nonce down, durably, before anything is done; expired ones go."""
        self._seen = {n: found for n, found in self._seen.items() if found[0] >= wall_ms}
        self._seen[nonce] = (not_after, answer)
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        files.put(self._path, json.dumps(self._seen))
