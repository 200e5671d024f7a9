"""What a chart's address answers (docs/pages.md)."""

import msgspec

from server.kit.api import Answer


class SeriesOut(Answer):
    """One channel's buckets; times in ms since 1970 UTC; `unknown_s` is how long in each nothing was known."""

    key: str
    label: str
    unit: str
    t: list[int]
    min: list[float]
    mean: list[float]
    max: list[float]
    unknown_s: list[float]
    gaps: list[tuple[int, int]]


class LimitOut(Answer):
    """A limit of the first series."""

    value: float
    kind: str
    severity: str
    label: str


class BandOut(Answer):
    """A time in which the lid was open or nitrogen was filled."""

    kind: str
    begins: int = msgspec.field(name="from")
    ends: int = msgspec.field(name="to")


class ExcursionOut(Answer):
    """A time in which an alarm stood."""

    severity: str
    label: str
    url: str
    begins: int = msgspec.field(name="from")
    ends: int = msgspec.field(name="to")


class ChartOut(Answer):
    """A chart: the first series has the axis.

    `level` is reading, minute, hour or six_hours: what the buckets were counted from. Before `minutes_before`
    some of it has only minutes left, before `hours_before` only hours.
    """

    begins: int = msgspec.field(name="from")
    ends: int = msgspec.field(name="to")
    bucket_ms: int
    level: str
    series: list[SeriesOut]
    limits: list[LimitOut]
    bands: list[BandOut]
    excursions: list[ExcursionOut]
    minutes_before: int | None
    hours_before: int | None
    truncated: bool
