"""The real rack-scanner files, where the folder of reference data is there."""

from pathlib import Path

import pytest

from server.storage.imports import Scan, ScanRefused, read
from server.storage.positions import BoxShape

pytestmark = pytest.mark.group("shared data")

FLUIDX_2 = "rack_scans/fluidx/tube_rack"
FLUIDX_3 = "rack_scans/fluidx/tube_rack_with_rack_barcode"


def scan(shared_data: Path, name: str) -> Scan:
    return read((shared_data / name).read_bytes(), BoxShape(8, 12))


@pytest.mark.parametrize(
    ("name", "format_name", "rack"),
    [
        (f"{FLUIDX_2}/tube_rack_scan_valid.csv", "fluidx-2", None),
        (f"{FLUIDX_2}/tube_rack_scan_with_bom.csv", "fluidx-2", None),
        (f"{FLUIDX_3}/tube_rack_scan_valid.csv", "fluidx-3", "FX12345678"),
        (f"{FLUIDX_3}/tube_rack_scan_with_bom.csv", "fluidx-3", "FX12345678"),
    ],
)
def test_good_fluidx_files_give_sixteen_tubes(
    shared_data: Path, name: str, format_name: str, rack: str | None
) -> None:
    found = scan(shared_data, name)

    assert (found.format, found.rack) == (format_name, rack)
    assert [tube.code for tube in found.tubes] == [f"AB{n:08}" for n in range(10000001, 10000017)]
    assert (found.tubes[8].written, found.tubes[8].ordinal) == ("A2", 2)


@pytest.mark.parametrize("folder", [FLUIDX_2, FLUIDX_3])
def test_words_of_the_scanner_are_no_tubes(shared_data: Path, folder: str) -> None:
    found = scan(shared_data, f"{folder}/tube_rack_scan_with_missing_tubes.csv")

    without = {tube.written: tube.unread for tube in found.tubes if tube.code is None}
    assert without["C1"] is True  # NO READ
    assert without["G2"] is False  # EMPTY
    assert len(found.tubes) == 16


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (f"{FLUIDX_2}/tube_rack_scan_with_invalid_positions.csv", [(9, "position", "I1")]),
        (f"{FLUIDX_3}/tube_rack_scan_with_invalid_positions.csv", [(9, "position", "I1")]),
        (
            f"{FLUIDX_2}/tube_rack_scan_with_duplicate_positions.csv",
            [(10, "position", "A2"), (14, "position", "E2")],
        ),
        (
            f"{FLUIDX_2}/tube_rack_scan_with_duplicate_tubes.csv",
            [(10, "tube", "AB10000009"), (12, "tube", "AB10000011")],
        ),
        (f"{FLUIDX_2}/tube_rack_scan_with_missing_values.csv", [(3, "tube", "")]),
        (f"{FLUIDX_3}/tube_rack_scan_with_missing_values.csv", [(3, "tube", "")]),
        (
            f"{FLUIDX_3}/tube_rack_scan_with_different_rack_barcodes.csv",
            [(9, "rack", "FX23838838")],
        ),
    ],
)
def test_bad_fluidx_files_are_refused_by_row_and_column(
    shared_data: Path, name: str, expected: list[tuple[int, str, str]]
) -> None:
    with pytest.raises(ScanRefused) as refused:
        scan(shared_data, name)

    assert [(one.row, one.column, one.found) for one in refused.value.problems] == expected


def test_the_visionmate_file_keeps_its_leading_zeros(shared_data: Path) -> None:
    found = scan(shared_data, "rack_scans/visionmate/plate_map1.tsv")

    assert (found.format, found.rack, len(found.tubes)) == ("visionmate", "plate_1", 96)
    assert found.tubes[0].code == "0363132553"
    assert found.tubes[-1].ordinal == 96
    assert all(tube.code and tube.code.startswith("0") for tube in found.tubes)
