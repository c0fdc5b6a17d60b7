"""What a learner has tried, kept in one file on their own computer and never sent anywhere.

Under NST_TEST=1 nothing is read or written, so that the same notebook always prints the same.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from platformdirs import user_data_path

from nstlib.checks.results import SIGNS, Text, points_word
from nstlib.files import replacing

PREDICTION = "prediction "  # before a prediction's name, such as 03.puzzle, among the entries

__all__ = ["PREDICTION", "file", "note", "of", "predicted", "reset", "table"]


def file() -> Path:
    """Return where the progress is kept."""
    return user_data_path("nstlib") / "progress.json"


def of(question: str) -> dict:
    """Return what is known of a question; an unreadable file counts as none."""
    entry = _read().get(question)
    return entry if isinstance(entry, dict) else {}


def note(question: str, /, *, outcome: str = "", points: int = 0, **seen) -> int | None:
    """Record a try with the best points so far, or what was looked at; return the number of tries.

    A stub is no try. Where the file cannot be written, the check is shown all the same.
    """
    if os.environ.get("NST_TEST") == "1":
        return None
    entries = _read()
    entry = of(question) | seen
    if outcome:
        entry["tries"] = entry.get("tries", 0) + (outcome != "not attempted")
        if points >= entry.get("points", 0) or outcome == "correct":
            entry |= {"points": points, "outcome": outcome}
    entries[question] = entry
    try:
        file().parent.mkdir(parents=True, exist_ok=True)
        with replacing(file()) as part:
            part.write_text(json.dumps(entries, indent=1), encoding="utf-8")
    except OSError:
        pass
    return entry.get("tries")


def reset() -> Text:
    """Forget all tries, points and hints.

    >>> from nstlib import checks
    >>> checks.reset()
    Your progress was reset
      No tries, points or hints are kept any more.
    """
    file().unlink(missing_ok=True)
    return Text("Your progress was reset", ("No tries, points or hints are kept any more.",))


def table(title: str, questions: Iterable, by_hand: Iterable = ()) -> Text:
    """Return a line for each question: state, points, tries; and the predictions of the same lessons.

    by_hand: questions that the instructor marks.
    """
    questions = list(questions)
    lines = []
    earned = {False: 0, True: 0}  # those of the hundred, and bonus points
    most = dict(earned)
    for question in questions:
        entry = of(question.id)
        outcome = entry.get("outcome", "not attempted")
        points = entry.get("points", 0)
        looked = ", solution seen" if entry.get("solution") else ""
        earned[question.bonus] += points
        most[question.bonus] += question.points
        lines.append(
            f"{SIGNS.get(outcome, '○')} {question.id}: {outcome}, {points} of {question.points} "
            f"{points_word(question.bonus, question.points)}, tries: {entry.get('tries', 0)}{looked}"
        )
    lines += [
        f"○ {question.id}: marked by hand, up to {question.points} {points_word(bonus=False, count=question.points)}"
        for question in by_hand
    ]
    lines += [f"{earned[bonus]} of {of} {points_word(bonus, of)}" for bonus, of in most.items() if of]
    for lesson in dict.fromkeys(question.id[2:4] for question in questions):
        lines += predicted(lesson)
    return Text(title, tuple(lines))


def predicted(lesson: str) -> tuple[str, ...]:
    """Return for each prediction of a lesson, of both 05 and 05b for 05, what was asked, said by the learner and told.

    In the order of the answers, below a heading with how many were right. Without an answer there is nothing.
    """
    made = {
        name.removeprefix(PREDICTION): entry
        for name, entry in _read().items()
        if name.startswith(PREDICTION + lesson) and isinstance(entry, dict)
    }
    lines = [_prediction(name, entry) for name, entry in made.items()]
    right = sum(bool(entry.get("right")) for entry in made.values())
    return (f"Predictions in lesson {lesson} (no points): {right} of {len(made)} right", *lines) if made else ()


def _prediction(name: str, entry: dict) -> str:
    """Return a prediction's lines; what was committed to before questions were kept has its answer alone."""
    asked = f": {entry['question']}" if entry.get("question") else ""
    told = f"\n  answer: {entry['told']}" if entry.get("told") else ""
    sign = SIGNS["correct" if entry.get("right") else "not yet"]
    return f"{sign} {name}{asked}\n  you said: {entry.get('answer')}{told}"


def _read() -> dict:
    if os.environ.get("NST_TEST") == "1":
        return {}
    try:
        entries = json.loads(file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return entries if isinstance(entries, dict) else {}
