"""A fault is told once, and its end once; a loose contact does not flood."""

from edge_agent.probes.faults import AGAIN_MS, SETTLED_MS, FaultWatch


def kinds(watch, *readings):
    return [e["kind"] for at, q, fault in readings for e in watch.consider("top_c", q, fault, at)]


def test_a_fault_and_its_end_are_told_once():
    watch = FaultWatch()
    assert kinds(watch, (0, 0, ""), (1, 16, "open"), (2, 16, "open")) == ["probe_fault"]
    assert kinds(watch, (3, 0, ""), (SETTLED_MS + 2, 0, "")) == []
    assert kinds(watch, (SETTLED_MS + 3, 0, ""), (SETTLED_MS + 4, 0, "")) == ["probe_fault_over"]


def test_another_fault_is_told():
    assert kinds(FaultWatch(), (0, 16, "open"), (1, 17, "short")) == ["probe_fault"] * 2


def test_other_words_for_the_same_are_not_told_each_time():
    noise = [(at, 21, f"found {at}") for at in range(0, AGAIN_MS * 2 + 1, 1_000)]
    assert kinds(FaultWatch(), *noise) == ["probe_fault"] * 3


def test_two_faults_in_turn_are_told_once_each():
    turns = [(at, 16 + 5 * (at // 1_000 % 2), "open" if at // 1_000 % 2 else "bus") for at in range(0, 500_000, 1_000)]  # fmt: skip
    assert kinds(FaultWatch(), *turns) == ["probe_fault"] * 2


def test_a_loose_contact_is_told_once():
    turns = [(at, 16 * (at % 2), "open" if at % 2 else "") for at in range(1, 500)]
    assert kinds(FaultWatch(), *turns) == ["probe_fault"]


def test_channels_are_told_apart():
    watch = FaultWatch()
    assert kinds(watch, (0, 16, "open")) == ["probe_fault"]
    assert watch.consider("bottom_c", 16, "open", 0)[0]["channel"] == "bottom_c"
