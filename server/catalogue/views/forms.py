"""The forms of the catalogue."""

from datetime import date

from server.catalogue import rules
from server.catalogue.models import CellLine, Lot
from server.catalogue.service import LineFacts, LotFacts
from server.kit import forms
from server.kit.forms import Form, Typed


class LineForm(Form):
    """What can be said of a line."""

    code: str = forms.code()
    name: str = forms.text(most=rules.LONGEST_NAME)
    names: str = forms.text(required=False, most=4000)
    accession: str = forms.code(required=False)
    species: str = forms.text(required=False)
    category: str = forms.choice(tuple(rules.CATEGORIES), required=False)
    tissue: str = forms.text(required=False)
    disease: str = forms.text(required=False)
    biosafety_level: int = forms.choice(rules.BIOSAFETY_LEVELS)
    description: str = forms.text(required=False, most=4000)
    passage_ceiling: int | None = forms.whole(least=1, most=1000, required=False)
    pdl_ceiling: float | None = forms.number(least=0, most=1000, required=False)
    listed: bool = forms.checkbox()

    def facts(self) -> LineFacts:
        """Return the form as the verbs take it; codes in capitals."""
        return LineFacts(
            code=self.code.upper(),
            name=self.name,
            accession=self.accession.upper().removeprefix("RRID:"),
            species=self.species,
            category=self.category,
            tissue=self.tissue,
            disease=self.disease,
            biosafety_level=self.biosafety_level,
            description=self.description,
            listed=self.listed,
            passage_ceiling=self.passage_ceiling,
            pdl_ceiling=self.pdl_ceiling,
            names=tuple(rules.read_names(self.names, self.name)),
        )


def typed_line(line: CellLine) -> Typed:
    """Return the form as it stands for a line that is changed."""
    plain = {name: getattr(line, name) for name in LineForm.fields if name != "names"}
    return Typed({**plain, "names": "\n".join(name.name for name in line.names)})


class LotForm(Form):
    """What can be said of a lot."""

    code: str = forms.code()
    tier: str = forms.choice(tuple(rules.TIERS))
    reserve_floor: int | None = forms.whole(least=0, most=10_000, required=False)
    passage: int | None = forms.whole(least=0, most=1000, required=False)
    pdl: float | None = forms.number(least=0, most=1000, required=False)
    frozen_on: date | None = forms.date(required=False)
    million_cells: float | None = forms.number(least=0, most=10_000, required=False)
    viability_pct: float | None = forms.number(unit="%", least=0, most=100, required=False)

    def facts(self) -> LotFacts:
        """Return the form as the verbs take it; codes in capitals."""
        cells = None if self.million_cells is None else self.million_cells * 1e6
        return LotFacts(
            code=self.code.upper(),
            tier=self.tier,
            reserve_floor=self.reserve_floor or 0,
            passage=self.passage,
            pdl=self.pdl,
            frozen_on=self.frozen_on,
            cells_per_vial=cells,
            viability_pct=self.viability_pct,
        )


def typed_lot(lot: Lot) -> Typed:
    """Return the form as it stands for a lot that is changed."""
    plain = {name: getattr(lot, name) for name in LotForm.fields if name != "million_cells"}
    cells = "" if lot.cells_per_vial is None else f"{lot.cells_per_vial / 1e6:g}"
    return Typed({**{k: "" if v is None else v for k, v in plain.items()}, "million_cells": cells})


class DecisionForm(Form):
    """What is decided about a lot: the meaning of the signature is the new disposition."""

    reason: str = forms.text(most=2000)
    meaning: str = forms.choice(tuple(rules.DISPOSITIONS))
    version: int | None = forms.whole(required=False)
    password: str = forms.secret()
