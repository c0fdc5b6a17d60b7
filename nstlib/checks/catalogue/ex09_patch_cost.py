"""ex09.patch_cost: patches compared."""

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.questions import FORESEEN, TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw

SURE = 1e-2  # by so much of itself the best patch is ahead of the next, so that no rounding decides


def _patches_to_find(draw: Draw) -> list[Case]:
    return [
        _case(*_by_hand(draw, (1, 2, 3), (1, 4, 2), _tells_searches_apart), 2),
        _case(*_by_hand(draw, (2, 2, 2), (2, 2, 3), _tells_distances_apart), 2),
        _case(*_drawn(draw, 3, (3, 4), (5, 6), (7, 8), (9, 10), (6, 8)), 3),
        _case(*_drawn(draw, 2, (5, 6), (7, 8), (4, 5), (3, 4), (5, 6)), 2),
    ]


def _case(x: torch.Tensor, s: torch.Tensor, size: int) -> Case:
    n, height, width = x.shape
    words = f"{n} filter{'s' * (n > 1)} on {height} × {width} and {s.shape[1]} × {s.shape[2]} positions, and "
    words += f"patches of {size} × {size}"
    return Case((x, s, size), words, {"N": n, "P": (height - size + 1) * (width - size + 1), "k": size})


def _drawn(draw: Draw, size: int, *ranges: tuple[int, int]) -> tuple[torch.Tensor, torch.Tensor]:
    while True:
        n, height, width, height_s, width_s = draw.sizes(*ranges)
        loud = draw.uniform(1, height_s, width_s, low=0.3, high=3)
        x, s = draw.normal(n, height, width), draw.normal(n, height_s, width_s) * loud
        if _is_sure(*_both(x, s, size)):
            return x, s


def _by_hand(draw: Draw, size_x, size_s, tells) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw small features of whole numbers, by the hundred, until two tell what they should."""
    while True:
        x, s = draw.whole(100, *size_x), draw.whole(100, *size_s)
        for number in (_is_sure(*_both(x, s, 2)) & tells(x, s)).nonzero().flatten()[:1]:
            return x[number], s[number]


def _is_sure(x: torch.Tensor, s: torch.Tensor) -> torch.Tensor:
    """Return whether each patch of X has one in the style that is clearly the most alike."""
    likeness = _likeness(x, s)
    best, second = likeness.topk(2, dim=-1).values.unbind(-1)
    return (best - second > SURE * likeness.abs().amax((-2, -1))[..., None]).all(-1)


def _tells_searches_apart(x, s):
    """Return whether three other searches each find another patch somewhere."""
    x, s = _both(x, s, 2)
    return _differ(_likeness(x, s), x @ s.mT, _across(x, s), _centred(x, s))


def _tells_distances_apart(x, s):
    """Return whether the nearest patch is another one, and two filters would not agree on theirs."""
    first, second = (_likeness(*_both(x[:, k : k + 1], s[:, k : k + 1], 2)) for k in (0, 1))
    x, s = _both(x, s, 2)
    return _differ(first, second) & _differ(_likeness(x, s), -torch.cdist(x, s))


def _differ(likeness, *others):
    """Return whether each of the others leads a patch of X to another patch."""
    best = likeness.argmax(-1)
    return torch.stack([(other.argmax(-1) != best).any(-1) for other in others]).all(0)


def _patches(features, size, stride=1, padding=0):
    return torch.nn.functional.unfold(features, size, stride=stride, padding=padding).mT


def _unit(patches):
    return patches / patches.norm(dim=-1, keepdim=True)


def _likeness(x, s):
    return _unit(x) @ _unit(s).mT


def _across(x, s):
    return torch.nn.functional.normalize(x, dim=-2) @ torch.nn.functional.normalize(s, dim=-2).mT


def _to_nearest(x, s, likeness=_likeness, apart=lambda x, s: (x - s).square().sum(1)):
    return apart(x, s[likeness(x, s).argmax(1)]).mean()


def _both(x, s, *more):
    return _patches(x, *more), _patches(s, *more)


def _filter_by_filter(x, s, size):
    return sum(references.patch_cost(x[k : k + 1], s[k : k + 1], size) for k in range(len(x)))


def _centred(x, s):
    return _likeness(x - x.mean(-1, keepdim=True), s - s.mean(-1, keepdim=True))


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
