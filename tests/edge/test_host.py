"""The node's own health, from a tree of files and a vcgencmd of the test."""

import pytest

from edge_agent.probes.device import Rhythm
from edge_agent.probes.host import Host, HostSettings
from tests.edge.settings_text import problems_of, read_probe

RHYTHM = Rhythm()


@pytest.fixture
def node(tmp_path):
    """Give `node(**more)`: a Host over a tree of files; `node.write(path, text)` changes one."""

    class Node:
        def write(self, path, text):
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{text}\n")

        def says(self, bits):
            script = tmp_path / "vcgencmd"
            script.write_text(f"#!/bin/sh\necho throttled={bits}\n")
            script.chmod(0o755)
            return str(script)

        def __call__(self, **more):
            return Host(HostSettings(RHYTHM, root=tmp_path, disk=tmp_path, **more))

    made = Node()
    made.write("class/thermal/thermal_zone0/temp", 48312)
    made.write("class/hwmon/hwmon0/name", "cpu_thermal")
    made.write("class/hwmon/hwmon1/name", "rpi_volt")
    made.write("class/hwmon/hwmon1/in0_lcrit_alarm", 0)
    return made


def kinds(finding):
    return [event["kind"] for event in finding.events]


def test_temperature_space_and_supply_are_read(node):
    finding = node().read(0)
    cpu, disk, low = finding.found
    assert cpu.value == 48.312
    assert 0 <= disk.value <= 100
    assert (low.value, kinds(finding)) == (0.0, [])


def test_a_sinking_supply_is_told_when_it_comes_and_when_it_goes(node):
    host = node()
    host.read(0)
    node.write("class/hwmon/hwmon1/in0_lcrit_alarm", 1)
    assert kinds(host.read(1)) == ["undervoltage"]
    assert kinds(host.read(2)) == []
    node.write("class/hwmon/hwmon1/in0_lcrit_alarm", 0)
    assert kinds(host.read(3)) == ["undervoltage_over"]


@pytest.mark.parametrize(
    ("before", "after", "value", "told"),
    [
        ("0x0", "0x50005", 1.0, ["undervoltage"]),
        ("0x50005", "0x50000", 0.0, ["undervoltage_over"]),
        ("0x0", "0x50000", 0.0, ["undervoltage", "undervoltage_over"]),
        ("0x50000", "0x50000", 0.0, []),
        ("0x0", "0x8", 0.0, []),
    ],
)
def test_vcgencmd_tells_also_of_a_dip_between_two_readings(node, before, after, value, told):
    host = node(undervoltage="vcgencmd", vcgencmd=node.says(before))
    host.read(0)
    node.says(after)
    finding = host.read(1)
    assert (finding.found[2].value, kinds(finding)) == (value, told)


@pytest.mark.parametrize("command", ["/nowhere/vcgencmd", "true", "sh"])
def test_a_command_that_is_not_there_or_says_nothing_fails_only_its_own_channel(node, command):
    cpu, disk, low = node(undervoltage="vcgencmd", vcgencmd=command).read(0).found
    assert (cpu.q, disk.q, low.q, low.value) == (0, 0, 21, None)
    assert low.fault


def test_what_is_not_there_is_a_bus_error_of_its_own_channel(node, tmp_path):
    (tmp_path / "class/thermal/thermal_zone0/temp").unlink()
    (tmp_path / "class/hwmon/hwmon1/name").unlink()
    cpu, disk, low = node().read(0).found
    assert (cpu.q, disk.q, low.q) == (21, 0, 21)
    assert "expected a Raspberry Pi" in low.fault
    assert len(node(undervoltage="off").read(0).found) == 2


def test_the_settings_are_read(tmp_path):
    device = read_probe(tmp_path, 'driver = "host"').device
    assert device.channels == ("cpu_c", "disk_free_pct", "undervoltage")
    assert read_probe(tmp_path, 'driver = "host"\nundervoltage = "off"').device.channels == ("cpu_c", "disk_free_pct")  # fmt: skip
    assert "undervoltage: found 'on'" in problems_of(tmp_path, 'driver = "host"\nundervoltage = "on"')[0]  # fmt: skip
