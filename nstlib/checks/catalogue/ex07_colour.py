"""ex07.colour: a painting in a photo's colours."""

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.questions import FORESEEN, TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw


def _pictures(draw: Draw) -> list[Case]:
    """Draw pictures of equally many pixels, or of many: by M or by M − 1, the result is the same."""
    cases = [_by_hand(draw)]
    for is_dark, equal, *ranges in (
        (False, True, (5, 6), (7, 9)),
        (True, True, (9, 11), (4, 7)),
        (False, False, (24, 26), (30, 34), (40, 44)),
    ):
        height, width, *more = draw.sizes(*ranges)
        other = height if equal else more[0]
        matched = torch.zeros(1)
        while (matched.min() >= 0) if is_dark else (matched.max() <= 1):  # until clipping would show
            style, content = _mixed(draw, height, width), _mixed(draw, width, other) * 0.8 + 0.1
            if is_dark:  # down to 0 in each colour
                content = content - content.amin((1, 2), keepdim=True)
            matched = references.match_colour(style, content)
        words = f"a style of {height} × {width} pixels and a content of {width} × {other}"
        cases.append(Case((style, content), words, {}, gradient=()))
    return cases


def _by_hand(draw: Draw) -> Case:
    """Draw pictures of six pixels, of which two differ from the mean in red alone, two in green and two in blue.

    So both covariances are diagonal, and each colour can be worked out by itself.
    """
    means = draw.shuffled((0.375, 0.5, 0.625))  # in binary digits: beside the diagonal is 0, and not −1e-18
    aparts = draw.shuffled((0.125, 0.25, 0.375))
    pictures = []
    for size in ((2, 3), (3, 2)):
        pixels = torch.tensor(means, dtype=torch.float64)[:, None].repeat(1, 6)
        for number, place in enumerate(draw.shuffled(range(6))):
            pixels[number // 2, place] += aparts[number // 2] * (-1) ** number
        pictures.append(pixels.reshape(3, *size))
        means, aparts = draw.shuffled(means, unlike=means), draw.shuffled(aparts, unlike=aparts)
    return Case(tuple(pictures), "a style of 2 × 3 pixels and a content of 3 × 2", {}, gradient=())


def _mixed(draw: Draw, *size: int) -> torch.Tensor:
    """Draw a picture whose three colours vary together, but none is given by the two others."""
    mix = torch.zeros(3, 3)
    while torch.linalg.svdvals(mix).min() < 0.15:
        mix = draw.uniform(3, 3, low=0.1, high=0.5) + 0.3 * torch.eye(3).double()
    return torch.einsum("ij,jhw->ihw", mix, draw.uniform(3, *size))


def _triangular(style, content):
    s, c = style.flatten(1), content.flatten(1)
    turn = torch.linalg.cholesky(torch.cov(c)) @ torch.linalg.inv(torch.linalg.cholesky(torch.cov(s)))
    return (turn @ (s - s.mean(1, keepdim=True)) + c.mean(1, keepdim=True)).reshape(style.shape)


def _each_channel(style, content):
    s, c = style.flatten(1), content.flatten(1)
    scale = c.std(1, keepdim=True) / s.std(1, keepdim=True)
    return (scale * (s - s.mean(1, keepdim=True)) + c.mean(1, keepdim=True)).reshape(style.shape)


def _mean_only(style, content):
    return style - style.mean((1, 2), keepdim=True) + content.mean((1, 2), keepdim=True)


def _no_root(style, content):
    s, c = style.flatten(1), content.flatten(1)
    turn = torch.cov(c) @ torch.linalg.inv(torch.cov(s))
    return (turn @ (s - s.mean(1, keepdim=True)) + c.mean(1, keepdim=True)).reshape(style.shape)


def _undivided(style, content):
    mean = content.mean((1, 2), keepdim=True)
    return (references.match_colour(style, content) - mean) * (content[0].numel() / style[0].numel()) ** 0.5 + mean


def _own_mean(style, content):
    matched = references.match_colour(style, content)
    return matched - content.mean((1, 2), keepdim=True) + style.mean((1, 2), keepdim=True)


def _power(picture, exponent):
    values, axes = torch.linalg.eigh(torch.cov(picture.flatten(1), correction=0))
    return axes @ (values**exponent).diag() @ axes.T


def _turned(style, content, turn):
    s, mean = style.flatten(1), content.mean((1, 2), keepdim=True)
    return (turn @ (s - s.mean(1, keepdim=True))).reshape(style.shape) + mean


def _entries_root(picture):
    return torch.cov(picture.flatten(1), correction=0).abs().sqrt()


def _not_centred(style, content):
    turn = _power(content, 0.5) @ _power(style, -0.5)
    return (turn @ style.flatten(1)).reshape(style.shape) - style.mean((1, 2), keepdim=True) + _mean(content)


def _mean(picture):
    return picture.mean((1, 2), keepdim=True)


def _inverse_turn(style, content):
    return _turned(style, content, _power(style, 0.5) @ _power(content, -0.5))


def _whitened(style, content):
    return _turned(style, content, _power(style, -0.5))


def _wrong_order(style, content):
    return _turned(style, content, _power(style, -0.5) @ _power(content, 0.5))


def _unrooted_content(style, content):
    return _turned(style, content, _power(content, 1.0) @ _power(style, -0.5))


colour = Question(
    id="ex07.colour",
    points=2,
    reference=references.match_colour,
    cases=_pictures,
    tolerance=1e-3,  # a small number added to the covariance before its inverse is common, and harmless
    confirmation="The style's pixels with the content's mean and covariance, whatever the order of the channels.",
    hints=(
        "Pixels as columns of three numbers: subtract their mean, turn and stretch them, add the other mean.",
        "Stretch so that the covariance becomes 1, then so that it becomes the content's.",
        "The symmetric root: `values, axes = torch.linalg.eigh(cov)`, then `axes @ values.sqrt().diag() @ axes.T`.",
    ),
    reread="lesson 07, section 8",
    difficulty=4,
    importance=3,
    minutes=15,
    misconceptions=(
        Misconception(
            "exchanged",
            lambda style, content: references.match_colour(content, style),
            "Style and content are exchanged: you gave the photo the painting's colours.",
            "jcjohnson/neural-style changes colours the other way, afterwards",
        ),
        Misconception(
            "mean-only",
            _mean_only,
            "Only the mean colour is the content's. How colours vary, and together, is still the style's.",
            "colour transfer by means alone",
        ),
        Misconception(
            "each-channel",
            _each_channel,
            "Each channel has its mean and deviation, but not the covariances: which colours go together is still the "
            "style's. That needs 3 × 3 matrices.",
            "Reinhard et al. 2001 match each channel",
        ),
        Misconception(
            "triangular",
            _triangular,
            "Mean and covariance are right, but with the triangular root (Cholesky) the result depends on the order of "
            "the channels. The symmetric root is wanted.",
            "Gatys et al. 2016, arXiv:1606.05897, discuss both roots",
            credit=1,
        ),
        Misconception(
            "no-root",
            _no_root,
            "You multiplied by the covariances themselves. A picture stretched by A has the covariance A Cov Aᵀ: take "
            "roots.",
            FORESEEN,
        ),
        Misconception(
            "own-mean",
            _own_mean,
            "The covariance is the content's, the mean is still the style's. Add the content's mean.",
            FORESEEN,
            credit=1,
        ),
        Misconception(
            "clipped",
            lambda style, content: references.match_colour(style, content).clamp(0, 1),
            "You clipped to [0, 1]. That changes mean and covariance: clip when the picture is shown, not here.",
            "Gatys et al. 2016, arXiv:1606.05897",
            credit=1,
        ),
        Misconception(
            "no-mean",
            lambda style, content: references.match_colour(style, content) - content.mean((1, 2), keepdim=True),
            "The covariance is the content's, but the mean is 0: add the content's mean at the end.",
            TRIED,
            credit=1,
        ),
        Misconception(
            "not-centred",
            _not_centred,
            "You turned the style before you subtracted its mean, so the mean was turned with it. Subtract it first.",
            TRIED,
        ),
        Misconception(
            "not-divided",
            _undivided,
            "Your covariances are sums: divide each by its picture's number of pixels, or a picture of more pixels "
            "gives more contrast.",
            TRIED,
            credit=1,
        ),
        Misconception(
            "turned-inside-out",
            _inverse_turn,
            "The two roots are exchanged: you divided by the content's and multiplied by the style's.",
            TRIED,
        ),
        Misconception(
            "whitened",
            _whitened,
            "The covariance is the identity: you took the style's away and did not give it the content's.",
            TRIED,
        ),
        Misconception(
            "wrong-order",
            _wrong_order,
            "The two roots are multiplied in the wrong order. From the right: first the style's is taken away, then "
            "the content's is given.",
            TRIED,
        ),
        Misconception(
            "elementwise-root",
            lambda style, content: _turned(style, content, _entries_root(content) @ _entries_root(style).inverse()),
            "You took the root of each entry of Σ. The symmetric root is a matrix that gives Σ when it is multiplied "
            "with itself: take the roots of the eigenvalues, from `torch.linalg.eigh`, and put the matrix together "
            "again.",
            TRIED,
        ),
        Misconception(
            "variances-for-roots",
            _unrooted_content,
            "The content's covariance is there without its root. A picture stretched by A has the covariance A Cov "
            "Aᵀ: take the root.",
            TRIED,
        ),
    ),
)
