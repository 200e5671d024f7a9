"""The contract imports nothing but the standard library and itself."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "edge_agent" / "wire").rglob("*.py"))


def imported(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_file_of_the_contract_imports_only_the_standard_library_and_the_contract(path):
    strangers = [
        name
        for name in imported(path)
        if name.partition(".")[0] not in sys.stdlib_module_names
        and name != "edge_agent.wire"
        and not name.startswith("edge_agent.wire.")
    ]
    assert strangers == []


def test_the_contract_works_without_any_installed_package():
    names = ", ".join(f"edge_agent.wire.{path.stem}" for path in FILES if path.stem != "__init__")
    ran = subprocess.run(
        [sys.executable, "-S", "-E", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); import {names}"],
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
