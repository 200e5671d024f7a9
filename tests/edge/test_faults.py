"""A fault is told once, and its end once; a loose contact does not flood."""

from edge_agent.probes.faults import SETTLED_MS, FaultWatch


def kinds(watch, *readings):
    return [e["kind"] for at, q, fault in readings for e in watch.consider("top_c", q, fault, at)]


def test_a_fault_and_its_end_are_told_once():
    watch = FaultWatch()
    assert kinds(watch, (0, 0, ""), (1, 16, "open"), (2, 16, "open")) == ["probe_fault"]
    assert kinds(watch, (3, 0, ""), (SETTLED_MS + 2, 0, "")) == []
    assert kinds(watch, (SETTLED_MS + 3, 0, ""), (SETTLED_MS + 4, 0, "")) == ["probe_fault_over"]


def test_another_fault_is_told():
    assert kinds(FaultWatch(), (0, 16, "open"), (1, 17, "short")) == ["probe_fault"] * 2


def test_a_loose_contact_is_told_once():
    turns = [(at, 16 * (at % 2), "open" if at % 2 else "") for at in range(1, 500)]
    assert kinds(FaultWatch(), *turns) == ["probe_fault"]


def test_channels_are_told_apart():
    watch = FaultWatch()
    assert kinds(watch, (0, 16, "open")) == ["probe_fault"]
    assert watch.consider("bottom_c", 16, "open", 0)[0]["channel"] == "bottom_c"
