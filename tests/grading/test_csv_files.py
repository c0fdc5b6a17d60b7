import csv
import io
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nstlib.grading.csv_files import TableError, cell, read, text, write

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", '=HYPERLINK("http://x")']


@pytest.mark.parametrize("formula", FORMULAS)
def test_76_no_cell_is_a_formula(formula):
    assert cell(formula).startswith("'")


def test_76_numbers_are_left_alone_and_nothing_is_an_empty_cell():
    assert [cell(value) for value in (-2, 3.5, None, "")] == ["-2", "3.5", "", ""]


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2)))
def test_76_any_cells_come_back_as_they_were_shown(rows):
    data = text(("one", "two"), rows)
    assert list(csv.reader(io.StringIO(data)))[1:] == [[cell(value) for value in row] for row in rows]
    assert not any(value.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for value in map(cell, row))


def test_a_comma_a_quote_and_a_line_break_do_not_break_a_row():
    assert text(("name",), [('Smith, "Al"\nex',)]) == 'name\n"Smith, ""Al""\\x0aex"\n'


@pytest.mark.parametrize(
    "data",
    [
        "student,points\nanna,3\n",
        "\ufeffStudent;Points\r\nanna;3\r\n",
        'points,student,more\n"3"," anna ",x\n\n,,\n',
    ],
)
def test_what_spreadsheet_programs_write_is_read(tmp_path, data):
    (tmp_path / "t.csv").write_bytes(data.encode())
    assert read(tmp_path / "t.csv", ("student", "points")) == [{"student": "anna", "points": "3", "line": 2}]


def test_a_short_row_has_empty_cells_and_a_column_that_may_be_missing_is_not_made_up(tmp_path):
    (tmp_path / "t.csv").write_text("student,points,reason\nanna\n")
    assert read(tmp_path / "t.csv", ("student",), ("reason", "name")) == [{"student": "anna", "reason": "", "line": 2}]


@pytest.mark.parametrize(
    "data, said",
    [
        (b"name\nanna\n", "line 1: expected the column 'student', got name"),
        (b"", "got no column"),
        (b"student\n\xff\xfe\n", "not in UTF-8"),
        (b"student\n" + b"x" * 200_000, "line"),
    ],
)
def test_what_is_no_table_is_refused_with_a_sentence(tmp_path, data, said):
    (tmp_path / "t.csv").write_bytes(data)
    with pytest.raises(TableError, match=said):
        read(tmp_path / "t.csv", ("student",))
    with pytest.raises(TableError, match="cannot be read"):
        read(tmp_path / "none.csv", ("student",))


def test_82_a_file_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    path, synced = tmp_path / "gradebook.csv", []
    write(path, "old\n")

    def fail(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        write(path, "new\n")
    assert path.read_text() == "old\n" and os.listdir(tmp_path) == ["gradebook.csv"]
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(path.read_text()))
    write(path, "new\n")
    assert synced[0] == "old\n" and synced[-1] == "new\n"  # forced to the disk before it has the name, and after


def test_a_half_of_a_pair_is_written_as_an_escape(tmp_path):
    write(tmp_path / "t.txt", "a\ud800")
    assert (tmp_path / "t.txt").read_bytes() == b"a\\ud800"
