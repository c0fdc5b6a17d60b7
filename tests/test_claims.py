import math
import re

import numpy as np
import pytest
import torch

from nstlib import claim
from nstlib.claims import LINE, ClaimError, recording
from nstlib.errors import NstError
from tests.with_nbval import ROOT


@pytest.mark.parametrize(
    ("value", "bounds", "line"),
    [
        (0.3127, {"below": 1 / 2}, "✓ it: ≈ 0.313, below 0.5"),
        (torch.tensor(12345.6), {"above": 1e4}, "✓ it: ≈ 12346, above 10000"),
        (-62.63, {"above": -100, "below": 0}, "✓ it: ≈ -62.6, between -100 and 0"),
        (3e-17, {"below": 1e-12}, "✓ it: ≈ 3.00e-17, below 1.00e-12"),
        (np.float32(2), {"above": 1}, "✓ it: ≈ 2, above 1"),
        (16, {"equals": 16}, "✓ it: 16"),
        (torch.tensor([1, 2]), {"equals": [1, 2]}, "✓ it: [1, 2]"),
        ("relu1_1", {"equals": "relu1_1"}, "✓ it: relu1_1"),
        (0.1 + 0.2, {"equals": 0.3}, "✓ it: ≈ 0.3, equal up to rounding"),
        (torch.ones(3), {"equals": torch.ones(3) + 1e-6}, "✓ it: all entries equal up to rounding, the largest ≈ 1"),
        (torch.tensor(2.0), {"equals": 2}, "✓ it: ≈ 2, equal up to rounding"),
    ],
)
def test_a_claim_shows_its_number_and_its_bound_once(value, bounds, line, capsys):
    claim("it", value, **bounds)
    assert capsys.readouterr().out == line + "\n"


def test_a_claim_too_long_for_a_narrow_page_goes_on_in_a_second_line(capsys):
    words = "w" * (LINE - len("✓ : ≈ 3.36e-15, below 0.5"))
    claim(words, 3.36e-15, below=0.5)
    claim(f"{words}w", 0.1, below=0.5)  # the number is short, but might be longer on another machine
    claim("w" * 70, list(range(9)), equals=list(range(9)))
    assert capsys.readouterr().out.splitlines() == [
        f"✓ {words}: ≈ 3.36e-15, below 0.5",
        f"✓ {words}w:",
        "  ≈ 0.1, below 0.5",
        f"✓ {'w' * 70}:",
        "  [0, 1, 2, 3, 4, 5, 6, 7, 8]",
    ]


@pytest.mark.parametrize(
    ("value", "bounds", "words"),
    [
        (0.62, {"below": 0.5}, "below 0.5, got 0.62: if you changed"),
        (0.5, {"below": 0.5}, "below 0.5, got 0.5"),
        (0.5, {"above": 0.5}, "above 0.5, got 0.5"),
        (math.nan, {"above": 0}, "above 0, got nan"),
        (math.inf, {"above": 0}, "above 0, got inf"),
        (torch.tensor(math.nan), {"equals": 1.0}, "1, got nan"),
        (15, {"equals": 16}, "16, got 15"),
        ([1, 2], {"equals": [2, 1]}, r"\[2, 1\], got \[1, 2\]"),
        (torch.ones(2), {"equals": torch.tensor([1, 1.1])}, "a difference of 0.1 where the largest entry is 1.1"),
        (torch.ones(2), {"equals": torch.ones(3)}, r"of the shape \(3,\), got \(2,\)"),
        (torch.ones(1).double() + 1e-6, {"equals": torch.ones(1).double()}, "got 1"),
    ],
)
def test_a_claim_that_does_not_hold_says_what_was_found_and_prints_nothing(value, bounds, words, capsys):
    with pytest.raises(ClaimError, match=f"Expected it to be .*{words}"):
        claim("it", value, **bounds)
    assert not capsys.readouterr().out


def test_a_failed_claim_is_an_assertion_that_failed():
    assert issubclass(ClaimError, AssertionError) and issubclass(ClaimError, NstError)


@pytest.mark.parametrize(
    ("value", "bounds", "words"),
    [
        (1.0, {}, "Expected a bound, got none"),
        (1.0, {"equals": 1.0, "below": 2}, "either equals or bounds"),
        (torch.ones(2), {"below": 2}, "Expected one number for a bound, got 2"),
    ],
)
def test_what_is_no_claim_is_refused(value, bounds, words):
    with pytest.raises(NstError, match=words):
        claim("it", value, **bounds)


def test_claims_are_recorded_also_those_that_fail():
    with recording() as measured:
        claim("one", 1.0, above=0.5)
        with pytest.raises(ClaimError):
            claim("two", 2.0, below=1)
        claim("three", 3, equals=3)
    assert [(each.what, each.value, each.bound, each.kept) for each in measured] == [
        ("one", 1.0, "above 0.5", True),
        ("two", 2.0, "below 1", False),
        ("three", 3, "3", True),
    ]


def test_a_recording_can_go_on_past_a_claim_that_fails(capsys):
    with recording(raising=False) as measured:
        claim("one", 2.0, below=1)
        claim("two", torch.ones(2), equals=torch.zeros(2))
        claim("three", 0.5, below=1)
    assert [(each.what, each.kept) for each in measured] == [("one", False), ("two", False), ("three", True)]
    assert capsys.readouterr().out == "✓ three: ≈ 0.5, below 1\n"


@pytest.mark.parametrize("number", [0.31, 12346, -62.6, 3.4e-17, 5.2e9, 0, 0.00012])
def test_the_notebooks_mask_hides_all_that_may_differ(number, capsys):
    (pattern,) = re.findall(r"^regex: (≈.*)$", (ROOT / "notebooks" / "sanitize.cfg").read_text(encoding="utf-8"), re.M)
    claim("it", number, above=-1e3)
    assert re.sub(pattern, "NUMBER", capsys.readouterr().out) == "✓ it: NUMBER, above -1000\n"
