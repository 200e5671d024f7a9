"""Two slots for configurations: one works, the other is tried; what does not prove itself is taken back.

Only `state.json` says which is which, and it is replaced in one step: a kill at any moment leaves either
the old word or the new one.
"""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from edge_agent.config import Config
from edge_agent.control import files
from edge_agent.control.openssl import OpensslError
from edge_agent.control.signed import Ears, NotBelieved
from edge_agent.wire.codec import encode
from edge_agent.wire.messages import Signed, WantedConfig

_LOG = logging.getLogger(__name__)
Remote = Mapping[str, Any]
Good = Callable[[Remote], str]
"""What is wrong with a configuration, or nothing."""


@dataclass
class State:
    """What `state.json` holds. Slots are "a" and "b"; an empty one means the settings file alone."""

    active: str = ""
    version: int = 0
    highest: int = 0
    """The highest version that was ever taken up: an older one never comes back."""
    trial: str = ""
    trial_version: int = 0
    tried: bool = False
    """The process that tries has begun; if another one begins, the first did not survive."""
    report: dict[str, Any] = field(default_factory=dict)
    news: list[dict[str, Any]] = field(default_factory=list)
    """Events that a restart must not swallow."""


class Slots:
    """The configurations that this agent holds."""

    def __init__(self, folder: Path, ears: Ears) -> None:
        self._folder, self._ears = folder, ears
        self.state = self._read()

    @classmethod
    def of(cls, config: Config) -> "Slots":
        """The slots that these settings name."""
        ears = Ears(config.control.server_key, f"{config.agent.site}/{config.agent.id}")
        return cls(config.control.folder, ears)

    @property
    def on_trial(self) -> bool:
        """Whether the present configuration has yet to prove itself."""
        return bool(self.state.trial) and self.state.tried

    def begin(self, is_good: Good) -> Remote:
        """Say, at the start of the process, with which configuration to work.

        `is_good` answers with what is wrong with one, or nothing. A trial that began in an earlier
        process has failed: that process ended before it was confirmed.
        """
        if self.state.trial and self.state.tried:
            self.roll_back("restarted", "the agent ended while it was tried")
        if self.state.trial:
            self.state.tried = True
            self._write()
            found = self._load(self.state.trial)
            why = "its slot cannot be read" if found is None else is_good(found.config)
            if found is not None and not why:
                return found.config
            self.roll_back("bad_settings", why)
        found = self._load(self.state.active)
        if found is not None and (why := is_good(found.config)):
            _LOG.error("configuration %d cannot be used any more: %s", found.version, why)
            found = None
        return found.config if found is not None else {}

    def offer(self, wanted: WantedConfig, signed: Signed, is_good: Good) -> bool:
        """Take a configuration into the spare slot; True when the agent must start anew to try it.

        What was answered before is answered again: the report stands in `state.report`.
        """
        state = self.state
        if wanted.version in {
            state.trial_version if state.trial else 0,
            state.report.get("version"),
        }:
            return False
        if wanted.version == state.version:
            self._report(wanted.version, "applied")
        elif wanted.version <= state.highest:
            self._report(
                wanted.version, "refused", "older", f"version {state.highest} was here already"
            )
        elif why := is_good(wanted.config):
            state.highest = wanted.version
            self._report(wanted.version, "refused", "bad_settings", why)
        else:
            self._try(wanted, signed)
            return True
        self._write()
        return False

    def _try(self, wanted: WantedConfig, signed: Signed) -> None:
        spare = "b" if self.state.active == "a" else "a"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        files.put(self._slot(spare), encode(signed, packed=False))
        self.state.highest = wanted.version
        self.state.trial, self.state.trial_version, self.state.tried = spare, wanted.version, False
        self._write()

    def confirm(self) -> None:
        """The configuration on trial has proved itself: it is the one from now on."""
        state = self.state
        state.active, state.version = state.trial, state.trial_version
        self._end_trial()
        self._report(state.version, "applied")
        state.news.append({"kind": "config_applied", "version": state.version})
        self._write()

    def roll_back(self, code: str, why: str) -> None:
        """Give the configuration on trial up: the one before it is in force again."""
        version = self.state.trial_version
        self._end_trial()
        self._report(version, "rolled_back", code, why)
        self.state.news.append({"kind": "config_rolled_back", "version": version, "why": why[:200]})
        self._write()

    def news(self) -> list[dict[str, Any]]:
        """Events to record; each is given once."""
        found = self.state.news
        if found:
            self.state.news = []
            self._write()
        return found

    def _end_trial(self) -> None:
        self.state.trial, self.state.trial_version, self.state.tried = "", 0, False

    def _report(self, version: int, state: str, code: str = "", why: str = "") -> None:
        self.state.report = {"version": version, "state": state, "code": code, "why": why[:900]}

    def _slot(self, name: str) -> Path:
        return self._folder / f"slot-{name}.json"

    def _load(self, name: str) -> WantedConfig | None:
        """The configuration in a slot, its signature proved anew; None where there is no such."""
        if not name:
            return None
        try:
            return self._ears.inside(self._ears.opened(self._slot(name).read_bytes()))
        except (OSError, NotBelieved, OpensslError) as error:
            _LOG.error("slot %s cannot be used: %s", name, error)
            return None

    def _read(self) -> State:
        try:
            return State(**json.loads((self._folder / "state.json").read_text("utf-8")))
        except FileNotFoundError:
            return State()
        except (OSError, ValueError, TypeError) as error:
            _LOG.error("the state of the configurations cannot be read: %s", error)
            return State()

    def _write(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        files.put(self._folder / "state.json", json.dumps(asdict(self.state)))
