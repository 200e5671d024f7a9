"""The broker: which one, how it is configured, and who may speak on which topic."""

from server.broker.run import prepare, run
from server.telemetry.broker_plan import BrokerPlan, choose

__all__ = ["BrokerPlan", "choose", "prepare", "run"]
