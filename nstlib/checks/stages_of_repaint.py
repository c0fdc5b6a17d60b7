"""Where a repaired program that repaints in one pass (ex09.bug_hunt) first goes another way, in words."""

from collections.abc import Iterator, Sequence

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.results import Block
from nstlib.checks.stages import Noted, Stage, as_written, into_network, is_among, noted, stretch, table

__all__ = ["located"]

FEW = 4  # two numbers make a stretch of any two, and one more may fit by chance
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def located(function, cases: Sequence[Case], call: int) -> Stage | None:
    """Return the first stage at which a program goes another way in a call: its inputs, features, pictures.

    None where that cannot be seen: `encoder.forward` and the layers by themselves pass a network's hooks by.
    """
    case = cases[call]
    right, mine = noted(references.repaint, case), noted(function, case)
    if set(mine.answer) != set(right.answer):
        return None
    seen = mine.pictures()
    fewer = len(seen) < len(case.arguments[2]) + len(case.arguments[3])
    for number, (name, pictures) in enumerate((("photos", case.arguments[2]), ("paintings", case.arguments[3]))):
        among = [is_among(picture, seen) for picture in right.calls[0][number][0]]
        if fewer and not any(among):
            return None  # they may have gone in by a call that we do not see, such as `encoder.forward`
        if not all(among):
            known = [picture for given, _ in right.calls[0] for picture in given]
            return into_network(name, pictures, mine, known, MEAN, DEVIATION)
    return _of_features(case, right, mine) or _of_pictures(right, mine)


def _of_features(case: Case, right: Noted, mine: Noted) -> Stage | None:
    known = "What goes into `encoder` is right. The first thing that differs is"
    wanted = torch.from_numpy(right.answer["features"])
    given = torch.from_numpy(mine.answer["features"])
    if given.shape != wanted.shape:
        text = (
            f"{known} `features`: the shape is {tuple(given.shape)}, and {tuple(wanted.shape)} is expected. Print the "
            "shapes of the means and deviations: each needs the block's four dimensions, the last two of size 1."
        )
        return Stage("features", (text,))
    if all(map(_near, wanted, given)):
        if _reaches_decoder(right, mine) or len(mine.pictures(1)) < len(wanted):
            return None
        text = "`features` is right, but something else went into `decoder`: hand it the blended features."
        return Stage("decoder", (text,))
    picture = next(number for number, pair in enumerate(zip(wanted, given, strict=True)) if not _near(*pair))
    content, style = (right.calls[0][number][1][picture] for number in (0, 1))
    blocks = [given[picture], wanted[picture], content, style]
    rows = [["filter", "", "yours", "expected", "photo", "painting"]]
    for k in range(len(content)):
        rows.append([str(k), "mean", *(float(block[k].mean()) for block in blocks)])
        rows.append(["", "deviation", *(float(block[k].std(correction=0)) for block in blocks)])
    first = f"{known} `features`. Of picture {picture}, filter by filter:"
    return Stage("features", (first, table(rows), _of_moments(case.arguments[4], *blocks)))


def _reaches_decoder(right: Noted, mine: Noted) -> bool:
    """Return whether each block of the right features was seen to go into the decoder."""
    return all(is_among(block, mine.pictures(1)) for block in torch.from_numpy(right.answer["features"]))


def _near(wanted, given) -> bool:
    return bool((wanted - given).abs().max() <= 1e-3 * wanted.abs().max())


def _of_moments(strength: float, given, wanted, content, style) -> str:
    """Say what the stretch of each filter of one picture tells of the program."""
    if not given.isfinite().all():
        return "Some of your numbers are not finite: print `sigma`, and look at what divides and at what has a root."
    if None in [stretch(own, other) for own, other in zip(content, given, strict=True)]:
        return (
            "A filter of yours is no longer the photo's own, times one number and plus another. Print the shapes of "
            "means and deviations, one number a picture and filter; then look for numbers of other filters, places or "
            "pictures, and for steps other than the four operations."
        )
    for (a, b), text in _known(strength, content, style):
        known = a[:, None, None] * content + b[:, None, None]
        if (known - given).abs().max() <= 1e-3 * wanted.abs().max():  # of the features' size: a known one may be 0
            return text
    means, deviations = (
        [getattr(block.flatten(1), which)(1) for block in (given, wanted)] for which in ("mean", "std")
    )
    if _near(means[1], means[0]):
        return (
            "The means are right, the deviations are not. Look at `sigma`, a root of the variance over places; at the "
            "division by the photo's and the product with the painting's; over which dimensions `sigma` is taken; and "
            "at which share of it is blended in."
        )
    if _near(deviations[1], deviations[0]):
        return (
            "The deviations are right, the means are not. Look at what is subtracted before the division, at what is "
            "added after the product, and over which dimensions `mu` is taken; then at both parts of the blend, whose "
            "shares add up to 1."
        )
    return (
        f"Means and deviations differ. Expected is {1 - strength:.2f} of the photo's and {strength} of the painting's: "
        "look at the shares of the blend first, then at `mu` and `sigma`, and over which dimensions each is taken."
    )


def _known(strength: float, content, style) -> Iterator[tuple[tuple, str]]:
    """Give stretches and shifts that a mistake leads to, and what is said of it."""
    mu_c, mu_s = (block.mean((1, 2)) for block in (content, style))
    sigma_c, sigma_s = ((block.var((1, 2), correction=0) + 1e-5).sqrt() for block in (content, style))

    def blended(a, b, kept=1 - strength, share=strength):
        return kept + share * a, share * b

    scale = sigma_s / sigma_c
    shift = mu_s - mu_c * scale
    none, one = torch.zeros_like(mu_c), torch.ones_like(mu_c)
    yield (one, none), "Your features are the photo's own: the painting's moments do not come in."
    yield (
        (scale, shift),
        f"Your features have all of the painting's moments, as if the strength were 1, not {strength}.",
    )
    moved = "Judging by the numbers, the blend is right and what is blended in is not: "
    for a, b, text in (
        (scale, mu_s, "the photo's mean is not subtracted before the division."),
        (scale, -mu_c * scale, "the painting's mean is not added."),
        (scale, mu_c - mu_c * scale, "the photo's mean is added in place of the painting's."),
        (scale, mu_s - mu_s * scale, "the painting's mean is subtracted in place of the photo's."),
        (scale, -mu_s - mu_c * scale, "the painting's mean is subtracted in place of added."),
        (scale, mu_s + mu_c * scale, "the photo's mean is added in place of subtracted."),
        (sigma_s, mu_s - mu_c * sigma_s, "the photo's deviation does not divide."),
        (1 / sigma_c, mu_s - mu_c / sigma_c, "the painting's deviation does not multiply."),
        (1 / scale, mu_s - mu_c / scale, "the two deviations are swapped."),
        (scale, mu_c - mu_s * scale, "the two means are swapped."),
        (1 / scale, mu_c - mu_s / scale, "the photo's moments and the painting's are swapped."),
        (scale**2, mu_s - mu_c * scale**2, "it takes variances where deviations belong: a root is missing."),
        (scale.sqrt(), mu_s - mu_c * scale.sqrt(), "it takes a root of the deviations, one root too many."),
        (sigma_c * sigma_s, mu_s - mu_c * sigma_c * sigma_s, "the photo's deviation multiplies in place of dividing."),
        (one, mu_s - mu_c, "the photo's mean is replaced, and its deviation left as it is."),
        (scale, none, "it is `content / sigma_c * sigma_s`, as where neither mean is used."),
    ):
        yield blended(a, b), moved + text
    shares = "Judging by the numbers, what is blended in is right and the shares are not: "
    for kept, share, text in (
        (1, strength, "the photo's features keep the share 1 in place of 1 − strength."),
        (0, strength, "the photo's features do not come in."),
        (1 - strength, 1, "the moved features come in with the share 1 in place of the strength."),
        (1 - strength, 0, "the moved features do not come in."),
        (1 + strength, strength, "the photo's features have the share 1 + strength in place of 1 − strength."),
        (1 - strength, -strength, "the moved features are subtracted in place of added."),
        (strength, strength, "both have the share strength."),
        (1 - strength, 1 - strength, "both have the share 1 − strength."),
        (1, 1, "both have the share 1."),
    ):
        yield blended(scale, shift, kept, share), shares + text


def _of_pictures(right: Noted, mine: Noted) -> Stage | None:
    given, wanted = (torch.from_numpy(noted.answer["pictures"]) for noted in (mine, right))
    if given.shape == wanted.shape and all(map(_near, wanted, given)):
        return None
    if not mine.calls[1]:
        text = (
            "`features` is right, `pictures` is not. We saw no call of `decoder`: write `decoder(features)`, so that "
            "we can compare what goes in."
        )
        return Stage("pictures", (text,))
    known = "`features` is right, and so is what goes into `decoder`. The first thing that differs is `pictures`."
    if not _reaches_decoder(right, mine):
        known = "`features` is right, `pictures` is not. Not all that goes into `decoder` could be seen."
    if given.shape != wanted.shape:
        text = f"The shape is {tuple(given.shape)}, and {tuple(wanted.shape)} is expected."
        return Stage("pictures", (known, text))
    if not given.isfinite().all():
        return Stage("pictures", (known, "Some numbers are not finite: look at what divides and at what has a root."))
    if given.min() < -1e-3 or given.max() > 1 + 1e-3:
        text = "Numbers lie outside of 0 … 1: limit what is returned, with `clamp(0, 1)`."
        return Stage("pictures", (known, _limits(given, wanted), text))
    return Stage("pictures", (known, *_way_back(right.calls[1][0][1], given, wanted)))


def _limits(given, wanted) -> Block:
    rows = [["pictures", "yours", "expected"]]
    rows += [[which, float(getattr(given, which)()), float(getattr(wanted, which)())] for which in ("min", "max")]
    return table(rows)


def _way_back(decoded, given, wanted) -> tuple[Block, str]:
    """Say of which decoded picture and channel each one that is returned is a stretch, where it is not limited."""
    for pictures, text in _known_ways_back(decoded):
        if torch.allclose(pictures.clamp(0, 1), given, rtol=0, atol=1e-4):
            rows = [["pictures", "smallest", "mean", "largest"]]
            for name, block in (("yours", given), ("expected", wanted)):
                rows.append([name, *(float(number) for number in (block.min(), block.mean(), block.max()))])
            return table(rows), f"Judging by the numbers, {text}"
    places = [(number, k) for number in range(len(given)) for k in range(3)]
    inside = (given > given.min()) & (given < given.max())
    sources = {place: _decoded_source(decoded, given, inside, place) for place in places}
    rows = [["place", "yours", "expected"]]
    for (number, k), (source, pair) in sources.items():
        other = "" if source == (number, k) else f"[{source[0]}, {source[1]}]"
        few = inside[number, k].sum() < FEW
        mine = "nearly all limited" if few else as_written(pair, f"decoded{other}")
        rows.append([f"[{number}, {k}]", mine, as_written((DEVIATION[k], MEAN[k]), "decoded")])
    sources = {place: found for place, found in sources.items() if inside[place].sum() >= FEW}
    if any(pair is None for _, pair in sources.values()):
        text = (
            "`decoded` is what `decoder` gives for the right features. A row says none where no channel of it, times "
            "one number and plus another, gives yours: its places may be in another order, or something other than a "
            "product and a sum happens. Look at each step after `decoder`."
        )
        return table(rows), text
    if any(source != place for place, (source, _) in sources.items()):
        text = (
            "Picture or channel come from another place of what `decoder` gives, `decoded`, the one in brackets: look "
            "for a `flip`, a `roll`, an index or a list in another order, before `decoder` and after it."
        )
        return table(rows), text
    if sources and all(
        abs(a - DEVIATION[k]) < 1e-3 and abs(b - MEAN[k]) < 1e-3 for (_, k), (_, (a, b)) in sources.items()
    ):
        text = "Wherever enough numbers are not limited, `pictures` is right. Look at the limits: `clamp(0, 1)` alone."
        return _limits(given, wanted), text
    text = (
        "Look at the way back from what `decoder` gives, `decoded`: times `deviation`, plus `mean`, then limited to "
        "0 … 1. The table has what you made of it where at least four numbers are not limited."
    )
    return table(rows), text


def _known_ways_back(decoded) -> Iterator[tuple[torch.Tensor, str]]:
    """Give pictures that a mistake on the way back leads to, not limited yet, and what is said of it."""
    m, d = (torch.tensor(row).to(decoded)[:, None, None] for row in (MEAN, DEVIATION))
    back = "The way back from what `decoder` gives is times `deviation`, plus `mean`."
    yield decoded, f"`deviation` and `mean` cancel, or are not used. {back}"
    yield decoded * d, f"`mean` is not added. {back}"
    yield decoded + m, f"`deviation` does not multiply. {back}"
    yield (decoded + m) * d, f"`mean` is added before `deviation` multiplies. {back}"
    yield decoded * d - m, f"`mean` is subtracted in place of added. {back}"
    yield decoded / d + m, f"`deviation` divides in place of multiplying. {back}"
    yield (decoded - m) / d, f"the way in is taken once more: subtract `mean`, divide by `deviation`. {back}"


def _decoded_source(decoded, given, inside, place) -> tuple[tuple[int, int], tuple[float, float] | None]:
    """Return which decoded picture and channel the returned one at a place is a stretch of, first asking its own."""
    here = inside[place]
    if here.sum() < FEW:
        return place, None
    every = [(number, k) for number in range(len(decoded)) for k in range(3)]
    for source in [place, *(other for other in every if other != place)]:
        pair = stretch(decoded[source][here], given[place][here])
        if pair is not None and abs(pair[0]) > 1e-6:
            return source, pair
    return place, None
