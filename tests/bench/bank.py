"""A big bank, made quickly: `python -m tests.bench.bank URL VIALS`, or `build(database, vials)`.

Lines with names in two languages, lots, freezers, racks, boxes, vials with their custody, one audit entry
each, people, and the index of words. PostgreSQL takes the rows by COPY, SQLite many at a time; secondary
indexes are made when the rows are there.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from server import schema
from server.accounts import queries as people
from server.accounts import service as accounts
from server.accounts import tokens
from server.accounts.models import Grant, Person
from server.audit.models import AuditEntry
from server.catalogue.models import CellLine, CellLineName, Lot
from server.core.actor import Actor
from server.core.clock import SystemClock
from server.core.db import Database
from server.parties.models import Organisation, Project
from server.search import rules as words
from server.search.models import SearchState, SearchWord
from server.storage.models import Container, Custody, Room, Site, Vial
from tests.bench.bulk import Filling, filling

SPARE = 40
"""So many boxes stand empty, after the full ones."""
IN_A_BOX, BOXES_IN_A_RACK, RACKS_IN_A_FREEZER = 100, 20, 20
VIALS_IN_A_LOT, LOTS_OF_A_LINE = 100, 5
PEOPLE, SITES = 200, 5
FAMILIES = (
    "HEK293", "HeLa", "Vero", "CHO-K1", "Jurkat", "K-562", "A549", "MCF-7", "U-2 OS", "HepG2", "SH-SY5Y",
    "iPSC", "MSC", "HUVEC", "COS-7", "NIH-3T3", "Raji", "THP-1", "PC-3", "Caco-2",
)  # fmt: skip
CHINESE = (
    "人胚肾细胞", "宫颈癌细胞", "非洲绿猴肾细胞", "仓鼠卵巢细胞", "白血病细胞", "肺癌细胞", "乳腺癌细胞",
    "骨肉瘤细胞", "肝癌细胞", "神经母细胞瘤", "间充质干细胞", "脐静脉内皮细胞", "成纤维细胞", "前列腺癌细胞",
)  # fmt: skip
FIRST = ("Wei", "Fang", "Na", "Min", "Jing", "Anna", "Jonas", "Maria", "Priya", "Kenji")
LAST = ("Zhang", "Wang", "Li", "Chen", "Müller", "Silva", "Novak", "Rossi", "Tanaka", "Okafor",
        "Dubois", "Larsen", "Kim", "Singh", "Popov", "Garcia", "Smith", "Haddad", "Costa", "Yilmaz")  # fmt: skip
RARE = "Quokkaline"
TIERS = (
    "seed",
    "master",
    "working",
    "distribution",
    "distribution",
    "distribution",
    "safety",
    "retention",
)


@dataclass(frozen=True)
class Bank:
    """A filled bank, and the key of its administrator to the API."""

    vials: int
    org_id: int
    person_id: int
    token: str
    first: dict[str, int]
    """The first id of each kind of rows that was made: person, line, lot, container, vial."""

    @property
    def boxes(self) -> int:
        """Return how many boxes there are with vials in them; the spare ones come after them."""
        return -(-self.vials // IN_A_BOX)

    def box_id(self, number: int) -> int:
        """Return the id of a box, counted from 0."""
        return self.first["container"] + number

    def vial_id(self, number: int) -> int:
        """Return the id of a vial, counted from 0; vial 0 to 99 are in box 0, at ordinals 1 to 100."""
        return self.first["vial"] + number


def vial_code(number: int) -> str:
    """Return the code of a vial, counted from 0."""
    return f"SH{number // 10_000:04d}-{number // 100 % 100:02d}-{number % 10_000:04d}"


def box_code(number: int) -> str:
    """Return the code of a box, counted from 0."""
    return f"BX-{number:06d}"


def lot_code(number: int) -> str:
    """Return the code of a lot, counted from 0."""
    return f"L-{number:06d}"


def person_name(number: int) -> str:
    """Return the name of a person; no two have the same."""
    return f"{LAST[number // len(FIRST) % len(LAST)]} {FIRST[number % len(FIRST)]}"


def line_names(number: int) -> tuple[str, str]:
    """Return what a line is called, and its Chinese name."""
    family = RARE if number == 7 else FAMILIES[number % len(FAMILIES)]
    return f"{family}/{number:05d}", f"{CHINESE[number % len(CHINESE)]}{number:05d}号"


def build(database: Database, vials: int) -> Bank:
    """Fill a migrated database with so many vials; it may hold an organisation BANK, and no vial yet."""
    now = SystemClock().now()
    org_id = _organisation(database, now)
    with filling(database) as fill:
        maker = _Maker(fill, vials, org_id, now - timedelta(days=30), _first_ids(database))
        maker.all()
    with database.writing() as session:
        person = accounts.add_person(
            session, Actor.system("bench"), email="bench@example.org", name="Bench Marker",
            password="a long enough pass phrase 7", administrator=True, at=now,
        )  # fmt: skip
        session.flush()
        person_id = person.id
        session.add(Grant(person_id=person_id, role="bank_manager", org_id=org_id, granted_at=now))
    return Bank(vials, org_id, person_id, new_token(database, person_id), maker.first)


def new_token(database: Database, person_id: int) -> str:
    """Return a key to the API that holds for two days."""
    now = SystemClock().now()
    with database.writing() as session:
        person = session.get_one(Person, person_id)
        actor = people.person_actor(session, person, "api")
        ends = now + timedelta(days=2)
        _row, token = tokens.make(session, actor, "bench", expires_at=ends, at=now)
    return token


def _organisation(database: Database, now: datetime) -> int:
    with database.writing() as session:
        found = session.scalars(select(Organisation).order_by(Organisation.id)).first()
        if found is None:
            found = Organisation(code="BANK", name="Bank", created_at=now)
            session.add(found)
            session.flush()
        return found.id


def _first_ids(database: Database) -> dict[str, int]:
    kinds: dict[str, Any] = {
        "person": Person, "line": CellLine, "line_name": CellLineName, "lot": Lot, "site": Site, "room": Room,
        "container": Container, "vial": Vial, "custody": Custody, "audit": AuditEntry, "project": Project,
    }  # fmt: skip
    with database.reading() as session:
        return {
            name: (session.scalar(select(func.max(kind.id))) or 0) + 1
            for name, kind in kinds.items()
        }


class _Maker:
    """Makes the rows of one bank, table by table, each from what its number says."""

    def __init__(
        self, fill: Filling, vials: int, org_id: int, at: datetime, first: dict[str, int]
    ) -> None:
        self.fill, self.vials, self.org_id, self.at, self.first = fill, vials, org_id, at, first
        self.boxes = -(-vials // IN_A_BOX) + SPARE
        self.racks = -(-self.boxes // BOXES_IN_A_RACK)
        self.freezers = -(-self.racks // RACKS_IN_A_FREEZER)
        self.lots = -(-vials // VIALS_IN_A_LOT)
        self.lines = -(-self.lots // LOTS_OF_A_LINE)

    def all(self) -> None:
        """Make everything, what is named before what names it."""
        put, org, at = self.fill.put, self.org_id, self.at
        put(Person, (
            {"id": self.first["person"] + n, "email": f"p{n}@bank.example.org", "name": person_name(n), "org_id": org,
             "password_hash": None, "created_at": at} for n in range(PEOPLE)
        ))  # fmt: skip
        put(Project, (
            {"id": self.first["project"] + n, "org_id": org, "code": f"PRJ-{n:02d}", "name": f"Project {n:02d}",
             "created_at": at} for n in range(20)
        ))  # fmt: skip
        put(CellLine, self._lines())
        put(CellLineName, (
            {"id": self.first["line_name"] + n, "line_id": self.first["line"] + n, "name": line_names(n)[1]}
            for n in range(self.lines)
        ))  # fmt: skip
        put(Lot, self._lots())
        put(Site, (
            {"id": self.first["site"] + n, "org_id": org, "code": f"SITE{n}", "name": f"Campus {n}"} for n in range(SITES)
        ))  # fmt: skip
        put(Room, (
            {"id": self.first["room"] + n, "site_id": self.first["site"] + n, "code": f"B{n}.01"} for n in range(SITES)
        ))  # fmt: skip
        put(Container, self._containers())
        put(Vial, self._vials())
        put(Custody, self._stays())
        put(AuditEntry, self._entries())
        put(SearchWord, self._words())
        put(SearchState, (
            {"kind": kind, "rules": words.VERSION, "through_id": 0, "whole": True} for kind in self.fill.kinds()
        ))  # fmt: skip

    def _lines(self) -> Iterator[dict[str, Any]]:
        for n in range(self.lines):
            yield {
                "id": self.first["line"] + n, "org_id": self.org_id, "code": f"CL-{n:05d}", "name": line_names(n)[0],
                "accession": f"CVCL_{n:05d}", "species": "Homo sapiens", "created_at": self.at,
            }  # fmt: skip

    def _lots(self) -> Iterator[dict[str, Any]]:
        for n in range(self.lots):
            yield {
                "id": self.first["lot"] + n, "org_id": self.org_id, "code": lot_code(n),
                "line_id": self.first["line"] + n // LOTS_OF_A_LINE, "tier": TIERS[n % len(TIERS)],
                "disposition": "released", "passage": n % 30, "created_at": self.at,
            }  # fmt: skip

    def _containers(self) -> Iterator[dict[str, Any]]:
        """Boxes first: their ids follow their numbers; then racks, then freezers."""
        plain = {
            "org_id": self.org_id,
            "layers": 1,
            "labels": "letter-number",
            "created_at": self.at,
        }
        first = self.first["container"]
        for n in range(self.boxes):
            yield {**plain, "id": first + n, "kind": "box", "code": box_code(n), "name": f"box {n % 500}",
                   "rows": 10, "columns": 10, "room_id": None}  # fmt: skip
        for n in range(self.racks):
            yield {**plain, "id": first + self.boxes + n, "kind": "rack", "code": f"R-{n:05d}", "name": "",
                   "rows": BOXES_IN_A_RACK, "columns": 1, "labels": "number", "room_id": None}  # fmt: skip
        for n in range(self.freezers):
            yield {**plain, "id": first + self.boxes + self.racks + n, "kind": "freezer", "code": f"LN2-{n:04d}",
                   "name": f"vapour tank {n}", "rows": 1, "columns": RACKS_IN_A_FREEZER, "labels": "number",
                   "room_id": self.first["room"] + n % SITES}  # fmt: skip

    def _vials(self) -> Iterator[dict[str, Any]]:
        first, lot = self.first["vial"], self.first["lot"]
        for n in range(self.vials):
            code = vial_code(n)
            yield {
                "id": first + n, "org_id": self.org_id, "code": code, "tail": code[-4:],
                "lot_id": lot + n // VIALS_IN_A_LOT, "state": "in_storage", "volume_ul": 1000, "created_at": self.at,
            }  # fmt: skip

    def _stays(self) -> Iterator[dict[str, Any]]:
        first, own = self.first["container"], self.first["custody"]
        for n in range(self.racks):
            into = first + self.boxes + self.racks + n // RACKS_IN_A_FREEZER
            yield self._stay(
                own + n, None, first + self.boxes + n, into, n % RACKS_IN_A_FREEZER + 1, 0
            )
        for n in range(self.boxes):
            into = first + self.boxes + n // BOXES_IN_A_RACK
            yield self._stay(
                own + self.racks + n, None, first + n, into, n % BOXES_IN_A_RACK + 1, 0
            )
        before, vial = own + self.racks + self.boxes, self.first["vial"]
        for n in range(self.vials):
            into, ordinal = first + n // IN_A_BOX, n % IN_A_BOX + 1
            yield self._stay(before + n, vial + n, None, into, ordinal, n // IN_A_BOX % PEOPLE)

    def _stay(
        self, own: int, vial: int | None, child: int | None, into: int, ordinal: int, by: int
    ) -> dict[str, Any]:
        return {
            "id": own, "vial_id": vial, "child_id": child, "place": "position", "container_id": into,
            "ordinal": ordinal, "began_at": self.at, "began_recorded_at": self.at,
            "began_by": self.first["person"] + by, "began_by_name": person_name(by),
        }  # fmt: skip

    def _entries(self) -> Iterator[dict[str, Any]]:
        first, person = self.first["audit"], self.first["person"]
        for n in range(self.vials):
            by, box = n // IN_A_BOX % PEOPLE, box_code(n // IN_A_BOX)
            yield {
                "id": first + n, "at": self.at, "actor_kind": "person", "actor_id": person + by,
                "actor_name": person_name(by), "door": "page", "request_id": "", "action": "vial.placed",
                "subject_kind": "vial", "subject_code": vial_code(n), "org_id": self.org_id,
                "facts": json.dumps({"now": f"{box} › {n % IN_A_BOX + 1}"}, ensure_ascii=False),
            }  # fmt: skip

    def _words(self) -> Iterator[dict[str, Any]]:
        for kind, thing, text in self._texts():
            for word in words.words_of(text):
                yield {"word": word, "kind": kind, "thing_id": thing, "org_id": self.org_id}

    def _texts(self) -> Iterator[tuple[str, int, str]]:
        for n in range(PEOPLE):
            yield "person", self.first["person"] + n, f"{person_name(n)} p{n}@bank.example.org"
        for n in range(20):
            yield "project", self.first["project"] + n, f"PRJ-{n:02d} Project {n:02d}"
        for n in range(SITES):
            yield "site", self.first["site"] + n, f"SITE{n} Campus {n} B{n}.01"
        for n in range(self.lines):
            names = " ".join(line_names(n))
            yield "line", self.first["line"] + n, f"CL-{n:05d} {names} CVCL_{n:05d} Homo sapiens"
        for n in range(self.lots):
            line = n // LOTS_OF_A_LINE
            names = " ".join(line_names(line))
            yield (
                "lot",
                self.first["lot"] + n,
                f"{lot_code(n)} CL-{line:05d} {names} CVCL_{line:05d}",
            )
        for row in self._containers():
            room = ""
            if row["kind"] == "freezer":
                site = row["room_id"] - self.first["room"]
                room = f"B{site}.01 SITE{site} Campus {site}"
            yield "container", row["id"], f"{row['code']} {row['name']} {room}"


if __name__ == "__main__":
    address, count = sys.argv[1], int(sys.argv[2].replace(",", ""))
    opened = Database(address)
    schema.upgrade(opened)
    made = build(opened, count)
    print(f"{made.vials:,} vials; API token of the administrator: {made.token}")
