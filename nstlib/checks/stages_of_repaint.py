"""Where a repaired program that repaints in one pass (ex09.bug_hunt) first goes another way, in words."""

from collections.abc import Iterator, Sequence

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.stages import Noted, Stage, as_written, into_network, is_among, noted, stretch, table

__all__ = ["located"]

DOES = {"encoder": "it makes features of pictures", "decoder": "it makes pictures of the blended features"}
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def located(function, cases: Sequence[Case], call: int) -> Stage | None:
    """Return the first stage at which a program goes another way in a call: its inputs, features, pictures."""
    case = cases[call]
    right, mine = noted(references.repaint, case), noted(function, case)
    if set(mine.answer) != set(right.answer):
        return None
    for network, calls in zip(("encoder", "decoder"), mine.calls, strict=True):
        if not calls:
            return Stage(network, (f"`{network}` is never called: {DOES[network]}.",))
    seen = mine.pictures()
    for number, (name, pictures) in enumerate((("photos", case.arguments[2]), ("paintings", case.arguments[3]))):
        if not all(is_among(picture, seen) for picture in right.calls[0][number][0]):
            known = [picture for given, _ in right.calls[0] for picture in given]
            return into_network(name, pictures, mine, known, MEAN, DEVIATION)
    return _of_features(case, right, mine) or _of_pictures(right, mine)


def _of_features(case: Case, right: Noted, mine: Noted) -> Stage | None:
    known = "What goes into `encoder` is right. The first thing that differs is"
    wanted = torch.from_numpy(right.answer["features"])
    given = torch.from_numpy(mine.answer["features"])
    into = mine.pictures(1)
    if given.shape != wanted.shape:
        text = (
            f"{known} `features`: the shape is {tuple(given.shape)}, and {tuple(wanted.shape)} is expected. Print the "
        )
        text += "shapes of the means and deviations: each needs the block's four dimensions, the last two of size 1."
        return Stage("features", (text,))
    if all(map(_near, wanted, given)):
        if all(is_among(block, into) for block in wanted):
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


def _near(wanted, given) -> bool:
    return bool((wanted - given).abs().max() <= 1e-3 * wanted.abs().max())


def _of_moments(strength: float, given, wanted, content, style) -> str:
    """Say what the stretch of each filter of one picture tells of the program."""
    stretches = [stretch(own, other) for own, other in zip(content, given, strict=True)]
    if None in stretches:
        return (
            "A filter of yours is no longer the photo's own, stretched and moved by two numbers: numbers of other "
            "filters, places or pictures come in. Print the shapes of means and deviations: one number a picture and "
            "filter."
        )
    a, b = (torch.tensor(row, dtype=torch.float64) for row in zip(*stretches, strict=True))
    for alike, text in _known(strength, content, style):
        if all(_near(asked, mine) for asked, mine in zip(alike, (a, b), strict=True)):
            return text
    means, deviations = (
        [getattr(block.flatten(1), which)(1) for block in (given, wanted)] for which in ("mean", "std")
    )
    if _near(means[1], means[0]):
        return (
            "The means are right, the deviations are not. Look at sigma, a root of the variance over places; at the "
            "division by the photo's and the product with the painting's; and at which share of it is blended in."
        )
    if _near(deviations[1], deviations[0]):
        return (
            "The deviations are right, the means are not. Look at what is subtracted before the division, at what is "
            "added after the product, and at both parts of the blend, whose shares add up to 1."
        )
    return (
        f"Means and deviations differ. Expected is {1 - strength:.2f} of the photo's and {strength} of the painting's: "
        "look at the shares of the blend first, then at mu and sigma."
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
    yield (one, none), "Yours are the photo's own features: the painting's moments never come in."
    yield (scale, shift), f"Yours have all of the painting's moments: the strength, {strength}, is not used."
    moved = "The blend is right, what is blended in is not: "
    for a, b, text in (
        (scale, mu_s, "the photo's mean is not subtracted before the division."),
        (scale, -mu_c * scale, "the painting's mean is not added."),
        (scale, mu_c - mu_c * scale, "the photo's mean is added in place of the painting's."),
        (scale, mu_s - mu_s * scale, "the painting's mean is subtracted in place of the photo's."),
        (scale, -mu_s - mu_c * scale, "the painting's mean is subtracted in place of added."),
        (scale, mu_s + mu_c * scale, "the photo's mean is added in place of subtracted."),
        (sigma_s, mu_s - mu_c * sigma_s, "the photo's deviation does not divide."),
        (1 / sigma_c, mu_s - mu_c / sigma_c, "the painting's deviation does not multiply."),
        (1 / scale, mu_s - mu_c / scale, "the two deviations are exchanged."),
        (scale**2, mu_s - mu_c * scale**2, "it takes variances where deviations belong: a root is missing."),
        (scale.sqrt(), mu_s - mu_c * scale.sqrt(), "it takes a root of the deviations, one root too many."),
        (sigma_c * sigma_s, mu_s - mu_c * sigma_c * sigma_s, "the photo's deviation multiplies in place of dividing."),
        (one, mu_s - mu_c, "the means are exchanged, and the deviations left as they are."),
        (scale, none, "the means cancel: the photo's is subtracted, and its own comes back."),
    ):
        yield blended(a, b), moved + text
    shares = "What is blended in is right, the shares are not: "
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
    known = "`features` is right, and so is what goes into `decoder`. The first thing that differs is `pictures`."
    if given.shape != wanted.shape:
        text = f"The shape is {tuple(given.shape)}, and {tuple(wanted.shape)} is expected."
        return Stage("pictures", (known, text))
    if all(map(_near, wanted, given)):
        return None
    if given.min() < -1e-3 or given.max() > 1 + 1e-3:
        rows = [["pictures", "yours", "expected"]]
        rows += [[which, float(getattr(given, which)()), float(getattr(wanted, which)())] for which in ("min", "max")]
        text = "Numbers lie outside of 0 … 1: limit what is returned, with `clamp(0, 1)`."
        return Stage("pictures", (known, table(rows), text))
    decoded = right.calls[1][0][1]
    rows = [["channel", "yours", "expected"]]
    for k in range(3):
        inside = (given[:, k] > 0) & (given[:, k] < 1)
        mine_is = stretch(decoded[:, k][inside], given[:, k][inside]) if inside.sum() > 2 else None
        rows.append([str(k), as_written(mine_is, "decoded"), as_written((DEVIATION[k], MEAN[k]), "decoded")])
    text = "Look at the way back from what `decoder` gives: times `deviation`, plus `mean`, then limited to 0 … 1. The "
    text += "table has, for each channel, what you made of the decoder's numbers where they were not limited."
    return Stage("pictures", (known, table(rows), text))
