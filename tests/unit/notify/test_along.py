"""Along which chain a call goes, and which step is next."""

from dataclasses import dataclass

import pytest

from server.notify.along import Conditions, step_to_tell


@dataclass(frozen=True)
class Stop:
    position: int
    from_round: int = 1


THREE = [Stop(1), Stop(2), Stop(4, from_round=3)]


@pytest.mark.parametrize(
    ("steps", "position", "round_", "told"),
    [
        (THREE, 0, 1, (1, 1)),
        (THREE, 2, 1, (2, 1)),
        (THREE, 3, 1, (1, 2)),  # the last resort waits: from the top
        (THREE, 3, 2, (1, 3)),
        (THREE, 3, 3, (4, 3)),  # the third time through the list it is told
        (THREE, 5, 3, (1, 4)),  # and never silent
        ([Stop(1, from_round=5)], 0, 1, (1, 5)),
        ([Stop(1, from_round=5)], 2, 5, (1, 6)),
        ([Stop(7)], 3, 1, (7, 1)),  # steps before it were removed
        ([], 0, 1, None),
    ],
)
def test_which_step_is_told(steps, position, round_, told) -> None:
    found = step_to_tell(steps, position, round_)

    assert (None if found is None else (found[0].position, found[1])) == told


FACTS = {"alarm_class": "safety", "site": "Pudong", "freezer": "LN2-03"}


@pytest.mark.parametrize(
    ("conditions", "facts", "holds"),
    [
        (Conditions(), FACTS, True),
        (Conditions(), {}, True),
        (Conditions(severities=["critical"]), FACTS, True),
        (Conditions(severities=["warning", "high"]), FACTS, False),
        (Conditions(classes=["safety"]), FACTS, True),
        (Conditions(classes=["safety"]), {}, False),
        (Conditions(sites=["Pudong"], freezers=["LN2-03", "LN2-04"]), FACTS, True),
        (Conditions(sites=["Pudong"], freezers=["LN2-04"]), FACTS, False),
    ],
)
def test_what_a_chain_is_for(conditions, facts, holds) -> None:
    assert conditions.hold("critical", facts) is holds
