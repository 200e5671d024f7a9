"""The wiring diagrams are those that the script draws, and the page about the node shows them all."""

from xml.etree import ElementTree as ET

import pytest

from tools.needs import PROJECT
from tools.wiring import DIAGRAMS, PICTURES, draw

PAGE = (PROJECT / "docs" / "edge-node.md").read_text("utf-8")
GROUNDS, THREE_VOLTS, FIVE_VOLTS = {6, 9, 14, 20, 25, 30, 34, 39}, {1, 17}, {2, 4}
BCM = {
    3: 2, 5: 3, 7: 4, 8: 14, 10: 15, 11: 17, 12: 18, 13: 27, 15: 22, 16: 23, 18: 24, 19: 10, 21: 9,
    22: 25, 23: 11, 24: 8, 26: 7,
}  # fmt: skip


@pytest.mark.parametrize("diagram", DIAGRAMS, ids=lambda one: one.name)
def test_a_diagram_is_what_the_script_draws(diagram):
    assert (PICTURES / f"{diagram.name}.svg").read_text("utf-8") == draw(diagram)
    ET.fromstring(draw(diagram))  # our own text
    assert f"pictures/{diagram.name}.svg" in PAGE


@pytest.mark.parametrize("diagram", DIAGRAMS, ids=lambda one: one.name)
def test_every_pin_is_what_it_is_called(diagram):
    pins = [wire.pin for wire in diagram.wires if wire.pin.startswith("pin ")]
    for pin in pins:
        number, name = int(pin.split()[1]), pin.split("· ")[1]
        if name == "ground":
            assert number in GROUNDS
        elif name.endswith("V"):
            assert number in (THREE_VOLTS if name.startswith("3.3") else FIVE_VOLTS)
        else:
            assert name.split()[0] == f"GPIO{BCM[number]}"
    assert len(set(pins)) == len(pins), "one wire to a pin"
