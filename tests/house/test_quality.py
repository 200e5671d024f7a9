"""Every feature says honestly, in quality.yaml beside its code, which house rules it keeps."""

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SERVER = ROOT / "server"
RULES = {
    "typed",
    "rules_tabled",
    "both_databases",
    "audit_on_every_verb",
    "permission_on_every_view",
    "both_languages",
    "docs_page",
    "looked_at_as_picture",
}
ROOF = {"cli", "web", "worker", "broker", "core", "kit"}  # no features: they carry them
FEATURES = sorted(
    path.parent for path in SERVER.glob("*/__init__.py") if path.parent.name not in ROOF
)
BESIDE = [ROOT / "edge_agent", ROOT / "firmware_stubs"]
"""What runs elsewhere answers too, and says why a rule of pages or databases is none of its own."""


def answers_of(text):
    """Return rule -> answer; a file is one mapping, which may stand under `rules:`."""
    said = yaml.safe_load(text)
    said = said.get("rules", said)
    return (
        {rule: answer for row in said for rule, answer in row.items()}
        if isinstance(said, list)
        else said
    )


def is_honest(answer):
    """Tell whether an answer is `done` or `exempt: a reason` (as text or as a mapping)."""
    if isinstance(answer, dict):
        return set(answer) == {"exempt"} and len(str(answer["exempt"])) > 10
    return answer == "done" or (str(answer).startswith("exempt: ") and len(answer) > 20)


@pytest.mark.parametrize("feature", [*FEATURES, *BESIDE], ids=lambda path: path.name)
def test_a_feature_answers_every_rule(feature):
    answers = answers_of((feature / "quality.yaml").read_text(encoding="utf-8"))

    assert set(answers) == RULES
    assert [rule for rule, answer in answers.items() if not is_honest(answer)] == []
