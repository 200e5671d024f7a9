"""Two slots: a configuration is tried, kept when it proves itself, and taken back however it fails."""

import base64
import json
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent.control.nonces import Nonces
from edge_agent.control.signed import Ears, NotBelieved
from edge_agent.control.slots import Slots
from edge_agent.wire.codec import encode
from edge_agent.wire.messages import Signed

NOW = 1_800_000_000_000
ME = "main/tank-1"


class Server:
    """A server's key, and what it signs."""

    def __init__(self, folder: Path) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.file = folder / "server.pub"
        self.file.write_bytes(
            self.key.public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )

    def signed(self, **said) -> Signed:
        body = json.dumps({"agent": ME, "nonce": "n" * 12, "not_after": NOW + 60_000} | said)
        return Signed(body, base64.b64encode(self.key.sign(body.encode())).decode())

    def config(self, version=1, **more) -> Signed:
        return self.signed(
            version=version, config={"labels": {"tank/top_c": f"v{version}"}}, **more
        )

    def order(self, **more) -> Signed:
        return self.signed(**({"id": "order-0001", "kind": "identify"} | more))


@pytest.fixture
def server(tmp_path):
    return Server(tmp_path)


@pytest.fixture
def ears(server):
    return Ears(server.file, ME)


@pytest.fixture
def start(tmp_path, ears):
    """Give `start()`: the slots as a process finds them when it begins, and what is in force."""

    def begin(is_good=lambda _remote: ""):
        slots = Slots(tmp_path / "control", ears)
        return slots, slots.begin(is_good)

    return begin


def offered(slots, ears, signed, is_good=lambda _remote: ""):
    wanted, believed = ears.wanted(encode(signed), NOW, clock_is_set=True)
    return slots.offer(wanted, believed, is_good)


def label(remote):
    return remote.get("labels", {}).get("tank/top_c", "")


def kinds(slots):
    return [event["kind"] for event in slots.news()]


def test_what_proves_itself_is_kept(start, server, ears):
    slots, remote = start()
    assert (remote, slots.on_trial) == ({}, False)
    assert offered(slots, ears, server.config(1))

    slots, remote = start()
    assert (label(remote), slots.on_trial) == ("v1", True)
    slots.confirm()

    assert kinds(slots) == ["config_applied"]
    assert slots.state.report["state"] == "applied"
    slots, remote = start()
    assert (label(remote), slots.on_trial) == ("v1", False)


def test_what_does_not_prove_itself_is_taken_back(start, server, ears):
    slots, _ = start()
    offered(slots, ears, server.config(1))
    start()[0].confirm()
    slots, _ = start()
    offered(slots, ears, server.config(2))
    slots, remote = start()
    assert label(remote) == "v2"
    slots.roll_back("unconfirmed", "no answer")

    slots, remote = start()
    assert label(remote) == "v1"
    assert (slots.state.report["version"], slots.state.report["state"]) == (2, "rolled_back")
    assert kinds(slots) == ["config_applied", "config_rolled_back"]
    assert kinds(slots) == []


def test_a_process_that_ends_during_the_trial_takes_it_back_at_its_next_start(start, server, ears):
    slots, _ = start()
    offered(slots, ears, server.config(1))
    assert label(start()[1]) == "v1"

    slots, remote = start()  # killed: nobody confirmed, nobody rolled back

    assert (remote, slots.on_trial) == ({}, False)
    assert slots.state.report["code"] == "restarted"


def test_a_kill_at_any_write_leaves_a_configuration_that_works(tmp_path, start, server, ears):
    """The folder as it was after every single write, as a kill there would have left it."""
    from edge_agent.control import files

    seen, plain = [], files.put

    def put(path, content, mode=0o600):
        plain(path, content, mode)
        copy = tmp_path / f"after-{len(seen)}"
        shutil.copytree(tmp_path / "control", copy)
        seen.append(copy)

    for version in (1, 2):
        slots, _ = start()
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(files, "put", put)
            offered(slots, ears, server.config(version))
            slots, _ = start()
            slots.confirm()
    assert len(seen) > 6
    for copy in seen:
        first = label(Slots(copy, ears).begin(lambda _remote: ""))
        second = label(Slots(copy, ears).begin(lambda _remote: ""))
        assert first in {"", "v1", "v2"}
        assert second in {"", "v1", "v2"}
        assert not Slots(copy, ears).state.trial


def test_settings_that_cannot_bear_it_refuse_it_before_any_restart(start, server, ears):
    slots, _ = start()

    assert not offered(slots, ears, server.config(1), lambda _remote: "line 4: no such channel")

    assert slots.state.report["state"] == "refused"
    assert "no such channel" in slots.state.report["why"]
    assert start()[1] == {}


def test_a_trial_that_the_settings_cannot_bear_any_more_is_taken_back_at_once(start, server, ears):
    slots, _ = start()
    offered(slots, ears, server.config(1))

    slots, remote = start(lambda _remote: "no such channel")

    assert (remote, slots.state.report["code"]) == ({}, "bad_settings")


def test_an_older_version_never_comes_back(start, server, ears):
    slots, _ = start()
    offered(slots, ears, server.config(5))
    start()[0].confirm()
    slots, remote = start()

    assert not offered(slots, ears, server.config(4))
    assert slots.state.report["code"] == "older"
    assert label(remote) == "v5"


def test_what_was_answered_is_answered_again_and_not_tried_again(start, server, ears):
    slots, _ = start()
    offered(slots, ears, server.config(1))
    start()
    slots, _ = start()
    assert slots.state.report["state"] == "rolled_back"

    assert not offered(slots, ears, server.config(1))
    assert slots.state.report["state"] == "rolled_back"


@pytest.mark.parametrize("damage", [b"", b"{}", b"\x00\xff", None])
def test_a_slot_that_was_changed_on_the_disk_is_not_used(start, server, ears, tmp_path, damage):
    slots, _ = start()
    offered(slots, ears, server.config(1))
    start()[0].confirm()
    slot = tmp_path / "control" / "slot-a.json"
    slot = slot if slot.exists() else tmp_path / "control" / "slot-b.json"
    slot.write_bytes(slot.read_bytes().replace(b"v1", b"v9") if damage is None else damage)

    assert start()[1] == {}


@pytest.mark.parametrize("state", ["", "{", "[]", '{"active": "c", "unknown": 1}'])
def test_a_state_that_cannot_be_read_leaves_the_settings_file_in_force(start, tmp_path, state):
    (tmp_path / "control").mkdir()
    (tmp_path / "control" / "state.json").write_text(state)

    assert start()[1] == {}


# who is believed


def test_a_command_of_the_server_is_believed(ears, server):
    assert ears.order(encode(server.order()), NOW, clock_is_set=True).kind == "identify"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"agent": "main/tank-2"}, "wrong_agent"),
        ({"not_after": NOW - 1}, "late"),
        ({"nonce": "short"}, "unreadable"),
        ({"id": "../../etc"}, "unreadable"),
        ({"not_after": "soon"}, "unreadable"),
    ],
)
def test_a_command_for_another_too_late_or_misshapen_is_refused(ears, server, change, code):
    with pytest.raises(NotBelieved) as refused:
        ears.order(encode(server.order(**change)), NOW, clock_is_set=True)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", "unreadable"),
        (b"{}", "unreadable"),
        (b'{"v":1,"body":"{}","sig":"AAAA"}', "unreadable"),
        (b'{"v":1,"body":"{}","sig":"' + base64.b64encode(bytes(64)) + b'"}', "bad_signature"),
    ],
)
def test_what_the_server_did_not_sign_is_refused(ears, payload, code):
    with pytest.raises(NotBelieved) as refused:
        ears.order(payload, NOW, clock_is_set=True)
    assert refused.value.code == code


def test_a_body_that_was_changed_after_its_signing_is_refused(ears, server):
    signed = server.order()
    changed = Signed(signed.body.replace("identify", "reboot"), signed.sig)
    with pytest.raises(NotBelieved) as refused:
        ears.order(encode(changed), NOW, clock_is_set=True)
    assert refused.value.code == "bad_signature"


def test_another_server_s_signature_is_refused(ears, tmp_path):
    (tmp_path / "other").mkdir()
    with pytest.raises(NotBelieved) as refused:
        ears.order(encode(Server(tmp_path / "other").order()), NOW, clock_is_set=True)
    assert refused.value.code == "bad_signature"


def test_without_a_key_nobody_is_obeyed(server):
    with pytest.raises(NotBelieved) as refused:
        Ears(None, ME).order(encode(server.order()), NOW, clock_is_set=True)
    assert refused.value.code == "no_key"


def test_seen_nonces_outlive_a_restart_and_go_when_they_expire(tmp_path):
    path = tmp_path / "nonces.json"
    Nonces(path).keep("first-nonce", NOW + 1000, {"state": "done"}, NOW)

    kept = Nonces(path)
    assert kept.answered("first-nonce") == {"state": "done"}
    assert kept.answered("other-nonce") is None
    kept.keep("later-nonce", NOW + 9000, {"state": "done"}, NOW + 2000)
    assert Nonces(path).answered("first-nonce") is None
    assert path.stat().st_mode & 0o077 == 0
