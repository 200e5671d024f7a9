"""How figures and times look: true minus, thin space before units, the site's time."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Flask, g
from markupsafe import Markup, escape

from server.core.words import N_
from server.kit.i18n import gettext, language
from server.kit.sheets import sheet_code
from server.kit.state import kit
from server.kit.zone import UTC

MINUS = "\N{MINUS SIGN}"
THIN = "\N{THIN SPACE}"
UNKNOWN = "?"
AGO = ((60, 1, N_("{n} s ago")), (3600, 60, N_("{n} min ago")), (172_800, 3600, N_("{n} h ago")))
LASTS = ((60, 1, N_("{n} s")), (3600, 60, N_("{n} min")))
HOURS_MINUTES = N_("{n} h {m} min")
HOURS = N_("{n} h")


def number(value: float | None, digits: int = 0) -> str:
    """Return the number with thousands separated and a true minus sign; "?" for none."""
    if value is None:
        return UNKNOWN
    return f"{value:,.{digits}f}".replace("-", MINUS)


def temperature(celsius: float | None, digits: int = 1) -> str:
    """Return a temperature in °C; "?" where there is no number."""
    return f"{number(celsius, digits)}{THIN}°C"


def duration(span: timedelta | float | None) -> str:
    """Return a span of time (or seconds) in words that fit: "6 min", "1 h 5 min", "3 d"."""
    if span is None:
        return UNKNOWN
    seconds = int(span.total_seconds() if isinstance(span, timedelta) else span)
    seconds = max(0, seconds)
    for below, unit, template in LASTS:
        if seconds < below:
            return _fill(template, seconds // unit)
    if seconds < 86_400:
        hours, minutes = divmod(seconds // 60, 60)
        return _fill(HOURS_MINUTES if minutes else HOURS, hours, minutes)
    if seconds < 172_800:
        return _fill(HOURS, seconds // 3600)
    return _fill(N_("{n} d"), seconds // 86_400)


def ago(at: datetime | None) -> str:
    """Return how long ago this was: "4 s ago"."""
    if at is None:
        return UNKNOWN
    seconds = max(0, int((kit().clock.now() - at).total_seconds()))
    for below, unit, template in AGO:
        if seconds < below:
            return _fill(template, seconds // unit)
    return _fill(N_("{n} d ago"), seconds // 86_400)


def when(at: datetime | None, zone: str = "") -> Markup:
    """Return the moment in the site's time, with the zone in the title."""
    if at is None:
        return Markup("?")
    there = at.astimezone(ZoneInfo(zone) if zone else site_zone())
    today = kit().clock.now().astimezone(there.tzinfo)
    text = _moment(there, today)
    title = f"{there:%Y-%m-%d %H:%M:%S} {there.tzinfo}"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(at.isoformat(), title, text)


def code(text: str) -> Markup:
    """Return a code in the monospaced face; one double click selects it."""
    return Markup('<span class="code">{}</span>').format(escape(text))


def site_zone() -> ZoneInfo:
    """Return the zone that this request's page speaks."""
    if "zone" not in g:
        g.zone = UTC
        with g.reader() as session:
            g.zone = kit().zone.of(session, g.actor)
    zone: ZoneInfo = g.zone
    return zone


def _moment(at: datetime, today: datetime) -> str:
    if at.date() == today.date():
        return f"{at:%H:%M}"
    if language() == "zh_Hans":
        return f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}"
    return f"{at.day} {at:%b %Y, %H:%M}"


def _fill(template: str, n: int, m: int = 0) -> str:
    return gettext(template).replace("{n}", str(n)).replace("{m}", str(m))


def install(app: Flask) -> None:
    """Give templates the filters."""
    app.jinja_env.filters.update(
        number=number,
        temperature=temperature,
        duration=duration,
        ago=ago,
        when=when,
        code=code,
        sheet_code=sheet_code,
    )
