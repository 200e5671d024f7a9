"""What the steering does to the agent."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hands:
    """Each is called in the agent's own thread."""

    publish: Callable[[str, bytes, int, bool], None]
    """topic, payload, qos, retain; dropped where there is no connection."""
    catalog: Callable[[], None]
    resend: Callable[[], None]
    reconnect: Callable[[], None]
    restart: Callable[[], None]
    """Ends this process; a new one begins in its place."""
