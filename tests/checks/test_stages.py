"""Of a program to repair, the first stage that goes another way is named, with what to look at."""

import dataclasses
import inspect

import pytest
import torch

from nstlib.checks import references
from nstlib.checks.matrices import WIDEST
from nstlib.checks.results import Block
from nstlib.checks.stages import noted
from tests.checks.hidden import QUESTIONS

TRANSFER, REPAINT = "ex05.bug_hunt", "ex09.bug_hunt"
CHANGED = [  # question, what stands in its right answer, what replaces it, words of the check
    (TRANSFER, "(pictures - mean) / deviation", "(pictures * 255 - mean) / deviation", "255 times too large"),
    (TRANSFER, "(pictures - mean) / deviation", "pictures - mean", "what is done with `deviation`"),
    (TRANSFER, "(pictures - mean) / deviation", "pictures", "`mean` and `deviation` cancel, or are not used"),
    (TRANSFER, "(pictures - mean) / deviation", "(pictures[:, [1, 0, 2]] - mean) / deviation", "in another order"),
    (TRANSFER, "(pictures - mean) / deviation", "(pictures.sqrt() - mean) / deviation", "on the way there"),
    (TRANSFER, "features(styles)", "features(styles[:1])", "painting 1, counted from 0, did not"),
    (TRANSFER, "(pictures - mean)", "(pictures / 255 - mean)", "255 times too small"),
    (TRANSFER, "(pictures - mean)", "(pictures[:, [0, 0, 2]] - mean)", "come from the picture's [0, 0, 2]"),
    (TRANSFER, "(pictures - mean)", "(pictures * 1.0005 - mean)", "nearly those expected"),
    (TRANSFER, "gram(features(styles))", "gram(features(contents))", "the paintings never go into the network"),
    (TRANSFER, "F @ F.mT / F.shape[2]", "F @ F.mT", "Every entry is M (M = 30) times"),
    (TRANSFER, "F @ F.mT / F.shape[2]", "F @ F.mT / F.numel()", "1 / (B N) (B = 2, N = 5) times"),
    (TRANSFER, "F @ F.mT / F.shape[2]", "F @ F.mT / F.shape[2] ** 2", "Every entry is 1 / M (M = 30) times"),
    (TRANSFER, "F @ F.mT / F.shape[2]", "F @ F.mT / (F.shape[2] - 1)", "You divided by M − 1"),
    (TRANSFER, "F @ F.mT / F.shape[2]", "torch.stack([torch.cov(f) for f in F])", "as `torch.cov` gives it"),
    (
        TRANSFER,
        "F @ F.mT / F.shape[2]",
        "(F / F.norm(dim=2, keepdim=True)).pow(1) @ (F / F.norm(dim=2, keepdim=True)).mT",
        "that is the cosine",
    ),
    (TRANSFER, "F @ F.mT / F.shape[2]", "F @ F.mT / (F.shape[2] - 30)", "are not finite: look in `gram`"),
    (TRANSFER, "F @ F.mT / F.shape[2]", "F.mT @ F / F.shape[2]", "one matrix a painting is expected, (2, 5, 5)"),
    (
        TRANSFER,
        "F @ F.mT / F.shape[2]",
        "(F @ F.mT / F.shape[2]).sum(0).expand(len(F), -1, -1)",
        "summed over the batch, too",
    ),
    (
        TRANSFER,
        "F = block.flatten(2)",
        "F = block.flatten(2) - block.flatten(2).mean(2, keepdim=True)",
        "that is the covariance",
    ),
    (TRANSFER, "F @ F.mT / F.shape[2]", "F @ F.mT / block.shape[3]", "H (H = 5) times"),
    (TRANSFER, "features(styles)", "features(styles.flip(0))", "that of the paintings [1, 0]"),
    (TRANSFER, "gram(features(styles))", "(features(styles), gram(kept))[1]", "These are the photos' Gram matrices"),
    (TRANSFER, "gram(features(styles))", "gram(features(styles) + 1)", "So `gram` is right"),
    (TRANSFER, "gram(features(styles))", "(gram(features(styles)) * 2)", "So `gram` is right"),
    (TRANSFER, "10 * (gram", "(gram", "Yours is 0.1 times the expected cost. Look in `closure`"),
    (TRANSFER, "contents.clone()", "torch.full_like(contents, 0.5)", "X does not begin with it"),
    (TRANSFER, "features(contents)", "features(styles)", "Besides X, the photos did not go into the network"),
    (TRANSFER, "features(contents)", "features(contents.flip(0))", "look at what is kept of the photo"),
    (TRANSFER, "features(contents)", "network(contents)", "`mean` and `deviation` cancel, or are not used"),
    (TRANSFER, "features(contents)", "features(contents.flip(1))", "in another order"),
    (TRANSFER, "now = features(x)", "now = network(x)", "The first X that the network sees is not the photo"),
    (TRANSFER, "now = features(x)", "now = features(x.flip(1))", "in another order"),
    (TRANSFER, "contents.clone()", "contents[:1].expand_as(contents).clone()", "It is photo 0"),
    (TRANSFER, "contents.clone()", "styles.clone()", "It is painting 0"),
    (TRANSFER, "contents.clone()", "contents[:1].clone()", "3 pictures as X, where 6 are expected"),
    (TRANSFER, "costs.append(cost.item())", "costs.append(round(cost.item(), 2))", "comes into the list"),
    (TRANSFER, "costs.append(cost.item())", "costs.append(cost.item() * 1.0003)", "Yours is 1.0003 times the expected"),
    (TRANSFER, "costs.append(cost.item())", "costs.append(float('nan'))", "look for a division by 0"),
    (TRANSFER, "max_iter=1", "max_iter=2", "how often it calls `closure`"),
    (TRANSFER, "(now - kept).square().mean()", "(now - kept).square().sum()", "Now that part should be"),
    (TRANSFER, "lr=0.5", "lr=1", "X moves by 2 times the expected step"),
    (TRANSFER, "        optimizer.zero_grad()\n", "", "Is each gradient a new one"),
    (TRANSFER, "(now - kept)", "(now.detach() - kept)", "without `detach`"),
    (
        TRANSFER,
        "LBFGS([x], lr=0.5, max_iter=1, history_size=5)",
        "Adam([x], lr=0.02)",
        "by the same amount, whatever its gradient, as Adam",
    ),
    (TRANSFER, "features(x)", "features(x.clamp(0, 1))", "look for a clamp"),
    (TRANSFER, "LBFGS([x], lr=0.5, max_iter=1, history_size=5)", "Adagrad([x], lr=0.01)", "as Adam and its kin do"),
    (TRANSFER, "LBFGS([x], lr=0.5, max_iter=1, history_size=5)", "SGD([x], lr=0.01)", "another optimiser than L-BFGS"),
    (TRANSFER, "optimizer.zero_grad()", "x.data.clamp_(0.01, 0.99); optimizer.zero_grad()", "within 0.01 … 0.99"),
    (TRANSFER, "lr=0.5", "lr=0.6", "X moves by 1.2 times"),
    (TRANSFER, "optimizer.step(closure)", "optimizer.step(closure); x.data.clamp_(0.01, 0.99)", "is right in between"),
    (TRANSFER, "now = features(x)", "now = features(contents.clone() + 0 * x)", "a copy that does not move with it"),
    (TRANSFER, "range(steps)", "range(steps - 1)", "One cost belongs to each step"),
    (TRANSFER, "history_size=5", "history_size=1", "Only `pictures` shows the last step"),
    (TRANSFER, "x.detach().clamp(0, 1)", "x.detach().clamp(0, 0.9)", "Only `pictures` shows the last step"),
    (REPAINT, "encode(contents), encode(styles)", "encode(contents), encoder(styles)", "for the paintings"),
    (REPAINT, "encode(styles)", "encode(styles[:1])", "painting 1, counted from 0, did not"),
    (REPAINT, "encode(styles)", "encode(contents)", "the paintings never go into the network"),
    (REPAINT, "+ 1e-5).sqrt()", "+ 1e-5)", "a root is missing"),
    (REPAINT, "* sigma_s + mu_s", "* sigma_s", "the painting's mean is not added"),
    (REPAINT, "(content - mu_c)", "(content - mu_s)", "the painting's mean is subtracted in place of the photo's"),
    (REPAINT, "/ sigma_c * sigma_s", "* sigma_s / sigma_c", ""),
    (REPAINT, "/ sigma_c * sigma_s", "/ sigma_s * sigma_c", "the two deviations are swapped"),
    (REPAINT, "(1 - strength) * content", "content", "keep the share 1 in place of 1 − strength"),
    (REPAINT, "block.mean((2, 3), keepdim=True)", "block.mean((1, 2, 3), keepdim=True)", "the means are not"),
    (REPAINT, "(content - mu_c)", "(content.roll(1, 1) - mu_c)", "no longer the photo's own"),
    (REPAINT, "decoder(features)", "decoder(moved)", "something else went into `decoder`"),
    (
        REPAINT,
        "decoder(features) * deviation + mean",
        "decoder(features)",
        "`deviation` and `mean` cancel, or are not used",
    ),
    (REPAINT, "decoder(features) * deviation + mean", "decoder(features) * deviation", "`mean` is not added"),
    (REPAINT, "decoder(features) * deviation + mean", "decoder(features) + mean", "`deviation` does not multiply"),
    (REPAINT, "decoder(features) * deviation + mean", "(decoder(features) + mean) * deviation", "before `deviation`"),
    (REPAINT, "decoder(features) * deviation + mean", "decoder(features) * deviation - mean", "in place of added"),
    (REPAINT, "decoder(features) * deviation + mean", "decoder(features) / deviation + mean", "divides in place of"),
    (REPAINT, "decoder(features) * deviation + mean", "(decoder(features) - mean) / deviation", "way in is taken once"),
    (REPAINT, "decoder(features) * deviation + mean", "decoder(features) * deviation + 2 * mean", "at the way back"),
    (REPAINT, "decoder(features) * deviation", "encoder(contents) * deviation", "We saw no call of `decoder`"),
]


def changed(question, old, new):
    """Return a question's right answer with one place changed."""
    source = inspect.getsource(QUESTIONS[question].reference)
    assert old in source
    names = {"torch": torch}
    exec(source.replace(old, new), names)
    return names[QUESTIONS[question].reference.__name__]


@pytest.mark.parametrize(("question", "old", "new", "words"), CHANGED)
def test_the_first_stage_that_differs_is_named(question, old, new, words):
    result = QUESTIONS[question].check(changed(question, old, new))
    assert result.outcome == ("not yet" if words else "correct") and result.misconception is None
    assert words in result.message, result.message
    assert all(len(row) <= WIDEST for line in result.lines if isinstance(line, Block) for row in line.splitlines())


def test_pictures_may_go_into_the_network_one_by_one():
    answer = changed(TRANSFER, "network((pictures - mean) / deviation)", "ONE(network, (pictures - mean) / deviation)")
    answer.__globals__["ONE"] = lambda network, batch: torch.cat([network(picture[None]) for picture in batch])
    assert QUESTIONS[TRANSFER].check(answer).outcome == "correct"
    answer = changed(TRANSFER, "network((pictures - mean) / deviation)", "ONE(network, (pictures - mean) / deviation)")
    answer.__globals__["ONE"] = lambda network, batch: torch.cat([network(picture[None]) for picture in batch + 1])
    message = QUESTIONS[TRANSFER].check(answer).message
    assert "4.367 · photo[0] − 1.118" in message


def test_a_program_that_cannot_be_watched_is_told_by_its_numbers():
    def by_its_parts(network, *more):
        answer = references.transfer(torch.nn.Sequential(*network), *more)
        return {**answer, "goal": answer["goal"] / 2}

    result = QUESTIONS[TRANSFER].check(by_its_parts)
    assert "The largest difference is at goal" in result.message


def test_small_numbers_stand_beside_the_expected_ones():
    result = QUESTIONS[REPAINT].check(changed(REPAINT, "* sigma_s + mu_s", "* sigma_s"))
    (block,) = (line for line in result.lines if isinstance(line, Block))
    heads, first, *_ = block.splitlines()
    assert heads.split() == ["filter", "yours", "expected", "photo", "painting"] and first.split()[:2] == ["0", "mean"]


def test_what_a_watched_program_prints_is_not_shown_again(capsys):
    printing = changed(TRANSFER, "    costs = []", "    print('once')\n    costs = []")
    noted(printing, QUESTIONS[TRANSFER].public_cases[0])
    assert not capsys.readouterr().out


def test_the_row_that_is_shown_of_a_step_is_one_that_differs():
    still = "x.data[0, :, -1:] = contents[0, :, -1:]; optimizer.zero_grad()"
    result = QUESTIONS[TRANSFER].check(changed(TRANSFER, "optimizer.zero_grad()", still))
    (block,) = (line for line in result.lines if isinstance(line, Block))
    mine, expected = ([row.split()[place] for row in block.splitlines()[1:]] for place in (1, 2))
    assert mine == ["0"] * 4 and mine != expected


def test_a_rate_is_told_where_x_is_clamped_too():
    faster = "optimizer.param_groups[0].update(lr=0.6); optimizer.step(closure); x.data.clamp_(0, 1)"
    answer = changed(TRANSFER, "optimizer.step(closure)", faster)
    message = QUESTIONS[TRANSFER].check(answer).message
    assert "stays within 0 … 1, and in between it moves by 1.2 times" in message


def test_a_changed_argument_is_told_beside_the_stage():
    answer = changed(TRANSFER, "    costs = []", "    styles.mul_(2); costs = [0.0]")
    message = QUESTIONS[TRANSFER].check(answer).message
    assert "One cost belongs to each step" in message and "changed an argument that it was given" in message


def test_the_matrix_that_is_shown_of_a_goal_is_one_that_differs():
    first = "gram(features(styles))[:1].expand(len(styles), -1, -1)"
    result = QUESTIONS[TRANSFER].check(changed(TRANSFER, "gram(features(styles))", first))
    (block,) = (line for line in result.lines if isinstance(line, Block))
    assert block.startswith("your goal[1]") and "Every matrix is that of painting 0" in result.message


def test_paintings_that_go_in_after_x_are_seen():
    late = "torch.zeros(1); x = contents.clone().requires_grad_(); kept = features(x).detach()"
    answer = changed(TRANSFER, "features(contents).detach()", late)
    assert QUESTIONS[TRANSFER].check(answer).outcome == "correct"
    source = "gram((features(x := contents.clone().requires_grad_()), features(styles.sqrt()))[1])"
    message = QUESTIONS[TRANSFER].check(changed(TRANSFER, "gram(features(styles))", source)).message
    assert "on the way there" in message and "never" not in message


def test_a_mistake_of_our_own_is_raised_but_a_learner_reads_the_numbers():
    def broken(function, cases, call):
        raise ZeroDivisionError

    question = dataclasses.replace(QUESTIONS[REPAINT], located=broken)
    answer = changed(REPAINT, "* sigma_s + mu_s", "* sigma_s")
    assert "The largest difference is at" in question.examine(answer).message
    with pytest.raises(ZeroDivisionError):
        question.stage(answer, question.verdict(answer))
