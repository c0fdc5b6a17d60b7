"""What is said of a program that repaints in one pass, wherever it goes another way."""

import inspect

import pytest
import torch

from tests.checks.hidden import QUESTIONS
from tests.checks.test_stages import REPAINT

MOVED = "(content - mu_c) / sigma_c * sigma_s + mu_s"
BLEND = "(1 - strength) * content + strength * moved"
BACK = "decoder(features) * deviation + mean"
ROWS = [  # what stands in the right answer, what replaces it, words of the check
    (BLEND, "content", "the photo's own: the painting's moments do not come in"),
    (BLEND, "moved", "as if the strength were 1"),
    (MOVED, "content / sigma_c * sigma_s + mu_s", "the photo's mean is not subtracted before the division"),
    (MOVED, "(content - mu_c) / sigma_c * sigma_s", "the painting's mean is not added"),
    (MOVED, "(content - mu_c) / sigma_c * sigma_s + mu_c", "the photo's mean is added in place of the painting's"),
    (MOVED, "(content - mu_s) / sigma_c * sigma_s + mu_s", "the painting's mean is subtracted in place of the photo's"),
    (MOVED, "(content - mu_c) / sigma_c * sigma_s - mu_s", "the painting's mean is subtracted in place of added"),
    (MOVED, "(content + mu_c) / sigma_c * sigma_s + mu_s", "the photo's mean is added in place of subtracted"),
    (MOVED, "(content - mu_c) * sigma_s + mu_s", "the photo's deviation does not divide"),
    (MOVED, "(content - mu_c) / sigma_c + mu_s", "the painting's deviation does not multiply"),
    (MOVED, "(content - mu_c) / sigma_s * sigma_c + mu_s", "the two deviations are swapped"),
    (MOVED, "(content - mu_s) / sigma_c * sigma_s + mu_c", "the two means are swapped"),
    (MOVED, "(content - mu_s) / sigma_s * sigma_c + mu_c", "the photo's moments and the painting's are swapped"),
    ("+ 1e-5).sqrt()", "+ 1e-5)", "a root is missing"),
    ("+ 1e-5).sqrt()", "+ 1e-5).sqrt().sqrt()", "one root too many"),
    (MOVED, "(content - mu_c) * sigma_c * sigma_s + mu_s", "the photo's deviation multiplies in place of dividing"),
    (MOVED, "content - mu_c + mu_s", "the photo's mean is replaced, and its deviation left as it is"),
    (MOVED, "content / sigma_c * sigma_s", "as where neither mean is used"),
    (BLEND, "content + strength * moved", "keep the share 1 in place of 1 − strength"),
    (BLEND, "strength * moved", "the photo's features do not come in"),
    (BLEND, "(1 - strength) * content + moved", "come in with the share 1 in place of the strength"),
    (BLEND, "(1 - strength) * content", "the moved features do not come in"),
    (BLEND, "(1 + strength) * content + strength * moved", "the share 1 + strength"),
    (BLEND, "(1 - strength) * content - strength * moved", "the moved features are subtracted"),
    (BLEND, "strength * content + strength * moved", "both have the share strength"),
    (BLEND, "(1 - strength) * content + (1 - strength) * moved", "both have the share 1 − strength"),
    (BLEND, "content + moved", "both have the share 1."),
]
LISTS = [
    ("block.mean((2, 3), keepdim=True)", "block.mean((0, 1, 2, 3), keepdim=True)", "over which dimensions `mu` is"),
    ("block.mean((2, 3), keepdim=True)", "block.mean((1, 2, 3), keepdim=True)", "over which dimensions `mu` is"),
    ("block.var((2, 3)", "block.var((1, 2, 3)", "over which dimensions `sigma` is"),
    (BLEND, "content.abs().sqrt()", "no longer the photo's own, times one number and plus another"),
    (MOVED, MOVED + " + (-1 - sigma_s).sqrt()", "your numbers are not finite"),
]
PICTURES = [
    (BACK, "decoder(features.flip(0)) * deviation + mean", "come from another place"),
    ("pictures.clamp(0, 1)", "pictures.clamp(0, 1).flip(1)", "come from another place"),
    ("pictures.clamp(0, 1)", "pictures.clamp(0, 0.9)", "Look at the limits"),
    ("pictures.clamp(0, 1)", "pictures.clamp(0.1, 1)", "Look at the limits"),
    ("pictures.clamp(0, 1)", "pictures.clamp(0, 1).flip(3)", "A row says none where"),
    ("pictures.clamp(0, 1)", "pictures.clamp(-1, 1)", "outside of 0 … 1"),
    (BACK, "decoder(features) * deviation", "`mean` is not added"),
    (BACK, "decoder(features) * deviation + mean / 2", "Look at the way back"),
    ("pictures.clamp(0, 1)", "pictures.clamp(0, 1)[:, :1]", "The shape is"),
    ("pictures.clamp(0, 1)", "pictures.sqrt().clamp(0, 1)", "Some numbers are not finite"),
]


def message(*changes):
    """Return what the check says to the right answer with these texts in it replaced."""
    source = inspect.getsource(QUESTIONS[REPAINT].reference)
    names = {"torch": torch}
    for old, new in changes:
        assert old in source
        source = source.replace(old, new)
    exec(source, names)
    return QUESTIONS[REPAINT].check(names[QUESTIONS[REPAINT].reference.__name__]).message


@pytest.mark.parametrize(("old", "new", "words"), [*ROWS, *LISTS, *PICTURES])
def test_each_way_that_goes_wrong_has_its_own_words(old, new, words):
    told = message((old, new))
    assert words in told, told


@pytest.mark.parametrize("call", ["encoder.forward", "torch.nn.Sequential(*encoder)"])
def test_of_an_encoder_that_is_called_past_our_watch_only_the_numbers_are_told(call):
    encode = "encoder((pictures - mean) / deviation)"
    told = message((encode, encode.replace("encoder", call, 1)), ("* sigma_s + mu_s", "* sigma_s"))
    assert "never called" not in told and "The first thing that differs" not in told
    assert "The largest difference is at" in told, told


def test_of_an_encoder_that_is_watched_half_the_time_nothing_is_said_of_its_inputs():
    told = message(
        ("encode(styles)", "encoder.forward((styles - mean) / deviation)"), ("* sigma_s + mu_s", "* sigma_s")
    )
    assert "The first thing that differs" not in told, told


def test_a_decoder_that_is_called_past_our_watch_is_told_by_features_and_then_by_pictures():
    assert "We saw no call of `decoder`" in message((BACK, "decoder.forward(features) * deviation"))
    assert "Not all that goes into `decoder` could be seen" in message(
        (BACK, "torch.cat([decoder(features[:1]), decoder.forward(features[1:])]) * deviation")
    )


def test_a_returned_channel_is_told_by_the_decoded_one_that_it_is():
    assert "0.225 · decoded[0, 2] + 0.406" in message(("pictures.clamp(0, 1)", "pictures.clamp(0, 1).flip(1)"))
