"""One of some patrons is erased and leaves no trace; `make faults` does the same among ten thousand."""

from pathlib import Path

import pytest

from tests.faults import forgets


@pytest.mark.about_sqlite("its files are searched, too")
@pytest.mark.timeout(180)
def test_one_of_many_patrons_leaves_no_trace_in_tables_mails_files_and_logs(tmp_path: Path) -> None:
    found = forgets.measure(tmp_path, 60)
    assert found["before"] > 30  # it can fail
    assert found["after"] == 0
    assert found["listed"] == found["copies"]  # in IMAP folders, for staff to erase there
    assert found["other"]
