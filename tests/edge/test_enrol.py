"""Enrolment on the agent's side: whom it believes, what it writes, and what it never sends."""

import base64
import json
import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from edge_agent.broker_tls import broker_context
from edge_agent.clock import Moment
from edge_agent.config import ServerSettings, load
from edge_agent.control import enrol, files, https, openssl, renewal
from edge_agent.control.enrol import Asked
from edge_agent.control.hands import Hands
from edge_agent.control.https import ServerError
from edge_agent.control.slots import Slots
from edge_agent.control.steering import Steering
from edge_agent.wire.errors import WireError
from edge_agent.wire.messages import Clk
from server.telemetry import agent_certificates, certificates, signing_key

STREAMS = '[[stream]]\nname = "tank"\n[[stream.probe]]\ndriver = "simulated"\n'


class Clock:
    """A clock that is set, or never was."""

    def __init__(self, *, is_set=True, off_s=0):
        self._set, self._off_s = is_set, off_s

    def now(self):
        return Moment(round((datetime.now(UTC).timestamp() + self._off_s) * 1000), 0)

    def is_set(self):
        return self._set

    def offset_ms(self):
        return None


class House:
    """A server's pages over HTTPS: its authority, and an answer that a test may spoil."""

    def __init__(self, folder, *, names=("localhost",), now=None):
        self.folder, self.now = folder, now or datetime.now(UTC)
        certificate, key = certificates.for_server(folder / "ca", list(names), self.now)
        self.authority = (folder / "ca" / "ca.crt").read_text()
        self.fingerprint = certificates.fingerprint(folder / "ca", self.now)
        self.heard, self.spoil, self.status = [], {}, 201
        self.one_key, self._key_hash = False, ""
        house = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                house.heard.append(("GET", self.path, dict(self.headers)))
                house.reply(self, 200, house.authority.encode())

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                house.heard.append(("POST", self.path, dict(self.headers)))
                said = json.dumps(house.answer(json.loads(body))).encode()
                house.reply(self, house.status, said)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"https://localhost:{self.server.server_port}"

    def reply(self, handler, status, content):
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def answer(self, body):
        if self.status != 201:
            return {"code": "wrong_code", "detail": "This code is not good."}
        if "request" not in body or not body["request"]:
            return {"serial": "1"}
        wanted = agent_certificates.read_request(body["request"])
        if self.one_key and self._key_hash not in {"", wanted.key_hash}:
            self.status = 403
            return {"code": "wrong_code", "detail": "This code was used already."}
        self._key_hash = wanted.key_hash
        signed = agent_certificates.sign(self.folder / "ca", "main", "tank-1", wanted, self.now)
        return {
            "site": "main", "code": "tank-1", "certificate": signed.pem, "authority": self.authority,
            "server_key": signing_key.public_pem(self.folder), "broker_host": "", "broker_port": 8883,
            "broker_by_local_ca": True, "prefix": "ck1", "at": datetime.now(UTC).isoformat(),
        } | self.spoil  # fmt: skip

    def posts(self):
        return [path for method, path, _ in self.heard if method == "POST"]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def house(tmp_path):
    built = House(tmp_path / "server")
    yield built
    built.stop()


@pytest.fixture
def ask(house, tmp_path):
    """Give `ask(...)`: enrols with the house, in a folder of the test's own."""
    streams = tmp_path / "streams.toml"
    streams.write_text(STREAMS)

    def enrolled(*, clock=None, **more):
        usual = {
            "server": house.url, "code": f"AAAAA-BBBBB.{house.fingerprint[:40]}", "fingerprint": "",
            "ca_file": None, "folder": tmp_path / "agent", "streams": streams,
        }  # fmt: skip
        return enrol.enrol(Asked(**(usual | more)), clock or Clock())

    return enrolled


def test_it_writes_what_is_needed_and_keeps_its_key_to_itself(ask, house, tmp_path):
    said = ask()

    folder = tmp_path / "agent"
    assert "Enrolled as main/tank-1" in said[0]
    config = load(folder / "agent.toml")
    assert (config.server.host, config.server.port, config.server.tls) == ("localhost", 8883, True)
    assert config.server.cert_file == config.server.key_file == str(folder / "agent.pem")
    assert config.control.allow == {"catalog", "resend"}
    assert {p.name: oct(p.stat().st_mode & 0o777) for p in folder.iterdir()} == {
        "agent.pem": "0o600", "agent.toml": "0o600", "ca.crt": "0o644",
        "pages-ca.crt": "0o644", "server.pub": "0o644",
    }  # fmt: skip
    assert folder.stat().st_mode & 0o077 == 0
    _method, _path, headers = house.heard[-1]
    assert headers["Authorization"] == "Cryokeep-Agent AAAAA-BBBBB"  # the fingerprint stays here
    broker_context(config.server, clock_is_set=True)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"server": "http://localhost:1"}, "expected https://host:port"),
        ({"server": "https://user@localhost:1"}, "expected https://host:port"),
        ({"server": "https://localhost:1/elsewhere"}, "expected https://host:port"),
        ({"code": "AAAAA-BBBBB"}, "the code holds no fingerprint"),
        ({"code": "AAAAA-BBBBB." + "0" * 40}, "this is another server"),
        ({"fingerprint": "abc"}, "at least 32 hexadecimal digits"),
        ({"fingerprint": "g" * 64}, "at least 32 hexadecimal digits"),
    ],
)
def test_nothing_is_sent_to_a_server_that_is_not_believed(ask, house, more, sentence):
    with pytest.raises(ServerError, match=sentence):
        ask(**more)
    assert house.posts() == []


def test_another_server_with_the_right_authority_in_its_hand_is_not_believed(ask, house, tmp_path):
    """It can hand the public certificate out, but it cannot prove itself by it."""
    stranger = House(tmp_path / "stranger")
    stranger.authority = house.authority
    with pytest.raises(ServerError, match="cannot be believed"):
        ask(server=stranger.url)
    stranger.stop()
    assert stranger.posts() == []


def test_a_server_of_another_name_is_not_believed(ask, tmp_path):
    elsewhere = House(tmp_path / "elsewhere", names=("bank.example",))
    with pytest.raises(ServerError, match="cannot be believed"):
        ask(server=elsewhere.url, code=f"AAAAA.{elsewhere.fingerprint}")
    elsewhere.stop()
    assert elsewhere.posts() == []


def test_a_certificate_that_is_not_valid_yet_is_told_with_the_clock(tmp_path, ask):
    future = House(tmp_path / "future", now=datetime.now(UTC) + timedelta(days=400))
    code = f"AAAAA.{future.fingerprint}"
    with pytest.raises(ServerError, match="Look at this machine's clock"):
        ask(server=future.url, code=code)
    assert future.posts() == []

    # while the clock was never set, nobody can say: authority and name are checked all the same
    said = ask(server=future.url, code=code, clock=Clock(is_set=False), folder=tmp_path / "late")
    assert any("has not been set" in line for line in said)
    stranger = House(tmp_path / "stranger")
    with pytest.raises(ServerError, match="another server"):
        ask(server=stranger.url, code=code, clock=Clock(is_set=False))
    for one in (future, stranger):
        one.stop()


def test_a_clock_that_is_beside_the_server_s_is_told(ask):
    assert any("600 s beside" in line for line in ask(clock=Clock(off_s=600)))


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        ({"site": "../../etc"}, WireError),
        ({"code": "tank-1\n[control]"}, WireError),
        ({"broker_host": 'x"\n[server]'}, ServerError),
        ({"broker_port": "8883"}, ServerError),
        ({"prefix": "ck1/#"}, WireError),
        ({"certificate": None}, ServerError),
    ],
)
def test_an_answer_with_names_that_cannot_be_writes_no_settings(ask, house, tmp_path, spoil, error):
    house.spoil = spoil
    with pytest.raises(error):
        ask()
    assert not (tmp_path / "agent" / "agent.toml").exists()


def test_a_certificate_for_another_key_is_not_taken(ask, house, tmp_path):
    other = agent_certificates.read_request(openssl.request(openssl.new_key()))
    pem = agent_certificates.sign(house.folder / "ca", "main", "tank-1", other, house.now).pem
    house.spoil = {"certificate": pem}
    with pytest.raises(ServerError, match="another key"):
        ask()
    assert not (tmp_path / "agent" / "agent.pem").exists()


def test_after_a_refusal_the_same_key_is_asked_with_again(ask, house, tmp_path):
    house.status = 403
    with pytest.raises(ServerError, match="This code is not good"):
        ask()
    waiting = (tmp_path / "agent" / "agent.key.next").read_text()
    house.status = 201
    ask()

    assert (tmp_path / "agent" / "agent.pem").read_text().startswith(waiting)
    assert not (tmp_path / "agent" / "agent.key.next").exists()


class Killed(BaseException):
    """The process ends here."""


def killed_at(step, done):
    """Stand-ins for the two ways in which files change: the process ends before this one of them."""

    def wrapped(plain):
        def act(*facts):
            done.append(facts[0])
            if len(done) == step:
                raise Killed
            return plain(*facts)

        return act

    return wrapped(files.put), wrapped(files.remove)


def test_a_kill_at_any_step_of_enrolment_is_made_good_by_the_same_command(
    ask, house, tmp_path, monkeypatch
):
    """The code works once, for one key: what a kill leaves behind must lead to the same certificate."""
    house.one_key = True
    steps = 0
    for step in range(1, 20):
        folder = tmp_path / f"killed-{step}"
        house._key_hash, done = "", []
        with monkeypatch.context() as patched:
            put, remove = killed_at(step, done)
            patched.setattr(files, "put", put)
            patched.setattr(files, "remove", remove)
            try:
                ask(folder=folder)
            except Killed:
                steps += 1
            else:
                break
        ask(folder=folder)
        config = load(folder / "agent.toml")
        broker_context(config.server, clock_is_set=True)
        assert not (folder / "agent.key.next").exists()
    assert steps == 7


def test_a_key_that_a_kill_left_behind_is_not_asked_with_again(ask, house, tmp_path):
    ask()
    folder = tmp_path / "agent"
    identity = (folder / "agent.pem").read_text()
    key = identity[: identity.index("-----BEGIN CERTIFICATE")]
    (folder / "agent.key.next").write_text(key)
    place = renewal.Place(house.url, folder / "pages-ca.crt", folder / "agent.pem")

    renewal.renew(place, Clock().now().wall_ms, clock_is_set=True)

    assert not (folder / "agent.pem").read_text().startswith(key)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[stream]\n", "cannot be read"),
        ("", "holds no .*stream.* table"),
        ("[agent]\n", "holds no"),
    ],
)
def test_streams_that_are_wrong_are_told_before_the_code_is_used(
    ask, house, tmp_path, text, sentence
):
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(ServerError, match=sentence):
        ask(streams=tmp_path / "bad.toml")
    with pytest.raises(OSError, match=r"missing\.toml"):
        ask(streams=tmp_path / "missing.toml")
    assert house.heard == []


def test_settings_that_are_there_stay(ask, tmp_path):
    ask()
    settings = tmp_path / "agent" / "agent.toml"
    settings.write_text(settings.read_text() + "# mine\n")
    said = ask()

    assert settings.read_text().endswith("# mine\n")
    assert any("stays as it is" in line for line in said)


def test_settings_of_another_agent_are_not_touched(ask, house, tmp_path):
    ask()
    before = (tmp_path / "agent" / "agent.pem").read_text()
    house.spoil = {"code": "tank-2"}
    with pytest.raises(ServerError, match="belongs to main/tank-1"):
        ask()
    assert (tmp_path / "agent" / "agent.pem").read_text() == before


def test_a_renewal_that_cannot_be_confirmed_yet_is_confirmed_later(ask, house, tmp_path):
    ask()
    folder = tmp_path / "agent"
    place = renewal.Place(house.url, folder / "pages-ca.crt", folder / "agent.pem")
    old = place.identity.read_text()
    answer = house.answer
    house.answer = lambda body: (
        answer(body) if "request" in body else {"detail": "later"} | _fail(house)
    )
    now_ms = round(datetime.now(UTC).timestamp() * 1000)
    renewal.renew(place, now_ms, clock_is_set=True)
    assert place.unconfirmed.exists()
    assert place.identity.read_text() != old
    house.answer, house.status = answer, 201

    renewal.confirm(place, now_ms, clock_is_set=True)

    assert not place.unconfirmed.exists()
    assert house.posts()[-1] == "/api/v1/agent/renewals/confirmed"


def _fail(house):
    house.status = 503
    return {}


def test_a_renewal_that_fails_leaves_the_old_certificate_in_its_place(ask, house, tmp_path):
    ask()
    folder = tmp_path / "agent"
    place = renewal.Place(house.url, folder / "pages-ca.crt", folder / "agent.pem")
    old = place.identity.read_text()
    house.status = 503
    with pytest.raises(ServerError):
        renewal.renew(place, 0, clock_is_set=True)

    assert place.identity.read_text() == old
    assert place.next_key.exists()


def test_a_broker_is_believed_by_authority_and_name_while_the_clock_was_never_set():
    never = broker_context(ServerSettings("localhost", 8883, tls=True), clock_is_set=False)
    always = broker_context(ServerSettings("localhost", 8883, tls=True), clock_is_set=True)

    assert int(never.verify_flags) & 0x200000
    assert not int(always.verify_flags) & 0x200000
    for context in (never, always):
        assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)


def test_a_signature_over_the_very_bytes_is_known_from_others(tmp_path):
    signature = base64.b64decode(signing_key.sign(tmp_path, "body"))
    key = signing_key.public_pem(tmp_path)

    assert openssl.is_signed(key, b"body", signature)
    assert not openssl.is_signed(key, b"bodY", signature)
    assert not openssl.is_signed(key, b"body", bytes(64))
    assert not openssl.is_signed("no key", b"body", signature)


def test_a_missing_or_old_openssl_is_told_in_words(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(openssl.OpensslError, match="apt install openssl"):
        openssl.check_version()
    (tmp_path / "openssl").write_text("#!/bin/sh\necho OpenSSL 1.1.1w\n")
    (tmp_path / "openssl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(openssl.OpensslError, match=r"expected 3\.0 or newer"):
        openssl.check_version()


def test_an_answer_that_never_ends_is_cut_off(house):
    house.authority = "x" * 300_000
    with pytest.raises(ServerError, match="more than"):
        https.fetch_authority(https.address_of(house.url), "0" * 40)


def test_without_streams_of_its_own_the_settings_measure_the_machine_itself(ask, tmp_path):
    ask(streams=None)

    (stream,) = load(tmp_path / "agent" / "agent.toml").streams
    assert [probe.driver for probe in stream.probes] == ["host"]


def test_a_running_agent_renews_and_shows_the_new_certificate_at_its_next_connection(
    ask, house, tmp_path, eventually
):
    ask()
    path = tmp_path / "agent" / "agent.toml"
    config = load(path)
    done = []
    hands = Hands(
        lambda *_: None,
        *(lambda word=word: done.append(word) for word in ("catalog", "resend", "reconnect", "restart")),
    )  # fmt: skip
    steering = Steering(config, "k3v9x2m4q7ab", "1.0", Slots.of(config), lambda _r: "", hands)
    old = (tmp_path / "agent" / "agent.pem").read_text()
    told = []
    now, clk = Clock().now(), Clk(s=True)

    # by itself only when a third is left
    steering.tick(now, clk)
    eventually(lambda: not steering._done.empty())
    steering.tick(now, clk)
    assert (done, (tmp_path / "agent" / "agent.pem").read_text()) == ([], old)
    sixty_days_on = Moment(now.wall_ms + 61 * 86_400_000, 4_000_000)
    steering.tick(sixty_days_on, clk)
    eventually(lambda: not steering._done.empty())
    steering.tick(sixty_days_on, clk)
    assert done == ["reconnect"]
    assert (tmp_path / "agent" / "agent.pem").read_text() != old

    # and when it is ordered
    assert steering.renew(now.wall_ms, forced=True, then=lambda day, why: told.append((day, why)))
    assert not steering.renew(now.wall_ms, forced=True)
    _settled(steering, eventually)
    assert done == ["reconnect", "reconnect"]
    assert told[0][0] > "2026"
    assert [event["kind"] for event in steering.events()] == ["certificate_renewed"] * 2


DAY_MS = 86_400_000


@pytest.mark.parametrize(
    ("left_ms", "again_ms"),
    [(60 * DAY_MS, 3_600_000), (36_000_000, 3_600_000), (1_800_000, 180_000), (60_000, 10_000),
     (0, 3_600_000), (-DAY_MS, 3_600_000)],
)  # fmt: skip
def test_the_nearer_the_end_the_more_often_a_renewal_is_tried(left_ms, again_ms):
    assert renewal.look_again_ms(left_ms) == again_ms


def test_a_renewal_is_due_when_a_third_of_the_life_is_left(ask, tmp_path):
    ask()
    identity = tmp_path / "agent" / "agent.pem"
    now_ms = Clock().now().wall_ms
    due = [days for days in range(90) if renewal.is_due(identity, now_ms + days * DAY_MS)]
    assert due == list(range(60, 90))


def _settled(steering, eventually):
    """Wait for the renewal's thread, and take what it hands over."""
    eventually(lambda: not steering._done.empty())
    steering._done.get()()
    return True
