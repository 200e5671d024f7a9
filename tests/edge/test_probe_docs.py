"""The page about probes explains every key and every fault, and its examples can be used as they are."""

import re
import sys
import threading
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from edge_agent import cli
from edge_agent.buses.library import EXTRAS
from edge_agent.config import PASSWORD_VARIABLE, load
from edge_agent.health import catalog
from edge_agent.probes.drivers import DRIVERS
from edge_agent.wire.codec import decode_catalog, encode
from tests.edge.settings_text import problems_of

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "edge-probes.md").read_text("utf-8")
SECTIONS = {part.partition("\n")[0]: part for part in PAGE.split("\n## ")}
EXAMPLES = sorted((ROOT / "docs" / "examples" / "edge").glob("*.toml"))
HARDWARE = sorted(set(DRIVERS) - {"simulated", "replay"})
TABLES = {"ads1115": "input", "iio": "input", "modbus": "register", "tec3000": "query"}
COMMON = {
    "driver", "freezer", "serial", "certificate", "calibration_due", "calibration", "offset",
    "read_every_s", "oldest_s",
}  # fmt: skip


@pytest.fixture(autouse=True)
def no_password_around(monkeypatch):
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)


def known_keys(tmp_path, driver):
    """Every key that the driver asks for, in its own table and in those inside."""
    inner = f"\n[[stream.probe.{TABLES[driver]}]]\nx = 1" if driver in TABLES else ""
    found = problems_of(tmp_path, f'driver = "{driver}"\nx = 1{inner}')
    lists = [p.partition("known here: ")[2] for p in found if "known here:" in p]
    assert len(lists) == (2 if driver in TABLES else 1)
    return {key for keys in lists for key in keys.split(", ")}


def section(driver):
    (found,) = [text for title, text in SECTIONS.items() if f"`{driver}`" in title]
    return found


@pytest.mark.parametrize("driver", HARDWARE)
def test_every_key_of_a_driver_is_explained_in_its_section(tmp_path, driver):
    keys = known_keys(tmp_path, driver) - COMMON
    assert keys
    assert [key for key in sorted(keys) if f"`{key}`" not in section(driver)] == []


def test_what_all_probes_have_is_explained():
    text = PAGE + (ROOT / "docs" / "agent.md").read_text("utf-8")
    assert [key for key in sorted(COMMON) if f"`{key}`" not in text] == []


@pytest.mark.parametrize("driver", HARDWARE)
def test_every_driver_has_an_example_that_uses_it(driver):
    (path,) = [path for path in EXAMPLES if path.stem == driver]
    used = {
        p["driver"] for s in tomllib.loads(path.read_text("utf-8"))["stream"] for p in s["probe"]
    }
    assert driver in used
    assert f"examples/edge/{path.name}" in PAGE


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_check_says_that_an_example_is_good(path, capsys, monkeypatch):
    for package in EXTRAS:
        monkeypatch.setitem(sys.modules, package, ModuleType(package))
    assert cli.main(["check", "--config", str(path)]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    for stream in load(path).streams:
        assert f"stream {stream.name}, every" in said.out


def test_every_driver_names_the_extra_that_it_needs():
    for path in EXAMPLES:
        for stream in load(path).streams:
            for probe in stream.probes:
                for package in getattr(probe.device, "needs", ()):
                    row = rf"^\|.*{EXTRAS[package]}\]\"` \|.*`{probe.driver}`|^\| Modbus.*`{probe.driver}`"
                    assert re.search(row, PAGE, re.MULTILINE), (probe.driver, package)


def test_the_checks_of_a_stream_are_explained():
    text = SECTIONS["Whether probes can all be right"]
    assert [k for k in ("kind", "channel", "other", "limit", "for_s", "twins", "stuck", "swapped") if f"`{k}`" not in text] == []  # fmt: skip


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_driver_makes_a_probe_that_knows_its_channels_and_opens_nothing_yet(path):
    before = threading.active_count()
    for stream in load(path).streams:
        for probe in stream.probes:
            made = probe.device.make()
            assert tuple(made.channels) == tuple(probe.device.channels)
            assert not made.done()
            assert not made.catches_up
    assert threading.active_count() == before


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_channel_of_an_example_stands_in_the_catalogue_that_is_sent(path):
    config = load(path)
    sent = decode_catalog(encode(catalog(config, "k3v9x2m4q7ab")))
    assert [(c.stream, c.key, c.driver, c.freezer, c.serial) for c in sent.channels] == [
        (stream.name, key, probe.driver, probe.freezer, probe.serial)
        for stream in config.streams
        for probe in stream.probes
        for key in probe.device.channels
    ]
    assert all(c.unit or c.key in {"lid_open", "undervoltage"} for c in sent.channels)
