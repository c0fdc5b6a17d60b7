"""Exercise 09, a bonus: moments swapped, patches compared, and a program that repaints in one pass to repair."""

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.progress import table
from nstlib.checks.questions import TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw
from nstlib.checks.reading import built
from nstlib.checks.with_networks import random_network

FORESEEN = "foreseen by the authors"
SURE = 1e-2  # by so much of itself the best patch is ahead of the next, so that no rounding decides


def _features(draw: Draw) -> list[Case]:
    cases = [_adain_case(draw.whole(2, 1, 3), draw.whole(2, 2, 2), 1.0)]
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


def _patches_to_find(draw: Draw) -> list[Case]:
    cases = []
    for size, filters, ranges in (
        (2, None, None),
        (3, (3, 4), ((5, 6), (7, 8), (9, 10), (6, 8))),
        (2, (5, 6), ((7, 8), (4, 5), (3, 4), (5, 6))),
    ):
        sure = False
        while not sure:
            if filters is None:
                x, s = draw.whole(1, 2, 3), draw.whole(1, 3, 2)
            else:
                n, height, width, height_s, width_s = draw.sizes(filters, *ranges)
                loud = draw.uniform(1, height_s, width_s, low=0.3, high=3)
                x, s = draw.normal(n, height, width), draw.normal(n, height_s, width_s) * loud
            likeness = _likeness(_patches(x, size), _patches(s, size))
            best, second = likeness.topk(2, dim=1).values.T
            sure = bool((best - second > SURE * likeness.abs().max()).all())
        n, height, width = x.shape
        words = f"{n} filter{'s' * (n > 1)} on {height} × {width} and {s.shape[1]} × {s.shape[2]} positions, and "
        words += f"patches of {size} × {size}"
        symbols = {"N": n, "P": (height - size + 1) * (width - size + 1), "k": size}
        cases.append(Case((x, s, size), words, symbols))
    return cases


def _batches(draw: Draw) -> list[Case]:
    cases = []
    for count, *ranges in (
        (2, (4, 5), (8, 9), (6, 7), (10, 11)),
        (3, (6, 7), (8, 10), (4, 5), (11, 12)),
        (2, (9, 10), (6, 7), (11, 12), (4, 5)),
    ):
        lively = False
        while not lively:  # until every filter answers, and limits would show
            height, width, height_s, width_s = draw.sizes(*ranges)
            encoder = random_network(draw, 4, 3)
            decoder = {"network": random_network(draw, 5, 3, before=3)["network"][:-1]}
            decoder["network"][-1][2] *= 3
            contents = draw.uniform(count, 3, height, width, low=-0.4, high=1.4).clamp(0, 1)
            styles = draw.uniform(count, 3, height_s, width_s, low=-0.2, high=1.7).clamp(0, 1)
            strength = round(draw.number(0.55, 0.9), 2)
            lively = _is_lively(encoder, decoder, contents, styles, strength)
        words = f"{count} photos of {height} × {width} pixels, {count} paintings of {height_s} × {width_s}"
        arguments = (encoder, decoder, contents, styles, strength)
        cases.append(Case(arguments, f"{words}, and strength {strength}", {}, gradient=()))
    return cases


@torch.no_grad()
def _is_lively(encoder, decoder, contents, styles, strength) -> bool:
    network = built(encoder)
    spreads = [_encoded(network, pictures).var((2, 3)).min() for pictures in (contents, styles)]
    pictures = references.repaint(network, built(decoder), contents, styles, strength)["pictures"]
    return bool(min(spreads) > 0.02 and (pictures == 0).any() and (pictures == 1).any())


def _constants(like):
    mean, deviation = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    return (torch.tensor(row).to(like)[:, None, None] for row in (mean, deviation))


def _encoded(encoder, pictures, in_place=False):
    mean, deviation = _constants(pictures)
    return encoder(pictures.sub_(mean).div_(deviation) if in_place else (pictures - mean) / deviation)


def _broken(
    encoder, decoder, contents, styles, strength, over=(2, 3), reverse=False, in_place=False, limited=True, sample=0
):
    mean, deviation = _constants(contents)
    content, style = (_encoded(encoder, pictures, in_place) for pictures in (contents, styles))
    (mu_c, sigma_c), (mu_s, sigma_s) = (_moments(block, over, sample) for block in (content, style))
    moved = (content - mu_c) / sigma_c * sigma_s + mu_s
    share = 1 - strength if reverse else strength
    features = (1 - share) * content + share * moved
    pictures = decoder(features) * deviation + mean
    return {"features": features, "pictures": pictures.clamp(0, 1) if limited else pictures}


def _moments(block, over, sample):
    return block.mean(over, keepdim=True), (block.var(over, correction=sample, keepdim=True) + 1e-5).sqrt()


def _pictures_blended(encoder, decoder, contents, styles, strength):
    plain, painted = (references.repaint(encoder, decoder, contents, styles, share) for share in (0, 1))
    features = references.repaint(encoder, decoder, contents, styles, strength)["features"]
    return {
        "features": features,
        "pictures": (1 - strength) * plain["pictures"] + strength * painted["pictures"],
    }


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


def _patches(features, size, stride=1, padding=0):
    return torch.nn.functional.unfold(features[None], size, stride=stride, padding=padding)[0].T


def _unit(patches):
    return patches / patches.norm(dim=1, keepdim=True)


def _likeness(x, s):
    return _unit(x) @ _unit(s).T


def _across(x, s):
    return torch.nn.functional.normalize(x, dim=0) @ torch.nn.functional.normalize(s, dim=0).T


def _to_nearest(x, s, likeness=_likeness, apart=lambda x, s: (x - s).square().sum(1)):
    return apart(x, s[likeness(x, s).argmax(1)]).mean()


def _both(x, s, *more):
    return _patches(x, *more), _patches(s, *more)


def _filter_by_filter(x, s, size):
    return sum(references.patch_cost(x[k : k + 1], s[k : k + 1], size) for k in range(len(x)))


def _centred(x, s):
    return _likeness(x - x.mean(1, keepdim=True), s - s.mean(1, keepdim=True))


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
patch_cost = Question(
    id="ex09.patch_cost",
    points=3,
    reference=references.patch_cost,
    cases=_patches_to_find,
    confirmation="Each patch of X has a nearest one in the style: neighbours count, of which no Gram matrix knows.",
    hints=(
        "Write every patch as a row of N · k · k numbers. How many rows has X, how many the style?",
        "Which patch is most alike is decided by the angle between two rows: whose length must be divided out for "
        "that, and whose cannot change the order?",
        "`unfold(features[None], size)[0].T` gives the rows; `argmax(1)` of rows of X times unit rows of the style; "
        "then squared differences to the rows themselves, summed over a patch, averaged over X's patches.",
    ),
    reread="lesson 09, section 5",
    bonus=True,
    difficulty=4,
    importance=3,
    minutes=20,
    misconceptions=(
        Misconception(
            "largest-product",
            lambda x, s, k: _to_nearest(*_both(x, s, k), lambda x, s: x @ s.T),
            "You took the style's patch with the largest product. Then a loud patch wins, whatever it shows: divide "
            "each patch of the style by its own length first.",
            "leehomyc/Faster-High-Res-Neural-Inpainting, issue 28: the patch with the largest response",
            credit=1,
        ),
        Misconception(
            "nearest-by-distance",
            lambda x, s, k: _to_nearest(*_both(x, s, k), lambda x, s: -torch.cdist(x, s)),
            "You took the patch at the smallest distance. The one at the smallest angle is asked for, by the cosine; "
            "the distance is only what the cost then measures.",
            "image analogies and PatchMatch compare distances",
            credit=1,
        ),
        Misconception(
            "style-searches",
            lambda x, s, k: references.patch_cost(s, x, k),
            "The search is the wrong way round: each patch of the style looked for one in X. Each patch of X has to "
            "find one in the style.",
            "Kolkin et al. 2019 search in both directions and keep the larger cost",
        ),
        Misconception(
            "single-positions",
            lambda x, s, k: references.patch_cost(x, s, 1),
            "Your patches have 1 × 1 positions: `size` was not used. A patch is {k} × {k} positions of all filters.",
            FORESEEN,
        ),
        Misconception(
            "tiles",
            lambda x, s, k: _to_nearest(*_both(x, s, k, k)),
            "Your patches lie side by side like tiles. They overlap: one begins at each position that has room for "
            "{k} × {k}, which makes {P} in X.",
            "unfold's stride, set to the size of a patch",
        ),
        Misconception(
            "last-patches-missing",
            lambda x, s, k: references.patch_cost(x[:, :-1, :-1], s[:, :-1, :-1], k),
            "The last patches are missing, as with `range(H - size)`: H − size + 1 of them fit below each other and "
            "W − size + 1 side by side, which makes {P} in X.",
            TRIED,
            credit=1,
        ),
        Misconception(
            "padded",
            lambda x, s, k: _to_nearest(*_both(x, s, k, 1, k // 2)),
            "You padded the border with zeros, and patches of it took part. Only whole patches count, {P} in X.",
            "XiaoSong9905/Deep-Painterly-Harmonization-in-PyTorch pads the features",
            credit=1,
        ),
        Misconception(
            "least-alike",
            lambda x, s, k: _to_nearest(*_both(x, s, k), lambda x, s: -_likeness(x, s)),
            "You took the patch that is least alike. A large cosine means alike: `argmax`.",
            FORESEEN,
        ),
        Misconception(
            "summed",
            lambda x, s, k: references.patch_cost(x, s, k) * len(_patches(x, k)),
            "The cost is {P} times too large: you summed over X's patches. Divide by how many there are, so that a "
            "larger picture costs no more.",
            "Li and Wand 2016, equation 2, is a sum",
            credit=1,
        ),
        Misconception(
            "mean-of-all",
            lambda x, s, k: references.patch_cost(x, s, k) / _patches(x, k).shape[1],
            "You averaged over the numbers of a patch as well, as `mse_loss` does. Sum those; average over the {P} "
            "patches alone.",
            "mse_loss in place of the sum",
            credit=1,
        ),
        Misconception(
            "one-minus-cosine",
            lambda x, s, k: (1 - _likeness(*_both(x, s, k)).amax(1)).mean(),
            "Your cost is 1 − cosine. Here the cosine only chooses the patch; then squared differences are summed.",
            "lesson 09 keeps what the angle leaves",
        ),
        Misconception(
            "unit-patches",
            lambda x, s, k: _to_nearest(*(_unit(patches) for patches in _both(x, s, k))),
            "You compared patches of length 1. The lengths are left out of the search alone: the cost is between the "
            "patches as they are.",
            FORESEEN,
            credit=1,
        ),
        Misconception(
            "unit-style",
            lambda x, s, k: _to_nearest(_patches(x, k), _unit(_patches(s, k))),
            "You compared X with the style's patches at length 1. Divide for the search, then take the patch itself.",
            "one array of patches for both",
            credit=1,
        ),
        Misconception(
            "root",
            lambda x, s, k: _to_nearest(*_both(x, s, k), apart=lambda x, s: (x - s).norm(dim=1)),
            "You took the distance itself. The cost sums its square.",
            FORESEEN,
        ),
        Misconception(
            "absolute",
            lambda x, s, k: _to_nearest(*_both(x, s, k), apart=lambda x, s: (x - s).abs().sum(1)),
            "You summed absolute differences. The cost sums squares.",
            FORESEEN,
        ),
        Misconception(
            "each-filter",
            _filter_by_filter,
            "Each filter searched for itself. A patch holds the answers of every filter ({N} here), and they must "
            "agree on one place in the style: that is what keeps them together.",
            FORESEEN,
        ),
        Misconception(
            "centred",
            lambda x, s, k: _to_nearest(*_both(x, s, k), _centred),
            "You subtracted each patch's mean before the search, as a correlation does. Here the cosine is of the "
            "patches as they are.",
            "normalised cross-correlation subtracts means; Li and Wand 2016 do not",
            credit=1,
        ),
        Misconception(
            "average-style",
            lambda x, s, k: (_patches(x, k) - _patches(s, k).mean(0)).square().sum(1).mean(),
            "You compared every patch with the style's average patch. Nothing was searched: each patch of X has a "
            "nearest one of its own.",
            FORESEEN,
        ),
        Misconception(
            "all-pairs",
            lambda x, s, k: torch.cdist(*_both(x, s, k)).square().mean(),
            "You averaged over all pairs of patches. Only one patch of the style counts for each of X: the most alike.",
            FORESEEN,
        ),
        Misconception(
            "wrong-dimension",
            lambda x, s, k: _to_nearest(*_both(x, s, k), _across),
            "You brought each place within a patch to length 1 over all patches, not each patch over its own numbers. "
            "Look along which dimension `norm` or `normalize` runs.",
            "torch.nn.functional.normalize runs along dimension 1; unfold puts a patch into a column",
            credit=1,
        ),
        Misconception(
            "largest-cosine",
            lambda x, s, k: _likeness(*_both(x, s, k)).amax(1).mean(),
            "You returned the largest cosines themselves: that grows where patches are alike. They only choose the "
            "patch; the cost is the squared difference to it.",
            FORESEEN,
        ),
        Misconception(
            "smallest-distance",
            lambda x, s, k: torch.cdist(*_both(x, s, k)).amin(1).mean(),
            "You averaged the smallest distances. The patch is chosen by its cosine, and its distance is squared.",
            FORESEEN,
        ),
        Misconception(
            "divided-by-the-styles",
            lambda x, s, k: references.patch_cost(x, s, k) * len(_patches(x, k)) / len(_patches(s, k)),
            "You divided by how many patches the style has. The sum runs over those of X, here {P}.",
            FORESEEN,
            credit=1,
        ),
    ),
)
bug_hunt = Question(
    id="ex09.bug_hunt",
    points=4,
    reference=references.repaint,
    cases=_batches,
    confirmation="All four found: lost dimensions, the batch in the moments, the strength, the photos written over.",
    hints=(
        "The program stops with an error first. What shape has a mean over positions, and what shape does it take to "
        "subtract it?",
        "The other three raise nothing. Call it with one photo and then with two: the first picture must not change. "
        "Call it with strength 0: which picture should come back?",
        "Look at the photos that you gave, before and after the call. Methods that end in `_` write into what they are "
        "called on.",
    ),
    reread="lesson 09, section 1",
    bonus=True,
    difficulty=5,
    importance=4,
    minutes=20,
    kinds=frozenset({"dict"}),
    slips=False,  # hundreds of runs would take seconds
    tolerance=1e-3,  # an ε in another place, as inside `instance_norm`, is harmless
    misconceptions=(
        Misconception(
            "over-the-batch",
            lambda e, d, c, s, t: _broken(e, d, c, s, t, over=(0, 2, 3)),
            "Nearly: mean and deviation still run over the whole batch, so each picture depends on its neighbours. "
            "Take them over height and width alone, dimensions 2 and 3.",
            "Ulyanov et al. 2016, instance in place of batch normalisation",
            credit=3,
        ),
        Misconception(
            "reversed",
            lambda e, d, c, s, t: _broken(e, d, c, s, t, reverse=True),
            "Nearly: the strength is still the wrong way round. At 0 the photo's own features go on to the decoder.",
            "irasin/Pytorch_AdaIN, issue 7: what the fusion rate is",
            credit=3,
        ),
        Misconception(
            "in-place",
            lambda e, d, c, s, t: _broken(e, d, c, s, t, in_place=True),
            "Nearly: the numbers are right, but something that was given has changed. `sub_` and `div_` write into the "
            "caller's photos and paintings; make new ones: `(pictures - mean) / deviation`.",
            "torchvision's normalize has inplace=True",
            credit=3,
        ),
        Misconception(
            "batch-and-reversed",
            lambda e, d, c, s, t: _broken(e, d, c, s, t, over=(0, 2, 3), reverse=True),
            "Two are left: the moments still run over the whole batch, and the strength is the wrong way round.",
            FORESEEN,
            credit=2,
        ),
        Misconception(
            "batch-and-in-place",
            lambda e, d, c, s, t: _broken(e, d, c, s, t, over=(0, 2, 3), in_place=True),
            "Two are left: the moments still run over the whole batch, and the photos that were given have changed.",
            FORESEEN,
            credit=2,
        ),
        Misconception(
            "reversed-and-in-place",
            lambda e, d, c, s, t: _broken(e, d, c, s, t, reverse=True, in_place=True),
            "Two are left: the strength is the wrong way round, and the photos that were given have changed.",
            FORESEEN,
            credit=2,
        ),
        Misconception(
            "all-three",
            lambda e, d, c, s, t: _broken(e, d, c, s, t, over=(0, 2, 3), reverse=True, in_place=True),
            "It runs now, but the three silent mistakes are still there. Try a batch of one, a strength of 0, and look "
            "at the photos after the call.",
            FORESEEN,
            credit=1,
        ),
        Misconception(
            "one-mean-a-picture",
            lambda e, d, c, s, t: _broken(e, d, c, s, t, over=(1, 2, 3)),
            "Now each picture has one mean and one deviation for all its filters. Each filter has its own: dimensions "
            "2 and 3, not 1.",
            "layer normalisation in place of instance normalisation",
            credit=2,
        ),
        Misconception(
            "sample",
            lambda e, d, c, s, t: _broken(e, d, c, s, t, sample=1),
            "Nearly: your deviations divide by M − 1. Photo and painting have different M, so it does not cancel: "
            "`correction=0`, as in the program.",
            "torch.std's default, correction=1",
            credit=3,
        ),
        Misconception(
            "not-limited",
            lambda e, d, c, s, t: _broken(e, d, c, s, t, limited=False),
            "Nearly: now nothing keeps the pictures between 0 and 1. The program's `clamp` was right.",
            FORESEEN,
            credit=3,
            reread="lesson 05, section 5",
        ),
        Misconception(
            "exchanged",
            lambda e, d, c, s, t: references.repaint(e, d, s, c, t),
            "Photos and paintings are exchanged: you gave the paintings the photos' moments.",
            FORESEEN,
            credit=1,
        ),
        Misconception(
            "pictures-blended",
            _pictures_blended,
            "You blended pictures after the decoder. The features are blended before it: then there is one picture, "
            "not two that shine through each other.",
            FORESEEN,
            credit=2,
        ),
    ),
)
QUESTIONS = (adain, patch_cost, bug_hunt)


def progress():
    """Show what was tried and earned in this exercise."""
    return table("Exercise 09, a bonus", QUESTIONS)
