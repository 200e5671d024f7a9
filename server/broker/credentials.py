"""The broker's files: passwords and topic rights of the enrolled agents, and of the server itself.

An agent that signs in with a certificate has rights and no password.
"""

from pathlib import Path

from sqlalchemy import select

from server.core.db import Database
from server.telemetry import rules
from server.telemetry.broker_plan import BrokerPlan
from server.telemetry.models import Agent

PASSWORDS = "passwords"
RIGHTS = "acl"


def write(database: Database, plan: BrokerPlan, prefix: str) -> bool:
    """Write both files where they differ from the database; says whether they did."""
    with database.reading() as session:
        query = select(Agent.site, Agent.code, Agent.secret).order_by(Agent.site, Agent.code)
        found = session.execute(query.where(Agent.revoked_at.is_(None))).all()
    secrets = {rules.username(row.site, row.code): row.secret for row in found}
    secrets[rules.SERVER_USER] = _server_secret(plan)
    plan.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with_password = ((name, secret) for name, secret in secrets.items() if secret)
    passwords = "".join(f"{name}:{secret}\n" for name, secret in with_password)
    rights = "\n".join(_rights(name, prefix) for name in secrets)
    changed = [replace(plan.folder / RIGHTS, rights), replace(plan.folder / PASSWORDS, passwords)]
    return any(changed)


def _server_secret(plan: BrokerPlan) -> str:
    """The hash of the server's password; its salt is fixed by the password, so that the file stays the same."""
    password = plan.server_password()
    return rules.password_hash(password, password.encode()[-12:])


def _rights(name: str, prefix: str) -> str:
    rights = rules.rights_of(name, prefix)
    lines = [f"topic write {topic}" for topic in rights.publish]
    lines += [f"topic read {topic}" for topic in rights.read]
    return "\n".join([f"user {name}", *lines, ""])


def replace(file: Path, text: str) -> bool:
    """Put the text in the file's place in one step, for its owner alone; False where it is there already."""
    if file.exists() and file.read_text(encoding="utf-8") == text:
        return False
    new = file.with_name(file.name + ".new")
    new.touch(mode=0o600)
    new.write_text(text, encoding="utf-8")
    new.replace(file)
    return True
