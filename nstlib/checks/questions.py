"""A question as data, and what a learner gets from it: ``check``, ``hint``, ``solution``.

`check` calls the function on a few cases, lets ``judging`` decide, and puts the verdict into words. It never raises for
a wrong answer; the Result's ``require`` does.
"""

import builtins
import inspect
import os
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from nstlib import engine
from nstlib.checks import calling, messages, progress
from nstlib.checks.calling import Case
from nstlib.checks.judging.properties import measured
from nstlib.checks.judging.replies import Reply, Rule
from nstlib.checks.judging.verdict import Verdict, is_located, is_unexplained, judge
from nstlib.checks.known_replies import KnownReplies
from nstlib.checks.places import Place
from nstlib.checks.random_cases import Draw
from nstlib.checks.results import Result, Text
from nstlib.checks.stages import Stage
from nstlib.errors import NstError

__all__ = ["FORESEEN", "TRIED", "Misconception", "Question"]

FORESEEN = "foreseen by the authors"  # the evidence of a mistake that nobody was yet seen to make
TRIED = "tried on the checks: two hundred wrong answers, written without a look at these lists"
PUBLIC = "public"  # seeds the notebook's cases; a grader draws others from a secret of its own


@dataclass(frozen=True)
class Misconception:
    """A mistake that learners make: a name, a function that makes it, a message, evidence, partial credit, a place.

    function: takes what the reference takes. message: what the learner reads; it may name a case's symbols, as in
    "{M} times too small". evidence: a thread, a program or a lecture that makes the mistake or the choice behind it, or
    FORESEEN. reread: where a lesson explains it, if not where its question says.
    """

    id: str
    function: Callable
    message: str
    evidence: str
    credit: int = 0
    reread: str = ""


@dataclass(frozen=True)
class Question:
    """One exercise.

    reference: the right function; the learner's has its name and parameters. cases: makes the calls from a Draw.
    confirmation: what the learner reads after a right answer. hints: three rungs. reread: lesson and section, as a
    ``places.Place`` is written. kinds: the types an answer may have. by_hand: an answer by autograd earns nothing.
    tolerance: wider than the dtype's where right answers differ by more than rounding; a comment says why. property:
    where many answers are right, the name of what they have in common, in ``judging.properties``. slips: whether a
    wrong answer is compared with every single slip in the reference, which must be fast. told: where an answer counts
    something, (case, given, expected) -> the sentence for a wrong number; other numbers are told by their ratio.
    located: of a program to repair, (function, cases, call) -> the first stage at which it goes another way there.
    bonus: its points come on top of the course's hundred. difficulty, importance: from 1 to 5.

    >>> import torch
    >>> from nstlib.checks import ex02
    >>> ex02.gram.check(lambda features: features.flatten(1).T @ features.flatten(1)).misconception
    'positions'
    >>> def gram_matrix(features):
    ...     F = features.flatten(1)
    ...     return F @ F.T
    >>> ex02.gram.check(gram_matrix)
    ✓ ex02.gram — correct                                                              4 of 4 points
      N × N, symmetric, divided by nothing, and the gradient arrives at the features.
    """

    id: str
    points: int
    reference: Callable
    cases: Callable[[Draw], Sequence[Case]]
    confirmation: str
    hints: tuple[str, str, str]
    reread: str
    misconceptions: tuple[Misconception, ...] = ()
    kinds: frozenset[str] = field(default_factory=lambda: frozenset({"tensor"}))
    by_hand: bool = False
    tolerance: float = 0.0
    property: str = ""
    slips: bool = True
    told: Callable[[Case, float, float], str] | None = None
    located: Callable[[Callable, Sequence[Case], int], Stage | None] | None = None
    bonus: bool = False
    difficulty: int = 1
    importance: int = 3
    minutes: int = 5

    @builtins.property
    def call(self) -> str:
        """The call as one writes it, such as gram_matrix(features)."""
        return f"{self.reference.__name__}({', '.join(inspect.signature(self.reference).parameters)})"

    def place(self, mistake: str | None = None) -> Place:
        """Return where to reread what the question, or one of its mistakes, is about; KeyError for an unknown one.

        >>> from nstlib.checks import ex02
        >>> print(ex02.gram.place(), "|", ex02.gram.place("centred"))
        lesson 02, section 1 | lesson 02, section 3
        """
        known = {each.id: each.reread for each in self.misconceptions}
        return Place.read((known[mistake] if mistake else "") or self.reread)

    @cached_property
    def public_cases(self) -> list[Case]:
        """The notebook's cases."""
        return list(self.cases(Draw(f"{PUBLIC} {self.id}")))

    def verdict(self, function: Callable, cases: Sequence[Case] | None = None) -> Verdict:
        """Call the function and judge its answers, on the notebook's cases unless others are given."""
        cases = self.public_cases if cases is None else list(cases)
        return self._judge(function, cases)[0]

    def measured(self, cases: Sequence[Case], replies: Iterable[Reply]) -> list[Reply]:
        """Return what of the replies to these calls is judged: they themselves, or the property that they must have."""
        return [measured(self.property, case.arguments, reply) for case, reply in zip(cases, replies, strict=True)]

    def known_replies(self, cases: Sequence[Case]) -> KnownReplies:
        """Return what the reference, the misconceptions and slips reply to these cases, as far as it is asked for."""
        mistakes = {mistake.id: mistake.function for mistake in self.misconceptions}
        return KnownReplies(self.reference, mistakes, cases, self.measured, Rule(self.kinds, self.tolerance))

    def check(self, function: Callable | None = None) -> Result:
        """Say whether the function is right, and if not, what it does. Nothing that it returns can make this raise."""
        names = [(getattr(f, "__module__", ""), getattr(f, "__name__", "")) for f in (function, self.reference)]
        if names[0] == names[1]:  # also of an older import of the library
            result = self._result("not yet", messages.CALLS_NSTLIB, misconception="calls-nstlib")
        else:
            result = self.examine(function)
        tries = progress.note(self.id, outcome=result.outcome, points=result.points)
        result = replace(result, tries=tries, best=progress.of(self.id).get("points", 0))
        if os.environ.get("NBGRADER_EXECUTION") == "autograde":  # nbgrader gives points unless something is raised
            result.require()
        return result

    def examine(self, function: Callable | None) -> Result:
        """Return what `check` returns, without noting it in the learner's progress."""
        if not callable(function):
            given = "nothing" if function is None else f"{type(function).__name__}, which is not a function"
            line = (
                f"Expected your function, got {given}. Pass {self.reference.__name__} itself, "
                f"without brackets: {self.id}.check({self.reference.__name__})"
            )
            return self._result("not yet", (line,))
        verdict, answer, used = self._judge(function, self.public_cases)
        if verdict.outcome == "correct" and "nstlib" in used:
            return self._result("not yet", messages.CALLS_NSTLIB, misconception="calls-nstlib")
        if verdict.outcome == "correct" and self.by_hand and "autograd" in used:
            return self._result("not yet", messages.USES_AUTOGRAD, misconception="uses-autograd")
        try:
            with calling.turned():
                stage = self.stage(function, verdict)
        except Exception:  # a learner's program may behave otherwise where its networks are watched
            stage = None
        told = messages.sentences(self, verdict, answer, stage.lines if stage else ())
        return self._result(
            verdict.outcome,
            (*told, *messages.of_turned(verdict, used)),
            points=self.points if verdict.outcome == "correct" else self._credit(verdict),
            misconception=verdict.misconception,
        )

    def stage(self, function: Callable, verdict: Verdict) -> Stage | None:
        """Return the first stage at which an unexplained program goes another way, where its question can tell.

        Raises whatever the program, or our own code, raises where its networks are watched.
        """
        if self.located is None or not is_located(verdict):
            return None
        return self.located(function, self.public_cases, verdict.call)

    def hint(self, rung: int | None = None) -> Text:
        """Show the next of three hints, or hint 1, 2 or 3.

        >>> from nstlib.checks import ex02
        >>> ex02.gram.hint(3)
        Hint 3 of 3 for ex02.gram
          `F @ F.T` is (N, M) times (M, N).
          All of it: ex02.gram.solution()
        """
        if rung is None:
            rung = min(progress.of(self.id).get("hints", 0) + 1, len(self.hints))
        if rung not in range(1, len(self.hints) + 1):
            raise NstError(f"Expected a hint from 1 to {len(self.hints)}, got {rung!r}: ask for 1, 2 or 3.")
        progress.note(self.id, hints=rung)
        more = f"One more: {self.id}.hint()" if rung < len(self.hints) else f"All of it: {self.id}.solution()"
        return Text(f"Hint {rung} of {len(self.hints)} for {self.id}", (self.hints[rung - 1], more))

    def solution(self) -> Text:
        """Show one right answer. Your progress notes that you saw it; your points stay as they are.

        >>> from nstlib.checks import ex02
        >>> ex02.gram.solution().code.splitlines()[-1]
        '    return F @ F.T'
        """
        progress.note(self.id, solution=True)
        source = textwrap.dedent(inspect.getsource(self.reference)).rstrip()
        return Text(f"One right answer to {self.id}", ("Read it, close it, and write yours from memory.",), source)

    @engine.one_thread()  # eight mistakes of ex02.gram: 0.3 s; on two threads beside other programs 9 s
    def _judge(self, function: Callable, cases: list[Case]) -> tuple[Verdict, list[Reply], set[str]]:
        """Return the verdict, the function's replies, and what it used: "nstlib", "autograd", ".T"."""
        known = self._public_replies if cases is self.public_cases else self.known_replies(cases)
        expected, mistakes = known.expected, known.mistakes
        with calling.turned() as used:
            replies = calling.replies(function, cases)
        answer = self.measured(cases, replies)
        symbols = [case.symbols for case in cases]
        groups = [case.group for case in cases]
        verdict = judge(expected, mistakes, answer, symbols, self.kinds, self.tolerance, groups)
        if is_unexplained(verdict) and self.slips and not self.property:
            verdict = replace(verdict, slip=known.slip(answer, verdict.call))
        if verdict.outcome == "correct":
            with calling.watched() as asked, calling.turned():
                again = self.measured(cases[:1], calling.replies(function, cases[:1]))
            if judge(expected[:1], {}, again, symbols[:1], self.kinds, self.tolerance).outcome != "correct":
                verdict = Verdict("not yet", faults=("again",))
            used |= asked
        return verdict, replies, used

    @cached_property
    def _public_replies(self) -> KnownReplies:
        return self.known_replies(self.public_cases)

    def _credit(self, verdict: Verdict) -> int:
        return sum(mistake.credit for mistake in self.misconceptions if mistake.id == verdict.misconception)

    def _result(self, outcome: str, lines: Sequence[str], points: int = 0, misconception: str | None = None) -> Result:
        known = misconception if any(mistake.id == misconception for mistake in self.misconceptions) else None
        result = Result(self.id, outcome, points, self.points, misconception, tuple(lines), bonus=self.bonus)
        return result if outcome == "correct" else replace(result, hint=f"{self.id}.hint()", place=self.place(known))
