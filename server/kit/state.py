"""What one web process has: its settings, database, clock, and the places that features fill."""

from dataclasses import dataclass, field
from typing import cast

from flask import current_app

from server.core.clock import Clock
from server.core.db import Database
from server.core.settings import Settings
from server.core.wake import Waker
from server.kit.nav import Nav
from server.kit.panels import Panels
from server.kit.records import Records
from server.kit.strip import Strip
from server.kit.tasks import Tasks
from server.kit.zone import Zone

NAME = "cryokeep"


@dataclass
class Kit:
    """Handed to each feature's `register(kit)` when the app is made."""

    settings: Settings
    database: Database
    clock: Clock
    waker: Waker | None
    secret: bytes
    panels: Panels = field(default_factory=Panels)
    nav: Nav = field(default_factory=Nav)
    strip: Strip = field(default_factory=Strip)
    zone: Zone = field(default_factory=Zone)
    tasks: Tasks = field(default_factory=Tasks)
    records: Records = field(default_factory=Records)


def kit() -> Kit:
    """Return the kit of the running app."""
    return cast("Kit", current_app.extensions[NAME])
