"""Organisations and people of the demo bank. All are invented; no mail reaches the .example addresses."""

from dataclasses import dataclass

DEMO_PASSWORD = "frozen-demo-2026"  # noqa: S105  printed at every start of the demo; it guards invented data only
BANK, UNIVERSITY, COMPANY = "DEMO", "UNI-DEMO", "BIO-DEMO"


@dataclass(frozen=True)
class DemoOrganisation:
    """An organisation with the sites to which cells are sent."""

    code: str
    name: str
    country: str
    sites: tuple[tuple[str, str, str], ...] = ()
    """(name, address, contact)"""


@dataclass(frozen=True)
class DemoPerson:
    """Someone who can sign in; without an organisation of the grant the role is for all."""

    role: str
    email: str
    name: str
    organisation: str
    language: str = "en"
    everywhere: bool = False


ORGANISATIONS = (
    DemoOrganisation(BANK, "Huangpu Bend Cell Bank (demo)", "CN"),
    DemoOrganisation(
        UNIVERSITY,
        "Example University, School of Medicine (demo)",
        "CN",
        (("Cell biology, building 7", "1 Example Road, Shanghai 200000", "Zhao Lin"),),
    ),
    DemoOrganisation(
        COMPANY,
        "Example Biologics Suzhou (demo)",
        "CN",
        (
            ("Goods in, gate 2", "88 Example Street, Suzhou 215000", "Xu Jia"),
            ("QC laboratory", "88 Example Street, Suzhou 215000", "Xu Jia"),
        ),
    ),
)
PEOPLE = (
    DemoPerson("administrator", "admin@bank.example", "Chen Yu", BANK, everywhere=True),
    DemoPerson("bank_manager", "manager@bank.example", "Gu Min", BANK),
    DemoPerson("technician", "tech1@bank.example", "Li Ran", BANK),
    DemoPerson("technician", "tech2@bank.example", "Wang He", BANK, "zh_Hans"),
    DemoPerson("quality", "quality@bank.example", "Shen Qing", BANK),
    DemoPerson("read_only", "reader@bank.example", "Sun Bo", BANK),
    DemoPerson("requester", "zhao@university.example", "Zhao Lin", UNIVERSITY),
    DemoPerson("requester", "xu@biologics.example", "Xu Jia", COMPANY, "zh_Hans"),
)
CALL_LIST = ("tech1@bank.example", "tech2@bank.example", "manager@bank.example")
