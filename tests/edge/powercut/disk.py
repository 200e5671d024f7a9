"""Builds the files of a folder as a power cut at some moment would have left them."""

import struct
from dataclasses import dataclass, field

SECTOR = 512
_HEAD = struct.Struct("<cIQI")


@dataclass(frozen=True)
class Act:
    """One thing that was done to a file: written, truncated, synchronised, unlinked."""

    kind: str
    name: str
    at: int
    data: bytes


def read_log(path):
    """The acts of a log, in order; a record that the kill cut off is left out."""
    raw, at, acts = path.read_bytes(), 0, []
    while at + _HEAD.size <= len(raw):
        kind, length, offset, size = _HEAD.unpack_from(raw, at)
        at += _HEAD.size
        if at + length + size > len(raw):
            break
        name = raw[at : at + length].decode()
        acts.append(Act(kind.decode(), name, offset, raw[at + length : at + length + size]))
        at += length + size
    return acts


@dataclass
class File:
    """What is surely on the disk, and what may be."""

    safe: bytearray = field(default_factory=bytearray)
    pending: list = field(default_factory=list)

    def sync(self):
        for act in self.pending:
            apply(self.safe, act)
        self.pending.clear()


def apply(content, act, sectors=None):
    """Do one act to the content; of a torn write only these sectors."""
    if act.kind == "T":
        del content[act.at :]
        content.extend(bytes(act.at - len(content)))
        return
    for start in range(0, len(act.data), SECTOR):
        if sectors is None or start // SECTOR in sectors:
            piece = act.data[start : start + SECTOR]
            begin = act.at + start
            content.extend(bytes(max(0, begin + len(piece) - len(content))))
            content[begin : begin + len(piece)] = piece


class Disk:
    """A disk with a cache that loses, tears and reorders whatever was not synchronised."""

    def __init__(self):
        self.files = {}

    def do(self, act):
        """Take one act of the log."""
        if act.kind == "U":
            self.files.pop(act.name, None)
            return
        file = self.files.setdefault(act.name, File())
        if act.kind == "S":
            file.sync()
        else:
            file.pending.append(act)

    def after_a_cut(self, chance):
        """The files as they might be found: {name: content}."""
        return {name: self._found(file, chance) for name, file in self.files.items()}

    def _found(self, file, chance):
        content = bytearray(file.safe)
        how = chance.choice(["dropped", "some", "torn", "reordered", "all"])
        pending = list(file.pending)
        if how == "dropped":
            pending = []
        elif how == "reordered":
            chance.shuffle(pending)
        for act in pending:
            if how in {"some", "reordered"} and chance.random() < 0.5:
                continue
            count = -(-len(act.data) // SECTOR)
            torn = {n for n in range(count) if chance.random() < 0.6} if how == "torn" else None
            apply(content, act, torn)
        return bytes(content)
