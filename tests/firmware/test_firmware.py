"""The probe head's C: its own findings hold, and Python reads what it writes as the contract says."""

import json
import os
import random
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge_agent.wire import codec
from edge_agent.wire.bounds import SEQ_MAX
from edge_agent.wire.errors import WireError
from edge_agent.wire.link import LinkReader
from edge_agent.wire.link import frame as link_frame
from edge_agent.wire.quality import KNOWN, has_number
from tools.needs import PROJECT

STUBS = PROJECT / "firmware_stubs"
VECTORS = PROJECT / "tests" / "wire" / "vectors" / "messages.json"
FRAMES = PROJECT / "tests" / "wire" / "vectors" / "link" / "frames.json"
FUZZ_ROUNDS = 20_000
COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)] or ["cc"]
PROGRAMS = (
    "test_door", "test_frame", "test_head", "test_level", "test_link", "test_max31865", "test_rtd",
)  # fmt: skip
OF_LIBC = {"memcpy", "memmove", "memset", "memcmp", "strlen"}
# One worker builds for all: the programs of one compiler are made once.
pytestmark = [pytest.mark.needs("cc"), pytest.mark.xdist_group("firmware")]


@dataclass(frozen=True)
class Build:
    """The programs that one compiler made."""

    folder: Path
    compiler: str

    def run(self, program, words="", *arguments):
        return subprocess.run(
            [self.folder / program, *map(str, arguments)],
            input=words, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def on_the_line(self, *messages):
        """Give each message's bytes as the head puts them on its line."""
        done = self.run("link_of_hex", "".join(f"{one.hex()}\n" for one in messages))
        assert (done.returncode, done.stderr) == (0, "")
        return [bytes.fromhex(line) for line in done.stdout.splitlines()]

    def frames(self, *messages):
        """Give `bytes`, or the words of the refusal, for each (message, room)."""
        done = self.run(
            "frame_of_text", "\n".join(as_words(message, room) for message, room in messages)
        )
        assert (done.returncode, done.stderr) == (0, "")
        lines = [line.split(" ", 1) for line in done.stdout.splitlines()]
        assert len(lines) == len(messages)
        return [bytes.fromhex(rest) if word == "ok" else rest for word, rest in lines]


def make(compiler, folder, *words):
    environment = {name: text for name, text in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        ["make", "-s", "-C", STUBS, f"CC={compiler}", f"BUILD={folder}", *words],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module", params=COMPILERS)
def build(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    make(request.param, folder, "all")
    return Build(folder, request.param)


def milli(value):
    """Return a value in thousandths, or None where C cannot hold it exactly."""
    thousandths = round((value or 0) * 1000)
    return thousandths if thousandths / 1000 == (value or 0) else None


def as_words(message, room=64 * 1024):
    """Write rows as the words that frame_of_text reads."""
    n = len(message["dt"])
    q = message["q"] or [[0] * len(message["ch"])] * n
    cells = [
        f"{milli(value)} {code}"
        for values, codes in zip(message["rows"], q, strict=True)
        for value, code in zip(values, codes, strict=True)
    ]
    off = message["clk"]["off_ms"]
    head = [
        room, message["boot"], message["seq"], message["t0"],
        int(message["clk"]["s"]), int(off is not None), off or 0,
    ]  # fmt: skip
    lists = [len(message["ch"]), *message["ch"], n, *message["dt"], *cells]
    return " ".join(map(str, [*head, *lists]))


def found_in(payload):
    """Return what Python reads in a payload, in the form of the vectors."""
    rows = codec.decode_rows(payload, "tank")
    return {
        "boot": rows.boot, "seq": rows.seq, "t0": rows.t0,
        "clk": {"s": rows.clk.s, "off_ms": rows.clk.off_ms}, "ch": list(rows.ch),
        "dt": list(rows.dt), "rows": [list(row) for row in rows.rows],
        "q": rows.q and [list(row) for row in rows.q],
        "hist": rows.hist, "drill": rows.drill, "void": list(rows.void),
    }  # fmt: skip


def expected_of(message):
    """Return the message as C sends it: qualities that are all good are left out."""
    good = not any(code for row in message["q"] or [] for code in row)
    return {**message, "q": None if good else message["q"]}


def message(**fields):
    """Make rows of one channel, one row, unless told otherwise."""
    return {
        "boot": "k3v9x2m4q7ab", "seq": 1, "t0": 1_763_800_000_000,
        "clk": {"s": True, "off_ms": None}, "ch": ["top_c"], "dt": [0], "rows": [[-177.9]],
        "q": None, "hist": False, "drill": None, "void": [], **fields,
    }  # fmt: skip


def random_message(chance):
    """Make rows of any size, sign and quality that a probe head could have."""
    width, height = chance.randint(1, 6), chance.randint(0, 8)
    dated = chance.random() < 0.7
    q = [[chance.choice(sorted(KNOWN)) for _ in range(width)] for _ in range(height)]
    return message(
        boot="".join(chance.choices("abcXYZ019", k=12)),
        seq=int(2 ** chance.uniform(0, 52.99)),
        t0=chance.randint(2**40, 2**41) if dated else chance.randint(2**20, 2**34),
        clk={"s": dated, "off_ms": chance.choice([None, 0, 3, -40_000])},
        # Without rows Python reads no channels, and neither says them.
        ch=[f"c{k}_c" for k in range(width)] if height else [],
        dt=[chance.choice([0, -1, 23, 24, 255, 256, 65_536, -(2**19)]) for _ in range(height)],
        rows=[
            [chance.randint(-(2**31), 2**31 - 1) // 10 ** chance.randint(0, 9) / 1000
             if has_number(code) else None for code in codes]
            for codes in q
        ],
        q=q or None,
    )  # fmt: skip


def live_vectors():
    for case in json.loads(VECTORS.read_text("utf-8")):
        found = case["expect"]
        live = case["kind"] == "rows" and not (found["hist"] or found["drill"] or found["void"])
        if live and all(milli(value) is not None for row in found["rows"] for value in row):
            yield pytest.param(case, id=case["name"])


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_the_c_tests_find_holds(build, program):
    done = build.run(program)

    findings = [line for line in done.stdout.splitlines() if line.startswith("Should ")]
    assert [line for line in done.stdout.splitlines() if not line.endswith(": yes")] == []
    assert len(findings) >= 10
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("case", [*live_vectors()])
def test_a_frame_from_c_says_the_same_as_the_golden_vector(build, case):
    [frame] = build.frames((case["expect"], 4096))

    assert found_in(frame) == expected_of(case["expect"])


def test_there_are_golden_vectors_to_hold_it_to():
    assert len(list(live_vectors())) >= 8


def test_the_golden_vector_in_cbor_comes_out_byte_for_byte(build):
    cases = {case["name"]: case for case in json.loads(VECTORS.read_text("utf-8"))}
    golden = cases["the same as CBOR"]

    assert build.frames((golden["expect"], 4096)) == [bytes.fromhex(golden["hex"])]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"rows": [[-0.001]]}, "the smallest negative"),
        ({"rows": [[-2_147_483.648]]}, "the lowest"),
        ({"rows": [[2_147_483.647]]}, "the highest"),
        ({"rows": [[-196]]}, "whole and negative"),
        ({"rows": [[None]], "q": [[16]]}, "an open probe"),
        ({"rows": [[None]], "q": [[54]]}, "not sampled, calibration overdue"),
        ({"rows": [[-80.5]], "q": [[19]]}, "stuck keeps its number"),
        ({"seq": SEQ_MAX}, "the highest row number"),
        ({"dt": [-5000]}, "a clock set back"),
        ({"t0": 4_102_444_800_000}, "the last moment"),
        ({"t0": 0, "clk": {"s": False, "off_ms": None}}, "the boot's own zero"),
        ({"ch": [f"c{k}_c" for k in range(64)], "rows": [[0.5] * 64]}, "64 channels"),
        ({"dt": [0] * 2000, "rows": [[-177.9]] * 2000}, "2,000 rows"),
        ({"ch": [], "dt": [], "rows": []}, "no rows: asks for an answer"),
    ],
)
def test_the_edges_come_through(build, fields, why):
    [frame] = build.frames((message(**fields), 64 * 1024))

    assert found_in(frame) == message(**fields), why


def test_any_rows_come_through(build):
    chance = random.Random(20_261_123)
    messages = [random_message(chance) for _ in range(400)]

    frames = build.frames(*((one, 64 * 1024) for one in messages))

    assert [found_in(frame) for frame in frames] == [expected_of(one) for one in messages]


def test_what_does_not_fit_is_refused_at_every_room(build):
    one = message(rows=[[None]], q=[[48]])
    [whole] = build.frames((one, 4096))

    # The program's buffer is exactly as large as said, so that a sanitizer sees one byte too many.
    answers = build.frames(*((one, room) for room in range(len(whole) + 3)))

    assert answers == ["the message does not fit"] * len(whole) + [whole] * 3


def test_python_would_refuse_what_c_refuses(build):
    wrong = [
        message(seq=SEQ_MAX + 1),
        message(seq=0),
        message(boot="short"),
        message(ch=["Top_c"]),
        message(ch=["a_c", "a_c"], rows=[[1, 2]]),
        message(q=[[23]]),
        message(t0=0),
        message(t0=4_102_444_800_000, dt=[1]),
        message(dt=[0] * 2000, ch=[f"c{k}_c" for k in range(64)], rows=[[0.5] * 64] * 2000),
    ]

    answers = build.frames(*((one, 2**20) for one in wrong))

    assert [isinstance(answer, str) for answer in answers] == [True] * len(wrong)
    for one in wrong:
        text = json.dumps({**one, "v": 1}).encode()
        with pytest.raises(WireError):
            codec.decode_rows(text, "tank")


def test_frames_on_the_line_are_the_golden_ones_byte_for_byte(build):
    cases = json.loads(FRAMES.read_text("utf-8"))

    found = build.on_the_line(*(bytes.fromhex(case["message"]) for case in cases))

    assert [one.hex() for one in found] == [case["frame"] for case in cases]


def test_python_takes_from_the_line_what_c_put_there(build):
    chance = random.Random(20_261_123)
    messages = [chance.randbytes(chance.choice([0, 3, 253, 254, 255, 900])) for _ in range(300)]

    on_line = build.on_the_line(*messages)

    assert on_line == [link_frame(one) for one in messages]
    assert LinkReader().take(b"".join(on_line)) == messages


@pytest.mark.parametrize("seed", [1, 20_261_123])
def test_chance_breaks_no_promise(build, seed):
    done = build.run("fuzz", "", seed, FUZZ_ROUNDS)

    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    # most wirings are refused; of those that are not, every head must have sent rows
    assert int(done.stdout.split()[2]) > FUZZ_ROUNDS // 5


def test_the_sources_ask_nothing_of_a_library_but_copying(build):
    make(build.compiler, build.folder / "bare", "objects", "SANITIZE=")
    names = subprocess.run(
        ["nm", *(build.folder / "bare").glob("*.o")], capture_output=True, text=True, check=True
    ).stdout
    symbols = re.findall(r"^[0-9a-f ]* ([A-Za-z]) (\w+)$", names, re.MULTILINE)
    defined = {name for kind, name in symbols if kind != "U"}

    assert defined, "nm shows nothing"
    assert {name for kind, name in symbols if kind == "U"} - defined <= OF_LIBC


@pytest.mark.parametrize("header", sorted(STUBS.rglob("*.h")), ids=lambda path: path.name)
def test_every_public_function_has_its_contract(header):
    lines = header.read_text("utf-8").splitlines()
    prototypes = [i for i, line in enumerate(lines) if re.match(r"\w[\w *]*\(.*\);$", line)]

    assert [lines[i] for i in prototypes if not lines[i - 1].endswith("*/")] == []
    assert header.name == "ck_reading.h" or prototypes
