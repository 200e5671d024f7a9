"""Many ids in one parameter, on both databases."""

import pytest
from sqlalchemy import literal, select

from server.core.db import Database
from server.core.sets import among


@pytest.mark.parametrize("ids", [[], [7], [3, 7, 2**40], list(range(5000))])
def test_an_id_is_among_them_or_not(database: Database, ids: list[int]) -> None:
    with database.reading() as session:
        for asked in (7, 2**40, -1):
            found = session.scalar(select(literal(True)).where(among(literal(asked), ids)))
            assert bool(found) is (asked in ids)
