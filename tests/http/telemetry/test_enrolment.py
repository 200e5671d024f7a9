"""The doors of enrolment: what a code is worth, once, and what nobody gets by another way."""

import base64
import json
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from server.core.clock import FixedClock, to_ms
from server.core.db import Database
from server.core.settings import Settings
from server.telemetry import codes
from server.telemetry.models import Agent, AgentCertificate, EnrolmentCode
from tests.service.telemetry.measured import NOON, Measured
from tests.support.quick_app import quickened
from tests.support.signed_in import sign_in


class Key:
    """A key of an agent's, and what it asks for with it."""

    def __init__(self, private=None):
        self.private = private or ec.generate_private_key(ec.SECP256R1())

    def request(self, name="main.tank-1", *, ca=False):
        builder = x509.CertificateSigningRequestBuilder().subject_name(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        )
        builder = builder.add_extension(
            x509.BasicConstraints(ca=ca, path_length=None), critical=True
        ).add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        made = builder.sign(self.private, hashes.SHA256())
        return made.public_bytes(serialization.Encoding.PEM).decode()

    def signed(self, at, **said):
        body = json.dumps({"at": to_ms(at), **said})
        signature = self.private.sign(body.encode(), ec.ECDSA(hashes.SHA256()))
        return {"body": body, "signature": base64.b64encode(signature).decode()}


class House:
    """The app as it listens to other machines, with a manager, a reader and a stranger."""

    def __init__(self, database, home):
        from server.app import create_app

        self.database, self.clock = database, FixedClock(NOON)
        surroundings = {
            "CRYOKEEP_HOME": str(home),
            "CRYOKEEP_HOST": "0.0.0.0",
            "CRYOKEEP_BROKER": "mqtts://broker.example",
        }
        self.app = quickened(create_app(Settings.read(surroundings), database, self.clock))
        self.org_id = Measured(database).org_id
        other = Measured(database, "XX")
        with database.writing() as session:
            self.manager = sign_in(session, self.org_id, ("bank_manager",), at=NOON)
            self.reader = sign_in(session, self.org_id, ("read_only",), at=NOON)
            self.stranger = sign_in(session, other.org_id, ("bank_manager",), at=NOON)

    def make_code(self, code="tank-1", who=None, site="main"):
        return self.app.test_client().post(
            "/api/v1/agents/codes",
            json={"site": site, "code": code, "org": self.org_id},
            headers=(who or self.manager).bearer,
        )

    def code(self, code="tank-1"):
        answer = self.make_code(code)
        assert answer.status_code == 201, answer.text
        return answer.json["enrolment_code"]

    def ask(self, path, body, shown="signed", address="10.0.0.1"):
        return self.app.test_client().post(
            f"/api/v1/agent/{path}",
            json=body,
            headers={"Authorization": f"Cryokeep-Agent {shown}"},
            environ_base={"REMOTE_ADDR": address},
        )

    def redeem(self, code, key, address="10.0.0.1", **wishes):
        return self.ask("enrolments", {"request": key.request(**wishes)}, code, address)

    def enrol(self, key, code="tank-1"):
        answer = self.redeem(self.code(code), key)
        assert answer.status_code == 201, answer.text
        return answer.json

    def later(self, **time):
        self.clock.at += timedelta(**time)

    def all(self, model):
        with self.database.reading() as session:
            return session.query(model).order_by(model.id).all()


@pytest.fixture
def house(database: Database, tmp_path):
    return House(database, tmp_path)


def test_a_code_gives_a_certificate_for_the_agent_that_it_was_made_for(house):
    given = house.enrol(Key())

    certificate = x509.load_pem_x509_certificate(given["certificate"].encode())
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [name.value for name in names] == ["main.tank-1"]
    assert alternative.get_values_for_type(x509.UniformResourceIdentifier) == [
        "cryokeep://main/tank-1"
    ]
    assert (given["site"], given["code"], given["broker_host"]) == (
        "main", "tank-1", "broker.example",
    )  # fmt: skip
    assert timedelta(days=89) < certificate.not_valid_after_utc - NOON <= timedelta(days=90)


def test_what_the_request_says_about_names_and_rights_is_not_looked_at(house):
    answer = house.redeem(house.code(), Key(), name="main.tank-2", ca=True)

    certificate = x509.load_pem_x509_certificate(answer.json["certificate"].encode())
    assert "tank-2" not in certificate.subject.rfc4514_string()
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert not constraints.ca
    assert [use.dotted_string for use in usage] == ["1.3.6.1.5.5.7.3.2"]
    assert alternative.get_values_for_type(x509.DNSName) == []


def test_a_code_works_once_but_the_same_key_may_ask_again_for_what_got_lost(house):
    code, key = house.code(), Key()
    first = house.redeem(code, key)

    assert house.redeem(code, Key()).status_code == 403
    assert house.redeem(code, key).json["certificate"] == first.json["certificate"]
    assert len(house.all(AgentCertificate)) == 1
    house.later(minutes=10)
    assert house.redeem(code, key).status_code == 403


@pytest.mark.parametrize("what", ["old", "newer", "wrong", "none", "another"])
def test_a_code_that_is_not_good_is_refused_in_one_sentence(house, what):
    code = house.code()
    if what == "old":
        house.later(minutes=10)
    elif what == "newer":
        house.code()
    given = {"wrong": "A" * 20, "none": "-", "another": code[1:]}.get(what, code)

    answer = house.redeem(given, Key())

    assert (answer.status_code, answer.json["code"]) == (403, "wrong_code")
    assert house.all(AgentCertificate) == []


def test_a_code_is_kept_as_a_hash_and_never_told_again(house):
    code = house.code()
    secret = codes.secret_of(code)

    (kept,) = house.all(EnrolmentCode)
    assert secret not in (kept.code_hash, kept.made_by)
    assert kept.code_hash == codes.kept(secret)
    assert code not in house.app.test_client().get(
        "/api/v1/agents", headers=house.manager.bearer
    ).text  # fmt: skip


def test_an_address_that_guesses_waits_and_others_do_not(house):
    code = house.code()
    for _ in range(10):
        assert house.redeem("B" * 20, Key()).status_code == 403

    assert house.redeem(code, Key()).status_code == 429
    assert house.redeem(code, Key(), address="10.0.0.2").status_code == 201


def test_without_the_header_of_an_agent_nothing_is_taken(house):
    body = {"request": Key().request()}
    assert house.app.test_client().post("/api/v1/agent/enrolments", json=body).status_code == 403
    assert house.ask("enrolments", body, "").status_code == 403


@pytest.mark.parametrize(
    "request_",
    ["", "no request", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n", "x" * 5000],
)  # fmt: skip
def test_a_request_that_cannot_be_read_uses_no_code_up(house, request_):
    code = house.code()

    assert house.ask("enrolments", {"request": request_}, code).status_code == 422
    assert house.redeem(code, Key()).status_code == 201


def test_only_a_p256_key_is_taken(house):
    weak = Key(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    other = Key(ec.generate_private_key(ec.SECP384R1()))

    for key in (weak, other):
        assert house.redeem(house.code(), key).status_code == 422


def test_a_request_that_was_changed_after_its_signing_is_refused(house):
    der = bytearray(
        x509.load_pem_x509_csr(Key().request().encode()).public_bytes(serialization.Encoding.DER)
    )
    der[-1] ^= 1
    pem = base64.encodebytes(bytes(der)).decode()
    request = f"-----BEGIN CERTIFICATE REQUEST-----\n{pem}-----END CERTIFICATE REQUEST-----\n"

    assert house.ask("enrolments", {"request": request}, house.code()).status_code == 422


@pytest.mark.parametrize(
    ("site", "code"), [("../main", "tank-1"), ("main", "tank/1"), ("m" * 32, "t" * 32), ("", "x")]
)
def test_a_name_that_no_certificate_can_bear_is_refused(house, site, code):
    assert house.make_code(code, site=site).status_code == 422


def test_codes_are_made_by_those_who_manage_this_organisation_s_agents(house):
    assert house.make_code(who=house.reader).status_code == 403
    assert house.make_code(who=house.stranger).status_code == 422


def test_an_enrolled_agent_is_revoked_before_it_gets_another_code(house):
    house.enrol(Key())

    assert house.make_code().status_code == 409


def test_a_renewal_takes_a_new_key_and_supersedes_the_old_certificate_once_it_is_in_use(house):
    key, new = Key(), Key()
    given = house.enrol(key)
    house.later(days=61)
    asked = key.signed(house.clock.now(), serial=given["serial"]) | {"request": new.request()}

    renewed = house.ask("renewals", asked)
    again = house.ask("renewals", asked)

    assert renewed.status_code == 201, renewed.text
    assert again.json["certificate"] == renewed.json["certificate"]
    assert [one.ended_at for one in house.all(AgentCertificate)] == [None, None]
    proof = new.signed(house.clock.now(), serial=renewed.json["serial"])
    assert house.ask("renewals/confirmed", proof).status_code == 200
    old, present = house.all(AgentCertificate)
    assert (old.ended_why, present.ended_at) == ("superseded", None)
    assert house.ask("renewals", asked).status_code == 403


@pytest.mark.parametrize(
    "what", ["other key", "old key", "old time", "expired", "revoked", "other serial"]
)
def test_a_renewal_that_is_not_right_is_refused(house, what):
    key, new = Key(), Key()
    given = house.enrol(key)
    other = house.enrol(Key(), "tank-2")
    house.later(days=91 if what == "expired" else 61)
    at = house.clock.now() - timedelta(hours=1 if what == "old time" else 0)
    signer = Key() if what == "other key" else key
    serial = other["serial"] if what == "other serial" else given["serial"]
    if what == "revoked":
        with house.database.writing() as session:
            session.query(Agent).filter_by(code="tank-1").one().revoked_at = NOON
    wanted = key if what == "old key" else new

    answer = house.ask("renewals", signer.signed(at, serial=serial) | {"request": wanted.request()})

    assert answer.status_code == (422 if what == "old key" else 403)
    assert len(house.all(AgentCertificate)) == 2


def test_a_signature_that_is_no_base64_is_refused(house):
    house.enrol(Key())
    for signature in ("", "!", "AAAA", "é"):
        asked = {"body": "{}", "signature": signature, "request": ""}
        assert house.ask("renewals", asked).status_code == 403


def test_the_authority_is_handed_out_to_everybody(house):
    shown = house.app.test_client().get("/ca.crt")
    found = x509.load_pem_x509_certificate(shown.data)

    assert found.fingerprint(hashes.SHA256()).hex().startswith(house.code().partition(".")[2])


def test_the_page_shows_the_code_once_with_what_to_type(house):
    browser = house.manager.browser(house.app)
    fields = {
        "csrf": house.manager.csrf,
        "site": "main",
        "code": "tank-7",
        "org": str(house.org_id),
    }

    shown = browser.post("/agents/enrol", data=fields | {"how": "certificate"})

    assert shown.status_code == 200
    assert "cryokeep-edge enrol --server https://" in shown.text
    assert "how" in browser.get("/agents/enrol").text
    assert [agent.code for agent in house.all(Agent) if agent.code == "tank-7"] == []
