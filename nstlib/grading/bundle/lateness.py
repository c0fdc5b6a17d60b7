"""What a late submission costs, as a pure function of times, policy and extensions.

A day late begins when the due date (with grace) has passed, and again at the same clock time on each day after, also
where a clock change makes a day 23 or 25 hours long. Free late days are spent on the exercises in the order in which
these are due. Submitting later never costs less; more grace, more free days or a longer extension never costs more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from nstlib.grading.escaping import normalized

__all__ = ["MOST_DAYS", "Extension", "Late", "Policy", "days_late", "lateness"]

MOST_DAYS = 1000  # counted; later is as late
ANY = ""  # the due date of every exercise that has none of its own; the extension that holds for every exercise


@dataclass(frozen=True)
class Extension:
    """More time for one student: `days`, with fractions, for an exercise such as "ex02" or, with "", for all."""

    student: str
    days: Decimal
    exercise: str = ANY
    reason: str = ""


@dataclass(frozen=True)
class Policy:
    """due: exercise -> clock time in `zone`, without a zone of its own; the key "" holds where there is no other.

    per_day, cap: percent of an exercise's points, cap being the most that is taken. free_days: for each student, over
    all exercises. Without a due date nothing is late. Raises ValueError for what makes no sense.
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
            raise ValueError("A due date is a clock time in the policy's time zone: leave its own zone out.")
        for name, value, most in (("percent_per_day", self.per_day, 100), ("cap_percent", self.cap, 100)):
            if not 0 <= value <= most:
                raise ValueError(f"{name} is {value}; percent are numbers from 0 to {most}.")
        if self.free_days < 0 or self.grace < timedelta(0):
            raise ValueError("Free late days and grace are 0 or more.")
        if any(not 0 <= each.days <= MOST_DAYS for each in self.extensions):
            raise ValueError(f"An extension has from 0 to {MOST_DAYS} days.")
        ZoneInfo(self.zone)

    def due_for(self, exercise: str) -> datetime | None:
        """The due date before extensions, as a clock time."""
        return self.due.get(exercise, self.due.get(ANY))

    def extension(self, student: str, exercise: str) -> timedelta:
        """The longest of the extensions that hold for the student and exercise."""
        own = [each for each in self.extensions if normalized(each.student) == normalized(student)]
        days = [each.days for each in own if each.exercise in (exercise, ANY)]
        return timedelta(days=float(max(days, default=Decimal(0))))


@dataclass(frozen=True)
class Late:
    """days: begun days after the due date. free: those of them paid with free days. percent: what is taken off."""

    days: int = 0
    free: int = 0
    percent: Decimal = Decimal(0)


def days_late(time: datetime, due: datetime, zone: str, grace: timedelta = timedelta(0)) -> int:
    """Count the days begun since `due`, a clock time in `zone`; `time` knows its zone. At most MOST_DAYS."""
    if time.tzinfo is None:
        raise ValueError(f"The time {time} of a submission has no time zone; without one it cannot be compared.")
    here, moment = ZoneInfo(zone), time.astimezone(UTC)

    def end(day: int) -> datetime:
        return (due + timedelta(days=day)).replace(tzinfo=here).astimezone(UTC) + grace

    least, most = 0, MOST_DAYS  # the fewest days with which the time is still within the end; ends only grow
    while least < most:
        middle = (least + most) // 2
        if moment <= end(middle):
            most = middle
        else:
            least = middle + 1
    return least


def lateness(student: str, times: Mapping[str, datetime], policy: Policy) -> dict[str, Late]:
    """Return what lateness costs for each exercise of `times`, exercise -> when it was submitted."""
    left, found = policy.free_days, {}
    for exercise in sorted(times, key=lambda each: (policy.due_for(each) or datetime.max, each)):
        due = policy.due_for(exercise)
        if due is None:
            found[exercise] = Late()
            continue
        extended = due + policy.extension(student, exercise)
        days = days_late(times[exercise], extended, policy.zone, policy.grace)
        free = min(left, days)
        left -= free
        found[exercise] = Late(days, free, min(policy.cap, policy.per_day * (days - free)))
    return found
