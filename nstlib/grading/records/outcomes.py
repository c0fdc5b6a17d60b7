"""The closed list of what can become of an answer, and the words for it: a label, what it means, and who must act."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["OUTCOMES", "Outcome", "label", "of"]


@dataclass(frozen=True)
class Outcome:
    """sign, label: for everybody. text: for the student. asks: what the instructor should look at, "" for nothing."""

    sign: str
    label: str
    text: str
    asks: str = ""


_LONG = "No answer came within the time limit. Does a loop never end, or does it do the same work in every round?"
_RESTART = "Restart the kernel, run the notebook from the top until its check, and see whether it still says so."
OUTCOMES: Mapping[str, Outcome] = {
    "correct": Outcome("✓", "right", "Right in every hidden test."),
    "not yet": Outcome("✗", "not yet", "The answer is not what the question asks for."),
    "not attempted": Outcome("○", "not attempted", "This is still the stub."),
    "missing": Outcome(
        "○", "not found", "The notebook has no function of this name. Was it renamed, or is its cell not a code cell?"
    ),
    "syntax": Outcome("✗", "not Python", f"The cell cannot be read as Python. {_RESTART}"),
    "too_long": Outcome("✗", "too long", "The answer, with everything that it needs, is longer than a megabyte."),
    "raised": Outcome("✗", "raised an error", f"The function raised an error. {_RESTART}"),
    "took too long": Outcome("✗", "took too long", _LONG),
    "timeout": Outcome("✗", "took too long", _LONG),
    "memory": Outcome("✗", "too much memory", "The function asked for more memory than a small answer needs."),
    "output": Outcome(
        "✗", "printed too much", "The function printed more than a megabyte. Take `print` out of its loops."
    ),
    "protocol": Outcome(
        "✗",
        "gave no readable answer",
        "What came back was not an answer. Return a tensor or number, and change nothing of Python's or torch's own.",
        "It wrote something else where an answer belongs: read the source.",
    ),
    "exited": Outcome(
        "✗",
        "ended Python",
        "The function ended Python before it answered. Leave out `exit`, `quit` and `os._exit`.",
        "It ended its process: read the source.",
    ),
    "killed": Outcome(
        "✗",
        "crashed",
        "Python crashed in this function. Restart the kernel, run the notebook from the top, and check again.",
        "It crashed, or broke a limit: read the source and the log.",
    ),
    "absent": Outcome(
        "○", "not found", "When the notebook is run from the top, there is no function of this name at its check."
    ),
    "jailed": Outcome(
        "…",
        "not graded yet",
        "Your answer needs something that is not available where it is graded. Your instructor will look at it.",
    ),
    "no package": Outcome(
        "…",
        "not graded yet",
        "Your answer needs a package that is missing where it is graded. That is not your fault.",
    ),
    "by hand": Outcome("…", "not marked yet", "Your instructor marks this answer, and has not yet."),
    "no cell": Outcome(
        "…",
        "not marked yet",
        "The cell for this answer is not in your notebook. Your instructor will look into it.",
    ),
    "marked": Outcome("●", "marked by hand", "Your instructor has marked this answer."),
    "stuck": Outcome(
        "…",
        "not graded yet",
        "The cells above this answer take too long where it is graded. Your instructor will look at it.",
    ),
    "infra": Outcome(
        "…", "not graded yet", "This could not be graded yet, and not because of you.", "Run the grader again."
    ),
    "ungraded": Outcome(
        "…", "not graded yet", "This could not be graded yet, and not because of you.", "Run the grader again."
    ),
}
NOT_TRIED = frozenset({"not attempted", "missing", "absent", "no cell"})
BY_HAND = ("by hand", "no cell")  # where a person has not said yet what the answer is worth
TEXTS = (*BY_HAND, "marked")  # of an answer that a person marks
WAITING = ("jailed", "no package", "stuck")  # where the answer was called, but what it would have given is not known
OURS = frozenset({"infra", "ungraded"})  # the grader's fault: they say nothing about the answer, and are never a zero
_UNKNOWN = Outcome(
    "?",
    "unclear",
    "Your instructor needs to look at this.",
    "The journal has a word that is on no list.",
)


def of(outcome: object) -> Outcome:
    """Return the words for an outcome; one that is not on the list is for the instructor to look at."""
    return OUTCOMES.get(outcome, _UNKNOWN) if isinstance(outcome, str) else _UNKNOWN


def label(outcome: object) -> str:
    """Return an outcome's sign and label."""
    words = of(outcome)
    return f"{words.sign} {words.label}"
