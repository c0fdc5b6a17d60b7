"""ex09.adain: moments swapped."""

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.questions import FORESEEN, TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw


def _features(draw: Draw) -> list[Case]:
    cases = [_adain_case(draw.whole(2, 1, 3), draw.whole(2, 2, 2), 1.0)]
    flat = torch.cat([draw.whole(1, 1, 3), torch.zeros(1, 1, 3)])
    cases.append(_adain_case(flat, draw.whole(2, 2, 2), 0.5, dead=True))
    for dtype, filters, ranges, dead in (
        (torch.float64, (3, 4), ((4, 5), (6, 7), (8, 9), (5, 7)), True),
        (torch.float32, (5, 6), ((7, 9), (4, 5), (3, 4), (6, 7)), False),
        (torch.float64, (7, 8), ((3, 4), (5, 6), (6, 7), (8, 9)), True),
    ):
        n, height, width, height_s, width_s = draw.sizes(filters, *ranges)
        content = draw.normal(n, height, width, dtype=dtype)
        spread = draw.uniform(n, 1, 1, low=0.4, high=3, dtype=dtype)
        style = draw.normal(n, height_s, width_s, mean=0.9, dtype=dtype) * spread
        if dead:
            content[draw.sizes((0, n - 1))[0]] = 0
        cases.append(_adain_case(content, style, round(draw.number(0.2, 0.8), 2), dead))
    return cases


def _adain_case(content: torch.Tensor, style: torch.Tensor, strength: float, dead: bool = False) -> Case:
    n, height, width = content.shape
    words = f"{n} filters on {height} × {width} and {style.shape[1]} × {style.shape[2]} positions, strength {strength}"
    words += ", one filter of the content 0 everywhere" if dead else ""
    return Case((content, style, strength), words, {"N": n, "M": height * width}, gradient=())


def _mu(block):
    return block.mean((1, 2), keepdim=True)


def _sigma(block):
    return block.std((1, 2), correction=0, keepdim=True)


def _blend(content, moved, strength):
    return (1 - strength) * content + strength * moved


def _over(a, b):
    """Divide; where `b` is 0, so is the result."""
    return torch.where(b > 0, a / b, 0)


def _rescaled(content, style, strength, spread, centre=_mu):
    scaled = _over(spread(style), spread(content)) * (content - centre(content)) + centre(style)
    return _blend(content, scaled, strength)


def _moved(of_content, of_style):
    """Move by what gives the mean and the deviation of the content, and of the style."""
    (mean_c, sigma_c), (mean_s, sigma_s) = of_content, of_style

    def answer(content, style, strength):
        scaled = _over(sigma_s(style), sigma_c(content)) * (content - mean_c(content)) + mean_s(style)
        return _blend(content, scaled, strength)

    return answer


def _row_sigma(block):
    return block.std(2, correction=0, keepdim=True)


def _of_all(block):
    return block.std(correction=0).expand(len(block), 1, 1)


def _size(block):
    return block.square().mean((1, 2), keepdim=True).sqrt()


def _range(block):
    return block.amax((1, 2), keepdim=True) - block.amin((1, 2), keepdim=True)


def _mean_of_all(block):
    return block.mean().expand(len(block), 1, 1)


def _left_alone(content, style, strength):
    return torch.where(_sigma(content) > 0, references.adain(content, style, strength), content)


def _over_filters(content, style, strength):
    mean, deviation = content.mean(0, keepdim=True), content.std(0, correction=0, keepdim=True)
    return _blend(content, (content - mean) / deviation * _sigma(style) + _mu(style), strength)


adain = Question(
    id="ex09.adain",
    points=3,
    reference=references.adain,
    cases=_features,
    tolerance=1e-3,  # a small number beside the deviation is common, and harmless
    confirmation="Each filter has the style's mean and spread, as far as `strength` says, and one that is flat stays "
    "finite.",
    hints=(
        "Three steps for each filter: take its own mean and spread away, give it the style's, then blend with what it "
        "was.",
        "Which filter of a call divides 0 by 0? After the first step it is 0 everywhere: what should it be after the "
        "second?",
        "σ_S / σ_C where σ_C > 0, else 0, times (F − μ_C), plus μ_S; then (1 − strength) · F + strength · that.",
    ),
    reread="lesson 09, section 1",
    bonus=True,
    difficulty=2,
    importance=4,
    minutes=10,
    misconceptions=(
        Misconception(
            "sample-deviation",
            lambda c, s, t: _rescaled(c, s, t, lambda F: F.std((1, 2), keepdim=True)),
            "Your deviations divide by M − 1, as `torch.std` does unless told otherwise. Content and style have "
            "different M, so it does not cancel: `correction=0`.",
            "naoto0804/pytorch-AdaIN and its many copies take `var` as it comes",
            credit=2,
        ),
        Misconception(
            "exchanged",
            lambda c, s, t: references.adain(s, c, t),
            "Content and style are exchanged: this is the style's layout with the content's moments. The result has "
            "the content's height and width.",
            FORESEEN,
        ),
        Misconception(
            "variances",
            lambda c, s, t: _rescaled(c, s, t, lambda F: _sigma(F).square()),
            "You scaled by the ratio of the variances. A filter that is doubled has 4 times its variance: "
            "take the deviations.",
            "jonrei/tf-AdaIN, issue 10: which of variance and deviation a batch norm takes",
        ),
        Misconception(
            "layer-wide",
            lambda c, s, t: _rescaled(c, s, t, _of_all, _mean_of_all),
            "You took one mean and one deviation for the whole layer. Each filter has its own, over its positions "
            "alone: dimensions 1 and 2.",
            "layer normalisation in place of instance normalisation",
        ),
        Misconception(
            "layer-wide-sample",
            lambda c, s, t: _rescaled(c, s, t, lambda F: F.std().expand(len(F), 1, 1), _mean_of_all),
            "You took one mean and one deviation for the whole layer, and that one divides by one less than the count. "
            "Each filter has its own, over its positions alone: dimensions 1 and 2, and `correction=0`.",
            TRIED,
        ),
        *(
            Misconception(
                name,
                _moved(of_content, of_style),
                f"{words} Each filter has its own mean and deviation, over its positions alone: dimensions 1 and 2, of "
                "the content and of the style.",
                TRIED,
            )
            for name, of_content, of_style, words in (
                (
                    "one-mean",
                    (_mean_of_all, _sigma),
                    (_mean_of_all, _sigma),
                    "You took one mean for the whole layer, and a deviation for each filter.",
                ),
                (
                    "one-deviation",
                    (_mu, _of_all),
                    (_mu, _of_all),
                    "You took one deviation for the whole layer, and a mean for each filter.",
                ),
                (
                    "one-mean-of-the-style",
                    (_mu, _sigma),
                    (_mean_of_all, _sigma),
                    "You took one mean for the whole of the style.",
                ),
                (
                    "one-deviation-of-the-style",
                    (_mu, _sigma),
                    (_mu, _of_all),
                    "You took one deviation for the whole of the style.",
                ),
                (
                    "layer-wide-style",
                    (_mu, _sigma),
                    (_mean_of_all, _of_all),
                    "You took one mean and one deviation for the whole of the style.",
                ),
                (
                    "one-mean-of-the-content",
                    (_mean_of_all, _sigma),
                    (_mu, _sigma),
                    "You took one mean for the whole of the content.",
                ),
                (
                    "one-deviation-of-the-content",
                    (_mu, _of_all),
                    (_mu, _sigma),
                    "You took one deviation for the whole of the content.",
                ),
                (
                    "layer-wide-content",
                    (_mean_of_all, _of_all),
                    (_mu, _sigma),
                    "You took one mean and one deviation for the whole of the content.",
                ),
            )
        ),
        Misconception(
            "row-by-row",
            lambda c, s, t: _blend(c, _over(c - c.mean(2, True), _row_sigma(c)) * _sigma(s) + _mu(s), t),
            "You took the content's mean and deviation along each row of a map. They run over all of a filter's "
            "positions: dimensions 1 and 2 together.",
            TRIED,
        ),
        Misconception(
            "flat-divided",
            lambda c, s, t: _blend(c, _sigma(s) * ((c - _mu(c)) / _sigma(c)) + _mu(s), t),
            "A filter that is 0 everywhere in the content has the deviation 0, and dividing by it gives `nan` or "
            "infinity. Divide by a deviation that is never 0, such as `(var + 1e-8).sqrt()`.",
            "naoto0804/pytorch-AdaIN, pull request 2: avoid dividing by zero",
            credit=2,
        ),
        Misconception(
            "over-filters",
            _over_filters,
            "You normalised the content over its filters, position by position. Mean and deviation of one filter run "
            "over its positions: dimensions 1 and 2.",
            FORESEEN,
        ),
        Misconception(
            "mean-only",
            lambda c, s, t: _blend(c, c - _mu(c) + _mu(s), t),
            "The means are the style's, the spreads are still the content's. Multiply by σ_S / σ_C before you add μ_S.",
            FORESEEN,
            credit=1,
        ),
        Misconception(
            "spread-only",
            lambda c, s, t: _rescaled(c, s, t, _sigma) + t * (_mu(c) - _mu(s)),
            "The spreads are the style's, the means are still the content's. Add μ_S at the end, not μ_C.",
            "jonrei/tf-AdaIN, issue 10, writes the formula with μ(x) at its end",
            credit=1,
        ),
        Misconception(
            "not-centred",
            lambda c, s, t: _blend(c, _over(_sigma(s), _sigma(c)) * c - _mu(c) + _mu(s), t),
            "You scaled before you subtracted the mean, so the mean was scaled with it. Subtract μ_C first.",
            FORESEEN,
        ),
        Misconception(
            "mean-scaled-too",
            lambda c, s, t: _blend(c, _over(_sigma(s), _sigma(c)) * (c - _mu(c) + _mu(s)), t),
            "You added the style's mean before you scaled, so it was scaled, too. Scale first, add μ_S last.",
            FORESEEN,
        ),
        Misconception(
            "only-normalised",
            lambda c, s, t: _blend(c, _over(c - _mu(c), _sigma(c)), t),
            "Mean 0 and deviation 1: you took the content's moments away and did not give it the style's.",
            "instance normalisation without its second half",
        ),
        Misconception(
            "upside-down",
            lambda c, s, t: _blend(c, _over(_sigma(c), _sigma(s)) * (c - _mu(c)) + _mu(s), t),
            "The ratio is upside down: divide by the content's deviation and multiply by the style's.",
            FORESEEN,
        ),
        Misconception(
            "no-strength",
            lambda c, s, t: references.adain(c, s, 1.0),
            "The strength was not used: this is the whole way to the style. Blend it with the content.",
            FORESEEN,
            credit=1,
        ),
        Misconception(
            "strength-reversed",
            lambda c, s, t: references.adain(c, s, 1 - t),
            "The strength is the wrong way round: at 1 the style's moments are wanted, at 0 the content as it was.",
            "irasin/Pytorch_AdaIN, issue 7: what the fusion rate is",
            credit=1,
        ),
        Misconception(
            "strength-added",
            lambda c, s, t: c + t * references.adain(c, s, 1.0),
            "You added the result to the content. A blend has shares that make 1: 1 − strength and strength.",
            FORESEEN,
        ),
        Misconception(
            "flat-left-alone",
            _left_alone,
            "A filter that is 0 everywhere in the content stayed 0: it was left alone, or `nan_to_num` came too late. "
            "It cannot get the style's spread, but it gets the style's mean, as every other filter does.",
            "naoto0804/pytorch-AdaIN, pull request 2: avoid dividing by zero",
            credit=2,
        ),
        Misconception(
            "clipped",
            lambda c, s, t: references.adain(c, s, t).clamp(min=0),
            "You cut off what is negative. A ReLU would, but then the moments are no longer the style's.",
            FORESEEN,
            credit=1,
        ),
        Misconception(
            "clipped-before",
            lambda c, s, t: _blend(c, references.adain(c, s, 1.0).clamp(min=0), t),
            "You cut off what is negative before you blended. A ReLU would, but then the moments are no longer the "
            "style's.",
            FORESEEN,
            credit=1,
        ),
        Misconception(
            "sample-of-style",
            lambda c, s, t: _blend(c, _over(s.std((1, 2), keepdim=True), _sigma(c)) * (c - _mu(c)) + _mu(s), t),
            "The style's deviation divides by M − 1, the content's by M. Take the population's for both: "
            "`correction=0`.",
            "torch.std's default, correction=1, beside a deviation by hand",
            credit=2,
        ),
        Misconception(
            "content-lost",
            lambda c, s, t: t * references.adain(c, s, 1.0),
            "You multiplied by the strength and left the content out. The rest of the blend is (1 − strength) times "
            "the content.",
            FORESEEN,
        ),
        Misconception(
            "spread-blended-alone",
            lambda c, s, t: references.adain(c, s, t) + (1 - t) * (_mu(s) - _mu(c)),
            "The strength acts on the deviation alone; the mean is the style's at any strength. Blend the whole "
            "features.",
            FORESEEN,
            credit=1,
        ),
        Misconception(
            "mean-blended-alone",
            lambda c, s, t: references.adain(c, s, 1.0) + (1 - t) * (_mu(c) - _mu(s)),
            "The strength acts on the mean alone; the deviation is the style's at any strength. Blend the whole "
            "features.",
            FORESEEN,
            credit=1,
        ),
        Misconception(
            "root-mean-squares",
            lambda c, s, t: _blend(c, _over(_size(s), _size(c)) * c, t),
            "You scaled each filter to the style's root mean square. That mixes mean and spread: take the mean away "
            "first, and match the two one by one.",
            "the diagonal of the Gram matrix in place of the moments",
        ),
        Misconception(
            "range",
            lambda c, s, t: _rescaled(c, s, t, _range),
            "You matched each filter's range, its largest less its smallest number. One odd position decides that: "
            "take the deviation.",
            FORESEEN,
        ),
    ),
)
