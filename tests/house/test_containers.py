"""What can be said about docker/, compose.yaml, CI and scripts without a Docker engine."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from server.telemetry import rules

PROJECT = Path(__file__).resolve().parents[2]
DOCKERFILES = sorted((PROJECT / "docker").glob("*.Dockerfile"))
INSTRUCTIONS = {
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "RUN",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
}
COMPOSE = yaml.safe_load((PROJECT / "compose.yaml").read_text(encoding="utf-8"))
SERVICE_KEYS = {
    "build",
    "command",
    "depends_on",
    "environment",
    "healthcheck",
    "image",
    "init",
    "networks",
    "ports",
    "profiles",
    "read_only",
    "restart",
    "secrets",
    "security_opt",
    "stop_grace_period",
    "tmpfs",
    "volumes",
    "cap_drop",
}
SKIPPED_FOLDERS = {".venv", "node_modules", ".git", "build"}


def lines_of(dockerfile):
    """Return the instructions of a Dockerfile, continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", dockerfile.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [line.split(None, 1) for line in text.replace("\\\n", " ").splitlines() if line.strip()]


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_a_dockerfile_keeps_the_rules(dockerfile):
    lines = lines_of(dockerfile)
    words = [word for word, _ in lines]

    assert set(words) <= INSTRUCTIONS
    assert words[0] in {"ARG", "FROM"}
    for word, rest in lines:
        if word == "FROM":
            image = rest.split()[0]
            stage = image in {
                rest.split()[-1] for name, rest in lines if name == "FROM" and " AS " in rest
            }
            assert stage or re.search(r":[\w.-]*\d[\w.-]*$", image), f"{image} is not pinned"
        if word == "RUN":
            assert "curl" not in rest
            assert "apt-get upgrade" not in rest
    last = max(number for number, word in enumerate(words) if word == "FROM")
    users = [rest for word, rest in lines[last:] if word == "USER"]
    assert users
    assert users[-1].split(":")[0] not in {"root", "0"}
    assert "HEALTHCHECK" in words[last:]


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_what_a_dockerfile_copies_is_there(dockerfile):
    for word, rest in lines_of(dockerfile):
        if word == "COPY" and "--from=" not in rest:
            sources = [part for part in rest.split() if not part.startswith("--")][:-1]
            assert [source for source in sources if not (PROJECT / source).exists()] == []


def test_there_is_an_image_for_the_server_and_one_for_the_edge():
    assert {path.name for path in DOCKERFILES} == {"server.Dockerfile", "edge.Dockerfile"}


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_a_compose_service_is_whole(name):
    service = COMPOSE["services"][name]

    assert set(service) <= SERVICE_KEYS
    assert "image" in service or (PROJECT / service["build"]["dockerfile"]).exists()
    if "build" not in service:
        assert re.search(r":[\w.-]*\d", service["image"]), "the image is not pinned"
    for other in service.get("depends_on", {}):
        assert other in COMPOSE["services"]
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        assert source in COMPOSE["volumes"] or (PROJECT / source).exists(), source
    for secret in service.get("secrets", []):
        assert secret in COMPOSE["secrets"]


def test_compose_publishes_only_what_people_and_agents_need():
    published = {name for name, service in COMPOSE["services"].items() if service.get("ports")}

    assert published <= {"web", "mosquitto"}


def tracked(*patterns):
    found = (path for pattern in patterns for path in PROJECT.rglob(pattern))
    return sorted(
        path for path in found if not SKIPPED_FOLDERS & set(path.relative_to(PROJECT).parts)
    )


@pytest.mark.parametrize(
    "file", tracked("*.yaml", "*.yml"), ids=lambda path: str(path.relative_to(PROJECT))
)
def test_yaml_parses(file):
    assert list(yaml.safe_load_all(file.read_text(encoding="utf-8")))


@pytest.mark.parametrize("script", tracked("*.sh"), ids=lambda path: path.name)
def test_a_script_parses(script):
    shell = "bash" if script.read_text(encoding="utf-8").startswith("#!/usr/bin/env bash") else "sh"

    assert subprocess.run([shell, "-n", script], check=False).returncode == 0


def test_ci_can_be_run_and_stops_at_the_first_failure():
    script = PROJECT / ".ci" / "run"
    text = script.read_text(encoding="utf-8")

    assert text.startswith("#!/usr/bin/env bash\n")
    assert "set -euo pipefail" in text
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0


def test_the_rights_in_the_container_are_those_that_the_server_gives():
    text = (PROJECT / "docker" / "acl").read_text(encoding="utf-8")
    blocks = {
        name: set(re.findall(r"^topic (\w+) (\S+)$", block, re.MULTILINE))
        for name, block in re.findall(r"^user (\S+)\n((?:topic .*\n)+)", text, re.MULTILINE)
    }

    assert set(blocks) == {rules.SERVER_USER, rules.username("main", "tank-1")}
    for name, written in blocks.items():
        rights = rules.rights_of(name, "ck1")
        wanted = {("write", topic) for topic in rights.publish} | {
            ("read", topic) for topic in rights.read
        }
        assert written == {(verb, topic) for verb, topic in wanted if topic.startswith("ck1/")}
