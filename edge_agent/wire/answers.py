"""Checks of the server's answers: the commit-ack and `bad`."""

from edge_agent.wire import fields
from edge_agent.wire.bounds import MORE_RANGES, ROWS, SEQ_MAX
from edge_agent.wire.messages import Ack, Bad, Refused
from edge_agent.wire.topics import check_name


def check_answer(obj: object) -> Ack | Bad:
    """An Ack or a Bad, or a WireError."""
    message = fields.envelope(obj)
    if "bad" in message:
        return Bad(
            fields.whole("bad", message["bad"], 0, 2**32 - 1),
            fields.words("why", message.get("why"), 4096),
        )
    return Ack(
        boot=fields.boot(message.get("boot")),
        stream=check_name("stream", message.get("stream")),
        upto=fields.whole("upto", message.get("upto"), 0, SEQ_MAX),
        more=fields.pieces("more", message.get("more"), 1, SEQ_MAX, MORE_RANGES),
        refused=_refused(message.get("refused")),
        at=fields.whole("at", message.get("at", 0), 0, SEQ_MAX),
    )


def _refused(value: object) -> tuple[Refused, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise fields.fail("wrong_type", "refused", value, "a list of {seq, n, why}")
    return tuple(_one(item) for item in value)


def _one(item: object) -> Refused:
    if not isinstance(item, dict):
        raise fields.fail("wrong_type", "refused", item, "an object with seq, n and why")
    return Refused(
        fields.seq(item.get("seq")),
        fields.whole("n", item.get("n", 1), 1, ROWS),
        fields.words("why", item.get("why"), 4096),
    )
