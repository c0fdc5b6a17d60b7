"""What a late submission costs, as a pure function of times, policy and extensions.

The first late day begins when the due date and its grace have passed, and the next at the same clock time a day later,
even where a clock change makes that day 23 or 25 hours long. Free late days go to the exercises in the order in which
they are due. Submitting later never costs less; more grace, more free days or a longer extension never cost more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from nstlib.grading.escaping import normalized

__all__ = ["MOST_DAYS", "Extension", "Late", "Policy", "days_late", "lateness"]

MOST_DAYS = 1000  # no submission counts as later than this
LATEST = datetime(9000, 1, 1)  # of a due date: days are added to it
ANY = ""  # the key of the due date for exercises without one of their own, and of an extension for every exercise


@dataclass(frozen=True)
class Extension:
    """More time for one student: `days`, which may be fractions, for an exercise such as "ex02" or, with "", for all.

    line: where it stands in extensions.csv, for messages.
    """

    student: str
    days: Decimal
    exercise: str = ANY
    reason: str = ""
    line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Policy:
    """When exercises are due, and what lateness costs. Without a due date nothing is late.

    due: exercise -> clock time in `zone`, without a zone of its own; the key "" is for exercises that have no other.
    per_day, cap: percent of an exercise's points; no more than `cap` is taken off. free_days: for each student, over
    all exercises. Raises ValueError for settings that make no sense.
    """

    due: Mapping[str, datetime] = field(default_factory=dict)
    zone: str = "UTC"
    grace: timedelta = timedelta(0)
    per_day: Decimal = Decimal(0)
    free_days: int = 0
    cap: Decimal = Decimal(100)
    extensions: Sequence[Extension] = ()

    def __post_init__(self) -> None:
        if any(due.tzinfo for due in self.due.values()):
            raise ValueError(
                "Expected due dates without a time zone, got one with: remove it, and set `timezone` instead."
            )
        if late := [due for due in self.due.values() if due > LATEST]:
            raise ValueError(f"Expected a due date before {LATEST:%Y}, got {late[0]}: delete it if there is none.")
        for name, value in (("percent_per_day", self.per_day), ("cap_percent", self.cap)):
            if not 0 <= value <= 100:
                raise ValueError(f"Expected a percentage from 0 to 100 for {name}, got {value}. Correct it.")
        if self.free_days < 0:
            raise ValueError(f"Expected 0 or more for free_days, got {self.free_days}. Correct it.")
        if self.grace < timedelta(0):
            raise ValueError(
                f"Expected 0 or more for grace_minutes, got {self.grace / timedelta(minutes=1):g}. Correct it."
            )
        for extension in self.extensions:
            if not 0 <= extension.days <= MOST_DAYS:
                raise ValueError(
                    f"Expected an extension of 0 to {MOST_DAYS} days, got {extension.days} for {extension.student}. "
                    "Correct it."
                )
        ZoneInfo(self.zone)

    def due_for(self, exercise: str) -> datetime | None:
        """Return the due date before extensions, as a clock time."""
        return self.due.get(exercise, self.due.get(ANY))

    def extension(self, student: str, exercise: str) -> timedelta:
        """Return the longest of the student's extensions for this exercise."""
        days = [
            extension.days
            for extension in self.extensions
            if normalized(extension.student) == normalized(student) and extension.exercise in (exercise, ANY)
        ]
        return timedelta(days=float(max(days, default=Decimal(0))))


@dataclass(frozen=True)
class Late:
    """days: days begun after the due date. free: how many of them free days pay for. percent: what is taken off."""

    days: int = 0
    free: int = 0
    percent: Decimal = Decimal(0)


def days_late(time: datetime, due: datetime, zone: str, grace: timedelta = timedelta(0)) -> int:
    """Count the days begun since `due`, a clock time in `zone`, at most MOST_DAYS; `time` must know its zone."""
    if time.tzinfo is None:
        raise ValueError(f"Expected a time with a time zone, got {time}, which has no time zone: give it one.")
    due_zone = ZoneInfo(zone)
    moment = time.astimezone(UTC)

    def end(day: int) -> datetime:
        return (due + timedelta(days=day)).replace(tzinfo=due_zone).astimezone(UTC) + grace

    # Search by halves for the fewest days whose end is not before the moment: the ends only grow.
    least = 0
    most = MOST_DAYS
    while least < most:
        middle = (least + most) // 2
        if moment <= end(middle):
            most = middle
        else:
            least = middle + 1
    return least


def lateness(student: str, times: Mapping[str, datetime], policy: Policy) -> dict[str, Late]:
    """Return what lateness costs in each exercise; `times`: exercise -> when it was submitted."""
    free_days_left = policy.free_days
    costs = {}
    for exercise in sorted(times, key=lambda name: (policy.due_for(name) or datetime.max, name)):
        due = policy.due_for(exercise)
        if due is None:
            costs[exercise] = Late()
            continue
        extended = due + policy.extension(student, exercise)
        days = days_late(times[exercise], extended, policy.zone, policy.grace)
        free = min(free_days_left, days)
        free_days_left -= free
        costs[exercise] = Late(days, free, min(policy.cap, policy.per_day * (days - free)))
    return costs
