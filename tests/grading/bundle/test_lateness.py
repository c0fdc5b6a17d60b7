from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nstlib.grading.bundle.lateness import MOST_DAYS, Extension, Late, Policy, days_late, lateness

DUE = datetime(2027, 3, 1, 23, 59)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kolkata")


def at(after: timedelta, due: datetime = DUE) -> datetime:
    return due.replace(tzinfo=UTC) + after


def test_the_moment_that_is_due_is_in_time_and_the_next_is_a_day_late():
    assert [days_late(at(after), DUE, "UTC") for after in (-DAY, timedelta(0))] == [0, 0]
    assert days_late(at(timedelta(microseconds=1)), DUE, "UTC") == 1
    assert [days_late(at(n * DAY), DUE, "UTC") for n in (1, 2, 3)] == [1, 2, 3]
    assert days_late(at(DAY + MINUTE), DUE, "UTC") == 2


def test_grace_moves_each_days_end():
    assert days_late(at(10 * MINUTE), DUE, "UTC", 10 * MINUTE) == 0
    assert days_late(at(11 * MINUTE), DUE, "UTC", 10 * MINUTE) == 1
    assert days_late(at(DAY + 10 * MINUTE), DUE, "UTC", 10 * MINUTE) == 1


def test_the_due_date_is_a_clock_time_in_its_zone_whatever_zone_the_time_is_told_in():
    in_berlin = datetime(2027, 3, 1, 23, 59, tzinfo=ZoneInfo("Europe/Berlin"))
    for zone in ZONES:
        assert days_late(in_berlin.astimezone(ZoneInfo(zone)), DUE, "Europe/Berlin") == 0
        assert days_late((in_berlin + MINUTE).astimezone(ZoneInfo(zone)), DUE, "Europe/Berlin") == 1
    assert days_late(in_berlin, DUE, "America/New_York") == 0  # there it is six hours earlier


@pytest.mark.parametrize("due, hours", [(datetime(2027, 3, 27, 12), 23), (datetime(2027, 10, 30, 12), 25)])
def test_a_day_ends_at_the_same_clock_time_when_clocks_change(due, hours):
    start = due.replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    assert days_late(start + hours * HOUR, due, "Europe/Berlin") == 1
    assert days_late(start + hours * HOUR + MINUTE, due, "Europe/Berlin") == 2


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="has no time zone"):
        days_late(DUE, DUE, "UTC")


def test_percent_a_day_up_to_the_cap():
    policy = Policy({"": DUE}, per_day=Decimal(10), cap=Decimal(35))
    percents = [lateness("anna", {"ex02": at(n * DAY)}, policy)["ex02"].percent for n in range(6)]
    assert percents == [0, 10, 20, 30, 35, 35]


def test_without_a_due_date_nothing_is_late():
    assert lateness("anna", {"ex02": at(99 * DAY)}, Policy(per_day=Decimal(10))) == {"ex02": Late()}
    only_one = Policy({"ex01": DUE}, per_day=Decimal(10))
    costs = lateness("anna", {"ex01": at(DAY), "ex02": at(DAY)}, only_one)
    assert (costs["ex01"].days, costs["ex02"].days) == (1, 0)


def test_free_days_are_spent_on_what_was_due_first():
    policy = Policy({"ex02": DUE, "ex01": DUE + 7 * DAY}, per_day=Decimal(10), free_days=3)
    costs = lateness("anna", {"ex01": at(9 * DAY), "ex02": at(2 * DAY)}, policy)
    assert costs == {"ex02": Late(2, 2, Decimal(0)), "ex01": Late(2, 1, Decimal(10))}


def test_the_longest_extension_holds_and_only_for_its_student_and_exercise():
    extensions = (
        Extension("anna", Decimal("1.5"), "ex02"),
        Extension("anna", Decimal(1)),
        Extension("ben", Decimal(9)),
    )
    policy = Policy({"": DUE}, per_day=Decimal(10), extensions=extensions)
    times = {"ex01": at(36 * HOUR), "ex02": at(36 * HOUR)}
    assert {name: late.days for name, late in lateness("anna", times, policy).items()} == {"ex01": 1, "ex02": 0}
    assert lateness("cleo", times, policy)["ex02"].days == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"due": {"": DUE.replace(tzinfo=UTC)}},
        {"per_day": Decimal(-1)},
        {"per_day": Decimal(101)},
        {"cap": Decimal(120)},
        {"free_days": -1},
        {"grace": -MINUTE},
        {"extensions": (Extension("anna", Decimal(-1)),)},
        {"zone": "Mars/Olympus"},
    ],
)
def test_a_policy_without_sense_is_refused(wrong):
    with pytest.raises((ValueError, KeyError)):
        Policy(**wrong)


def test_the_far_future_is_as_late_as_can_be():
    assert days_late(datetime.max.replace(tzinfo=UTC), DUE, "UTC") == MOST_DAYS
    assert days_late(datetime.min.replace(tzinfo=UTC), DUE, "UTC") == 0


# Whoever submits later never pays less

percents = st.decimals(0, 100, places=1)
minutes = st.integers(-3 * 1440, 40 * 1440).map(lambda n: timedelta(minutes=n))
exercises = st.sampled_from(["ex01", "ex02", "ex03"])
dues = st.dictionaries(st.sampled_from(["", "ex01", "ex02", "ex03"]), minutes.map(lambda after: DUE + after))
extended = st.builds(
    Extension, st.sampled_from(["anna", "ben"]), st.decimals(0, 9, places=2), st.sampled_from(["", "ex01", "ex02"])
)
policies = st.builds(
    Policy,
    due=dues,
    zone=st.sampled_from(ZONES),
    grace=st.integers(0, 2000).map(lambda n: timedelta(minutes=n)),
    per_day=percents,
    free_days=st.integers(0, 12),
    cap=percents,
    extensions=st.lists(extended, max_size=4).map(tuple),
)
submitted = st.dictionaries(exercises, minutes.map(at), min_size=1)


def _paid(times, policy):
    return {name: late.percent for name, late in lateness("anna", times, policy).items()}


@given(policies, submitted, exercises, st.integers(0, 20 * 1440))
def test_later_never_costs_less_in_any_exercise(policy, times, exercise, more):
    later = times | ({exercise: times[exercise] + timedelta(minutes=more)} if exercise in times else {})
    before, after = _paid(times, policy), _paid(later, policy)
    assert all(before[name] <= after[name] for name in times)


@given(policies, submitted, st.integers(0, 5), st.integers(0, 600), extended)
def test_more_kindness_never_costs_more(policy, times, days, grace, extension):
    before = _paid(times, policy)
    for kinder in (
        {"free_days": policy.free_days + days},
        {"grace": policy.grace + timedelta(minutes=grace)},
        {"extensions": (*policy.extensions, extension)},
    ):
        after = _paid(times, Policy(**{**vars(policy), **kinder}))
        assert all(after[name] <= before[name] for name in times)


@given(policies, submitted)
def test_what_is_taken_stays_within_the_cap_and_free_days_within_the_pool(policy, times):
    costs = lateness("anna", times, policy).values()
    assert all(0 <= late.percent <= policy.cap and 0 <= late.free <= late.days for late in costs)
    assert sum(late.free for late in costs) <= policy.free_days
    assert all(late.percent == 0 for late in costs if late.days == late.free)


@given(policies, submitted)
def test_the_order_in_which_exercises_are_given_does_not_matter(policy, times):
    assert lateness("anna", times, policy) == lateness("anna", dict(reversed(times.items())), policy)
