"""Feedback pages as Moodle and Canvas take files back: in a zip, under the names that the students' work came with."""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from nstlib.grading import csv_files
from nstlib.grading.bundle.questions import GradedQuestion
from nstlib.grading.records.gradebook import Row
from nstlib.grading.reports.feedback import html
from nstlib.terminal import counted

__all__ = ["write"]

MOMENT = (1980, 1, 1, 0, 0, 0)  # of every page: the same grades give the same bytes
# Moodle finds the student by the number in "Anna Archer_1234567_assignsubmission_file_", a folder or a file's beginning
MOODLE = re.compile(r"([^_/]+_[0-9]+_assignsubmission_(?:file|onlinetext))(?:_.*)?")
# Canvas finds student and file by the numbers in "archeranna_LATE_12345_67890_ex02.ipynb"
CANVAS = re.compile(r"(.+?(?:_LATE)?_[0-9]+_[0-9]+_[^/]+?)\.[^./]+")


def write(out: Path, rows: Iterable[Row], questions: Mapping[str, GradedQuestion], title: str) -> list[str]:
    """Write moodle_feedback.zip and canvas_feedback.zip, those whose names occur; return sentences about them."""
    pages: dict[str, dict[str, str]] = {"moodle": {}, "canvas": {}}
    for row in rows:
        for platform, name in _names(row):
            pages[platform][name] = html(row, questions, title)
    sentences = []
    for platform, files in pages.items():
        if files:
            path = out / f"{platform}_feedback.zip"
            csv_files.write(path, _zipped(files))
            sentences.append(f"{path}: {counted(len(files), 'feedback page')}, to upload to {platform.title()}.")
    return sentences


def _names(row: Row) -> Iterator[tuple[str, str]]:
    """Yield the platform, and the name of the page there, of each file that counts."""
    for file in sorted({received.file for received in row.received.values()}):
        for part in file.split("/"):
            if match := MOODLE.fullmatch(part):
                yield "moodle", f"{match[1]}_/feedback.html"
                break
            if match := CANVAS.fullmatch(part):
                yield "canvas", f"{match[1]}.html"
                break


def _zipped(files: Mapping[str, str]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, page in sorted(files.items()):
            info = zipfile.ZipInfo(name, MOMENT)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, page)
    return data.getvalue()
