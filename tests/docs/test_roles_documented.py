"""docs/accounts.md shows the table of roles as it is."""

from server.accounts.rules import PERMISSIONS
from tools import needs


def test_the_table_of_roles_is_the_one_in_the_code():
    text = (needs.PROJECT / "docs" / "accounts.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split("|") for line in text.splitlines() if line.startswith("| `")]
    shown = {
        row[0].strip(" `"): {
            role for role, cell in zip(PERMISSIONS, row[1:], strict=False) if "yes" in cell
        }
        for row in rows
    }
    found = {
        permission: {role for role, given in PERMISSIONS.items() if permission in given}
        for permission in frozenset().union(*PERMISSIONS.values())
    }

    assert shown == found
