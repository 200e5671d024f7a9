"""Settings files around the probe that a test is about."""

from edge_agent.config import ConfigError, load

HEAD = """\
[agent]
site = "main"
id = "tank-1"

[server]
url = "mqtt://127.0.0.1:1883"

[[stream]]
name = "tank"
"""


def write(tmp_path, *probes, tail=""):
    """Write a file with these probes; its path."""
    path = tmp_path / "agent.toml"
    tables = "".join(f"\n[[stream.probe]]\n{probe}\n" for probe in probes)
    path.write_text(f"{HEAD}{tables}{tail}", "utf-8")
    return path


def read_probe(tmp_path, probe):
    """The settings of one good probe."""
    return load(write(tmp_path, probe)).streams[0].probes[0]


def problems_of(tmp_path, *probes, tail=""):
    """What is said about these probes; nothing when they are good."""
    try:
        load(write(tmp_path, *probes, tail=tail))
    except ConfigError as error:
        return error.problems
    return []
