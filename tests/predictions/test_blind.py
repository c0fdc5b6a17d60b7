import base64
import io
import math

import pytest
import torch
from PIL import Image

from nstlib.errors import NstError
from nstlib.predictions import BlindChoice, chance_of

DARK, LIGHT = 0.2, 0.8


def card(n=4, seed=0):
    """Pairs of even greys; the n-th pair is a little lighter than the one before."""
    return BlindChoice(
        {name: [torch.full((3, 10, 12), level + index / 100) for index in range(n)] for name, level in METHODS}, seed
    )


METHODS = (("dark", DARK), ("light", LIGHT))


def levels(choice):
    """The grey of the left and of the right picture that the page shows."""
    images = [Image.open(io.BytesIO(base64.b64decode(each.split(",")[1]))) for each in choice.pair]
    assert all(min(image.size) >= 256 for image in images)
    return [round(image.getpixel((0, 0))[0] / 255, 2) for image in images]


def send(choice, **content):
    choice._handle_custom_msg(content, [])


def played(seed, n=4):
    choice, seen = card(n, seed), []
    for _ in range(n):
        seen.append(levels(choice))
        choice.vote("left")
    return choice, seen


def test_every_pair_is_shown_once_and_what_is_counted_is_what_was_chosen():
    choice, seen = played(seed=3, n=8)
    assert sorted(min(pair) for pair in seen) == [round(DARK + index / 100, 2) for index in range(8)]
    assert all(max(pair) - min(pair) == pytest.approx(LIGHT - DARK, abs=0.011) for pair in seen)
    dark_left = sum(left < right for left, right in seen)
    assert choice.preferred == {"dark": dark_left, "light": 8 - dark_left} and 0 < dark_left < 8
    for told, (left, right) in zip(choice.rounds, seen, strict=True):
        assert told == f"left {name(left)}, right {name(right)}: you chose {name(left)}"


def name(level):
    return "dark" if level < 0.5 else "light"


def test_the_seed_shuffles_pairs_and_sides():
    shown = [played(seed)[1] for seed in (0, 0, 1, 2, 3)]
    assert shown[0] == shown[1] and len({str(each) for each in shown}) > 2


def test_no_name_reaches_the_page_before_the_last_vote():
    choice = card(2)
    for _ in range(2):
        state = str(choice.get_state()) + str(choice._repr_mimebundle_())
        assert "dark" not in state and choice.verdict == "" and choice.rounds == []
        with pytest.raises(NstError, match=r"Expected 2 votes, \d to go"):
            _ = choice.preferred
        choice.vote("right")
    assert choice.verdict and "dark" in choice.rounds[0] and len(choice.rounds) == 2


def test_a_vote_from_the_page_counts_once_and_only_for_the_pair_that_it_shows():
    choice = card(3)
    for _ in range(2):
        send(choice, vote="left", number=1)
    assert choice.number == 2 and choice.verdict == ""
    for content in ({}, {"vote": "up", "number": 2}, {"vote": "left"}, {"vote": ["left"], "number": 2}):
        choice._handle_custom_msg(content, [])
    choice._handle_custom_msg("left", [])
    assert choice.number == 2


def test_after_the_last_vote_nothing_changes():
    choice, _ = played(seed=0)
    before = choice.preferred
    choice.vote("right")
    assert choice.preferred == before


def test_an_equal_count_is_no_preference():
    choice = card(2, seed=0)
    choice.vote("left")
    choice.vote("left" if choice._sides[0][0] != choice._sides[1][0] else "right")
    assert choice.verdict == "You chose each of the two 1 time: no preference."


def test_a_word_that_is_no_side_is_refused():
    with pytest.raises(NstError, match="Expected 'left' or 'right', got 'both'"):
        card().vote("both")


@pytest.mark.parametrize("counts", [(2, 3), (0, 0), (1,), (1, 1, 1)])
def test_other_than_two_methods_of_equally_many_pictures_are_refused(counts):
    picture = torch.zeros(3, 8, 8)
    with pytest.raises(NstError, match="Expected two methods with equally many pictures"):
        BlindChoice({str(n): [picture] * count for n, count in enumerate(counts)})


def test_without_javascript_a_sentence_stands_in_its_place():
    bundle = card()._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert data["text/plain"] == "A blind choice, 4 pairs of pictures: run this cell in JupyterLab to vote."


@pytest.mark.parametrize("total", [1, 7, 10])
def test_the_chance_is_that_of_all_tosses_counted(total):
    heads = [bin(toss).count("1") for toss in range(2**total)]
    for votes in range(math.ceil(total / 2), total + 1):
        counted = sum(max(count, total - count) >= votes for count in heads) / 2**total
        assert chance_of(votes, total) == pytest.approx(counted)
