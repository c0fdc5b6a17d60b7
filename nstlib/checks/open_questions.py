"""Questions that no check can judge: an instructor marks them by their criteria, and their points count like others."""

from dataclasses import dataclass

from nstlib.checks.results import Text, points_word

__all__ = ["OPEN", "Criterion", "OpenQuestion"]


@dataclass(frozen=True)
class Criterion:
    """What is marked, in a word that heads a column; the most points for it; and what earns them."""

    name: str
    points: int
    description: str


@dataclass(frozen=True)
class OpenQuestion:
    """A question that is answered in words and by an experiment.

    >>> from nstlib.checks import ex04
    >>> ex04.claim.criteria()
    ex04.claim — marked by hand, up to 6 points
      prediction, 1 point: Says before the run what each outcome would mean for the claim.
      design, 2 points: Changes one thing and names what stays; more than one pair of pictures, more than one start.
      measurement, 2 points: A number beside the pictures, with its spread over pairs and starts.
      conclusion, 1 point: Decides, by the numbers, and says what the experiment cannot tell.
    """

    id: str
    by: tuple[Criterion, ...]
    difficulty: int
    importance: int
    minutes: int

    @property
    def points(self) -> int:
        """The sum over the criteria."""
        return sum(criterion.points for criterion in self.by)

    def criteria(self) -> Text:
        """Show by what an answer is marked."""
        lines = (
            f"{one.name}, {one.points} {points_word(bonus=False, count=one.points)}: {one.description}"
            for one in self.by
        )
        return Text(
            f"{self.id} — marked by hand, up to {self.points} {points_word(bonus=False, count=self.points)}",
            tuple(lines),
        )


claim = OpenQuestion(
    id="ex04.claim",
    by=(
        Criterion("prediction", 1, "Says before the run what each outcome would mean for the claim."),
        Criterion(
            "design",
            2,
            "Changes one thing and names what stays; more than one pair of pictures, more than one start.",
        ),
        Criterion("measurement", 2, "A number beside the pictures, with its spread over pairs and starts."),
        Criterion("conclusion", 1, "Decides, by the numbers, and says what the experiment cannot tell."),
    ),
    difficulty=5,
    importance=5,
    minutes=45,
)
OPEN = {claim.id: claim}
