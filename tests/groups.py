"""The groups of the suite: what each one needs, which ran, which were skipped and why.

A test belongs to the group of its folder (`tests/unit/...` is `unit`), unless it is marked
`@pytest.mark.group("shared data")`. Where it runs on several databases or brokers, each is a group
of its own: `service (sqlite)`, `service (postgresql)`. What a test needs is said by the fixtures
that it uses (FIXTURE_NEEDS) or by `@pytest.mark.needs("cc")`; where it is missing, the test is skipped with
the reason, and the table at the end says so. `--strict-groups` makes a skip a failure.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tools.needs import NEEDS

TESTS = Path(__file__).parent
# Folders of tests/ that hold groups, in the order of the table.
FOLDERS = (
    "unit",
    "wire",
    "service",
    "http",
    "edge",
    "house",
    "docs",
    "journeys",
    "browser",
    "firmware",
    "shared data",
    "bench",
)
MAY_BE_ABSENT = ("shared data",)
FIXTURE_NEEDS = {
    "pg_server": ("postgresql",),
    "pg_url": ("postgresql",),
    "mosquitto_broker": ("mosquitto",),
    "chromium": ("chromium", "libatomic", "cjk font"),
    "page": ("chromium", "libatomic", "cjk font"),
    "shared_data": ("shared data",),
}
VARIANTS = ("sqlite", "postgresql", "embedded", "mosquitto")  # values of a test's parameters
_GROUP, _NEEDS = (
    "group(name): puts a test into a group other than its folder's",
    "needs(*names): what a test cannot do without; see tools/needs.py",
)


@dataclass
class Tally:
    """What happened in one group."""

    ran: int = 0
    skipped: int = 0
    failed: int = 0
    seconds: float = 0.0
    why: set[str] = field(default_factory=set)

    @property
    def verdict(self) -> str:
        """One word for the table."""
        if self.failed:
            return "FAILED"
        if self.skipped:
            return "partly skipped" if self.ran else "SKIPPED"
        return "ran"


def folder_of(path: Path) -> str:
    """Return the first folder below tests/, or "other" for a test that lies outside."""
    parts = path.relative_to(TESTS).parts if path.is_relative_to(TESTS) else ()
    return parts[0].replace("_", " ") if len(parts) > 1 else "other"


def group_of(item: pytest.Item) -> str:
    """Return the name of the group that a test belongs to."""
    if mark := item.get_closest_marker("group"):
        return str(mark.args[0])
    if "shared_data" in getattr(item, "fixturenames", ()):
        return "shared data"
    params = getattr(getattr(item, "callspec", None), "params", {}).values()
    given = {value for value in params if isinstance(value, str)}
    variant = " + ".join(value for value in VARIANTS if value in given)
    name = folder_of(item.path)
    return f"{name} ({variant})" if variant else name


def needs_of(item: pytest.Item) -> Iterator[str]:
    """Yield the names of what a test needs: by its marks and by its fixtures."""
    if group_of(item) in NEEDS:
        yield group_of(item)
    for mark in item.iter_markers("needs"):
        yield from mark.args
    given = getattr(getattr(item, "callspec", None), "params", {})
    for fixture in getattr(item, "fixturenames", ()):
        if fixture not in given:  # a parameter may have a fixture's name
            yield from FIXTURE_NEEDS.get(fixture, ())


def why_not_run(item: pytest.Item) -> str | None:
    """Say what a test lacks on this machine, or None when it can run."""
    lacking = dict.fromkeys(name for name in needs_of(item) if not NEEDS[name].found())
    return "; ".join(NEEDS[name].why_missing for name in lacking) or None


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the two options of `make test`."""
    options = parser.getgroup("cryokeep")
    options.addoption("--strict-groups", action="store_true", help="fail when anything was skipped")
    options.addoption(
        "--group", action="append", default=[], help="run these groups only (comma-separated)"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks and start the count."""
    config.addinivalue_line("markers", _GROUP)
    config.addinivalue_line("markers", _NEEDS)
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Table(config), "cryokeep-groups")


def _chosen(config: pytest.Config) -> list[str]:
    return [name.strip() for text in config.getoption("--group") for name in text.split(",")]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave whole folders unread when only other folders' groups were asked for."""
    chosen = {name.split(" (")[0] for name in _chosen(config)}
    if (
        not chosen
        or not chosen <= set(FOLDERS) - {"shared data"}
        or collection_path.parent != TESTS
    ):
        return None
    return (
        True
        if collection_path.is_dir() and collection_path.name.replace("_", " ") not in chosen
        else None
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the groups that were asked for, and mark what cannot run here as skipped."""
    if chosen := set(_chosen(config)):
        keep = [item for item in items if chosen & {group_of(item), group_of(item).split(" (")[0]}]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(keep)])
        items[:] = keep
    for item in items:
        if why := why_not_run(item):
            item.add_marker(pytest.mark.skip(reason=why))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Write the group into the report, so that it travels from an xdist worker to the controller."""
    report = yield
    report.cryokeep_group = group_of(item)
    return report


class Table:
    """Counts what the reports say, prints the table, and is strict when asked."""

    def __init__(self, config: pytest.Config) -> None:
        self.strict = bool(config.getoption("--strict-groups"))
        self.tallies: dict[str, Tally] = defaultdict(Tally)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count one report; a test counts once, its seconds count in all phases."""
        tally = self.tallies[getattr(report, "cryokeep_group", "other")]
        tally.seconds += report.duration
        if report.failed:
            tally.failed += 1
        elif report.skipped and not hasattr(report, "wasxfail"):
            tally.skipped += 1
            tally.why.add(_reason(report))
        elif report.when == "call":
            tally.ran += 1

    def broken(self) -> list[str]:
        """Return the groups that a strict run does not accept."""
        return [
            name
            for name, tally in self.tallies.items()
            if tally.skipped and name not in MAY_BE_ABSENT
        ]

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Turn a skip into a failure where the run is strict."""
        if self.strict and self.broken() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print one row a group."""
        terminalreporter.section("groups")
        terminalreporter.write_line(
            f"{'group':<34} {'ran or skipped':<15} {'tests':>6} {'seconds':>8}  why"
        )
        for name, tally in sorted(self.tallies.items(), key=_in_table_order):
            why = "; ".join(sorted(tally.why))
            tests = tally.ran + tally.skipped + tally.failed
            terminalreporter.write_line(
                f"{name:<34} {tally.verdict:<15} {tests:>6} {tally.seconds:>8.1f}  {why}".rstrip()
            )
        if self.strict and self.broken():
            terminalreporter.write_line(
                f"STRICT: nothing may be skipped, but was: {', '.join(self.broken())}", red=True
            )


def _in_table_order(row: tuple[str, Tally]) -> tuple[int, str]:
    folder = row[0].split(" (")[0]
    return (FOLDERS.index(folder) if folder in FOLDERS else len(FOLDERS), row[0])


def _reason(report: pytest.TestReport) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")
