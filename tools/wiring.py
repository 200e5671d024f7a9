"""Draws the wiring diagrams of docs/edge-node.md: `python tools/wiring.py` writes docs/pictures/wiring-*.svg.

A diagram is a Raspberry Pi's header on the left, parts on the right, and wires from pin to terminal. Pin
numbers are those of the 40-pin header; the BCM names stand beside them.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
ROW, LEFT, RIGHT, WIDTH = 30, 210, 560, 800
COLOURS = {
    "power": "#b3261e", "ground": "#333333", "signal": "#0b57a4", "clock": "#7a4d00",
    "data": "#1b6e3c", "select": "#6b2fa0",
}  # fmt: skip


@dataclass(frozen=True)
class Wire:
    """From a pin of the header to a terminal of a part; the kind gives the colour."""

    pin: str
    part: str
    terminal: str
    kind: str


@dataclass(frozen=True)
class Diagram:
    """One picture: its name, title, wires in order from above, and notes below."""

    name: str
    title: str
    wires: Sequence[Wire]
    notes: Sequence[str]


DIAGRAMS = (
    Diagram(
        "wiring-max31865",
        "Platinum probe: MAX31865 on SPI0",
        (
            Wire("pin 1 · 3.3 V", "MAX31865", "VIN", "power"),
            Wire("pin 6 · ground", "MAX31865", "GND", "ground"),
            Wire("pin 23 · GPIO11 SCLK", "MAX31865", "CLK", "clock"),
            Wire("pin 21 · GPIO9 MISO", "MAX31865", "SDO", "data"),
            Wire("pin 19 · GPIO10 MOSI", "MAX31865", "SDI", "signal"),
            Wire("pin 24 · GPIO8 CE0", "MAX31865", "CS", "select"),
        ),
        (
            "Three-wire PT100: the two wires of one colour to F+ and RTD+, the single one to RTD-.",
            "Four-wire: one pair to F+ and RTD+, the other to F- and RTD-. Set the board's solder bridges for it.",
            "A second board for the bottom probe: the same wires, CS to pin 26 (GPIO7 CE1), select = 1.",
            "Keep the probe's cable shielded and away from heaters and fill valves; shield to ground at this end only.",
        ),
    ),
    Diagram(
        "wiring-level",
        "Level transmitter, 4-20 mA: ADS1115 on I2C",
        (
            Wire("pin 1 · 3.3 V", "ADS1115", "VDD", "power"),
            Wire("pin 6 · ground", "ADS1115", "GND, ADDR", "ground"),
            Wire("pin 3 · GPIO2 SDA", "ADS1115", "SDA", "data"),
            Wire("pin 5 · GPIO3 SCL", "ADS1115", "SCL", "clock"),
            Wire("pin 9 · ground", "shunt 100 ohm 0.1 %", "lower end", "ground"),
            Wire("", "shunt 100 ohm 0.1 %", "upper end to A0", "signal"),
        ),
        (
            "The transmitter's + to its own 24 V supply, its - to the upper end of the shunt; 24 V ground to ground.",
            "20 mA make 2.0 V over 100 ohms. Never connect 24 V to the board itself.",
        ),
    ),
    Diagram(
        "wiring-signals",
        "Lid contact, button, lights and buzzer",
        (
            Wire("pin 11 · GPIO17", "reed contact of the lid", "one end", "signal"),
            Wire("pin 9 · ground", "reed contact of the lid", "other end", "ground"),
            Wire("pin 13 · GPIO27", "acknowledge button", "one end", "signal"),
            Wire("pin 14 · ground", "acknowledge button", "other end", "ground"),
            Wire("pin 15 · GPIO22", "relay board", "IN1: red light", "data"),
            Wire("pin 16 · GPIO23", "relay board", "IN2: amber light", "data"),
            Wire("pin 18 · GPIO24", "relay board", "IN3: green light", "data"),
            Wire("pin 22 · GPIO25", "relay board", "IN4: buzzer", "data"),
            Wire("pin 2 · 5 V", "relay board", "VCC", "power"),
            Wire("pin 20 · ground", "relay board", "GND", "ground"),
        ),
        (
            'The relay board must take 3.3 V at its inputs. Most are on when an input is low: active = "low".',
            "Lights and buzzer hang on the relays with a supply of their own.",
        ),
    ),
    Diagram(
        "wiring-controller",
        "Freezer controller on RS-485: USB adapter",
        (
            Wire("USB", "RS-485 adapter, isolated", "USB", "data"),
            Wire("", "controller", "A to A, B to B", "signal"),
            Wire("", "controller", "signal ground to GND", "ground"),
        ),
        (
            "A TEC 3000 has four wires: its transmitting pair to the adapter's receiving pair, and the other way round.",
            "120 ohms across the pair at both ends of a long line. The adapter appears as /dev/ttyUSB0.",
        ),
    ),
)


def draw(diagram: Diagram) -> str:
    """Return the diagram as SVG text; the same diagram gives the same text."""
    top = 70
    height = top + ROW * len(diagram.wires) + 40 + 24 * len(diagram.notes)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape(diagram.title)}</title>",
        '<g font-family="sans-serif" font-size="14">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="20" y="34" font-size="18" font-weight="bold">{escape(diagram.title)}</text>',
        _box(20, top - 14, LEFT - 20, ROW * len(diagram.wires) + 8, "Raspberry Pi, pin"),
    ]
    for part, first, last in _parts(diagram.wires):
        rows = last - first + 1
        lines.append(_box(RIGHT, top - 12 + ROW * first, WIDTH - RIGHT - 20, ROW * rows - 2, part))
    for number, wire in enumerate(diagram.wires):
        lines += _wire(wire, top + ROW * number + 4)
    below = top + ROW * len(diagram.wires) + 30
    for number, note in enumerate(diagram.notes):
        lines.append(f'<text x="20" y="{below + 24 * number}" font-size="13">{escape(note)}</text>')
    return "\n".join([*lines, "</g>", "</svg>", ""])


def _parts(wires: Sequence[Wire]) -> list[tuple[str, int, int]]:
    """Each part with its first and last row."""
    found: list[tuple[str, int, int]] = []
    for row, wire in enumerate(wires):
        if found and found[-1][0] == wire.part:
            found[-1] = (wire.part, found[-1][1], row)
        else:
            found.append((wire.part, row, row))
    return found


def _box(x: int, y: int, width: int, height: int, title: str) -> str:
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" fill="#f4f6f5"'
        f' stroke="#8a9490"><title>{escape(title)}</title></rect>'
    )


def _wire(wire: Wire, y: int) -> list[str]:
    colour = COLOURS[wire.kind]
    drawn = [f'<text x="32" y="{y + 5}">{escape(wire.pin)}</text>']
    if wire.pin:
        drawn += [
            f'<circle cx="{LEFT}" cy="{y}" r="5" fill="{colour}"/>',
            f'<path d="M {LEFT} {y} H {RIGHT}" stroke="{colour}" stroke-width="3" fill="none"/>',
            f'<circle cx="{RIGHT}" cy="{y}" r="5" fill="{colour}"/>',
        ]
    else:
        drawn.append(
            f'<path d="M {RIGHT - 60} {y} H {RIGHT}" stroke="{colour}" stroke-width="3"'
            ' stroke-dasharray="6 4" fill="none"/>'
        )
    text = f"{wire.part}: {wire.terminal}"
    drawn.append(f'<text x="{RIGHT + 12}" y="{y + 5}" font-size="12">{escape(text)}</text>')
    return drawn


def main() -> int:
    """Write all diagrams."""
    for diagram in DIAGRAMS:
        (PICTURES / f"{diagram.name}.svg").write_text(draw(diagram), encoding="utf-8")
        sys.stdout.write(f"docs/pictures/{diagram.name}.svg\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
