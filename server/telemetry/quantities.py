"""What channels measure: the words and units behind their keys, and how a value is written. Pure."""

from edge_agent.wire.quality import Quality, without_bit
from server.core.words import N_

MINUS = "\N{MINUS SIGN}"
THIN = "\N{THIN SPACE}"

WORDS = {
    "top_c": N_("Top probe"),
    "middle_c": N_("Middle probe"),
    "bottom_c": N_("Bottom probe"),
    "room_c": N_("Room temperature"),
    "level_mm": N_("Level"),
    "level_pct": N_("Level"),
    "usage_mmd": N_("Liquid used in a day"),
    "lid_open": N_("Lid"),
    "door_open": N_("Door"),
    "oxygen_pct": N_("Oxygen"),
    "room_o2pct": N_("Oxygen"),
    "cabinet_c": N_("Cabinet"),
    "controller_c": N_("Controller's own probe"),
    "liquid_l": N_("Liquid nitrogen"),
    "weight_kg": N_("Weight"),
    "cpu_c": N_("Processor of the node"),
    "disk_free_pct": N_("Free space of the node"),
    "undervoltage": N_("Undervoltage of the node"),
    "pressure_kpa": N_("Pressure"),
    "humidity_pct": N_("Humidity"),
}
UNITS = {
    "c": "°C",
    "k": "K",
    "mm": "mm",
    "mmd": "mm/day",
    "pct": "%",
    "o2pct": "%",
    "bar": "bar",
    "kpa": "kPa",
    "v": "V",
    "a": "A",
    "s": "s",
    "l": "L",
    "kg": "kg",
}
WHY_NO_NUMBER = {
    Quality.OPEN_PROBE: N_("probe open"),
    Quality.SHORTED_PROBE: N_("probe shorted"),
    Quality.BUS_ERROR: N_("probe does not answer"),
    Quality.NOT_SAMPLED: N_("not sampled"),
}


def unit_of(key: str) -> str:
    """Return the unit that a key ends with, as it is written; empty for a plain number."""
    return UNITS.get(key.rpartition("_")[2], "") if "_" in key else ""


def span_unit_of(key: str) -> str:
    """Return the unit of differences: kelvin for degrees."""
    unit = unit_of(key)
    return "K" if unit == "°C" else unit


def word_of(key: str) -> str:
    """Return what a channel measures, to be translated; the key itself where it is not known."""
    return WORDS.get(key, key)


def is_lid(key: str) -> bool:
    """Say whether the channel tells of a lid or door: 1 is open."""
    return key.endswith("_open")


def is_level(key: str) -> bool:
    """Say whether the channel tells how much nitrogen there is."""
    return key.startswith("level_")


def number(value: float, digits: int = 1) -> str:
    """Return the number with a true minus sign, thousands separated."""
    text = f"{value:,.{digits}f}"
    plain = text.lstrip("-")
    return MINUS + plain if text.startswith("-") and plain.strip("0.,") else plain


def digits_of(key: str) -> int:
    """Return how many decimals a value of this channel is written with."""
    return 0 if unit_of(key) in {"mm", ""} else 1


def figure(key: str, value: float) -> str:
    """Return the value with its unit, a thin space between: −142.1 °C, 231 mm."""
    unit = unit_of(key)
    return number(value, digits_of(key)) + (f"{THIN}{unit}" if unit else "")


def plain(value: float) -> str:
    """Return a limit without useless decimals: −150, 37.5."""
    text = number(value, 1)
    return text.removesuffix(".0")


def why_no_number(quality: int | None) -> str:
    """Return why a reading has no number, to be translated; empty where nothing is known."""
    return "" if quality is None else WHY_NO_NUMBER.get(without_bit(quality), "")
