"""Topics are built and taken apart, and bad names are refused in words."""

import pytest

from edge_agent.wire import topics
from edge_agent.wire.errors import WireError


@pytest.mark.parametrize("kind", sorted(topics.KINDS))
def test_a_topic_that_is_built_is_read_again(kind):
    stream = "tank" if kind in {"t", "h", "ha"} else "ev" if kind == "ev" else None
    topic = topics.build(kind, "main", "tank-1", stream, prefix="lab2")
    assert topics.parse(topic, "lab2") == topics.Topic("main", "tank-1", kind, stream)


@pytest.mark.parametrize(
    ("topic", "sentence"),
    [
        ("ck1/main/tank-1", "expected ck1/<site>/<agent>/<kind>"),
        ("ck2/main/tank-1/hb", "expected ck1/<site>/<agent>/<kind>"),
        ("ck1/Main/tank-1/hb", "site is 'Main'; expected 1 to 32 of the characters a-z, 0-9 and -"),
        ("ck1/main/tank_1/hb", "agent is 'tank_1'"),
        ("ck1//tank-1/hb", "site is ''"),
        ("ck1/main/" + "a" * 33 + "/hb", "expected 1 to 32"),
        ("ck1/main/tank-1/t", "the topic ends in 't'"),
        ("ck1/main/tank-1/t/ev", "choose another"),
        ("ck1/main/tank-1/t/tank/more", "the topic ends in 't/tank/more'"),
        ("ck1/main/tank-1/nonsense", "expected one of"),
        ("ck1/main/tank-1\n/hb", "agent is 'tank-1\\n'"),
    ],
)
def test_a_bad_topic_is_refused_in_words(topic, sentence):
    with pytest.raises(WireError) as refused:
        topics.parse(topic)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    "wrong", [("nonsense", "a", "b", None), ("t", "a", "b", None), ("hb", "A", "b", None)]
)
def test_a_bad_topic_is_not_built(wrong):
    with pytest.raises(WireError):
        topics.build(*wrong)


def test_subscriptions_take_every_agent():
    assert topics.filters("t", "ev", "hb") == ["ck1/+/+/t/+", "ck1/+/+/ev", "ck1/+/+/hb"]
