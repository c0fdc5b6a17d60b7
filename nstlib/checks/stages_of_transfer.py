"""Where a repaired transfer program (ex05.bug_hunt) first goes another way than the right one, in words."""

from collections.abc import Iterator, Sequence
from itertools import permutations

import numpy as np
import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.judging.factors import factor
from nstlib.checks.matrices import beside_or_below
from nstlib.checks.results import Block
from nstlib.checks.stages import CLOSE, Noted, Stage, channels_of, compared, into_network, is_among, noted, table, times

__all__ = ["located"]

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def located(function, cases: Sequence[Case], call: int) -> Stage | None:
    """Return the first stage at which a program goes another way in a call: inputs, `goal`, costs, steps, result."""
    case = cases[call]
    right, mine = noted(references.transfer, case), noted(function, case)
    if not mine.calls[0] or set(mine.answer) != set(right.answer):
        return None
    seen = mine.pictures()
    for number, (name, pictures) in enumerate((("photos", case.arguments[1]), ("paintings", case.arguments[2]))):
        wanted = right.calls[0][number][0]
        if not all(is_among(picture, seen) for picture in wanted):
            known = [picture for given, _ in right.calls[0][:2] for picture in given]
            return into_network(name, pictures, mine, known, MEAN, DEVIATION)
    return (
        _of_grams(function, cases, right, mine)
        or _of_costs(right, mine, case.arguments[1])
        or _of_pictures(right, mine)
    )


def _of_grams(function, cases: Sequence[Case], right: Noted, mine: Noted) -> Stage | None:
    given, wanted = mine.answer["goal"], right.answer["goal"]
    photos, block = (answer for _, answer in right.calls[0][:2])
    if _same(wanted, given):
        return None
    first = (
        "Photos and paintings go in as expected. The first thing that differs is `goal`, the paintings' Gram matrices."
    )
    if given.shape != wanted.shape:
        text = (
            f"`goal` has the shape {given.shape}, where one matrix a painting is expected, {wanted.shape}: print the "
            "shapes in `gram`, from `block` on."
        )
        return Stage("goal", (first, text))
    shown = (first, *_matrices(given, wanted))
    if not np.isfinite(given).all():
        text = (
            "Some of its numbers are not finite: look in `gram`, and at what is done with its answer, for a division "
            "by 0, a root or a logarithm below its domain, or a number that grows too large."
        )
        return Stage("goal", (*shown, text))
    for matrices, text in _known(photos, block):
        if _same(matrices.numpy(), given):
            return Stage("goal", (*shown, text))
    by = _factor(function, cases)
    every = f"Every entry is {_with_numbers(by, block)} times what is expected. " if by else ""
    costs = mine.answer["costs"]
    fitting = 10 * float((_gram(photos) - torch.from_numpy(given)).square().mean())
    if costs.size and _alike(fitting, costs.flat[0], fitting):
        text = (
            "The first cost is the one of this `goal` and right matrices of X. So `gram` is right: look at what it "
            "is given for `goal`, and at what is done with its answer."
        )
    elif by:
        text = f"Look at what `gram` divides by: the positions of one filter's map, M = {block[0, 0].numel()}."
    else:
        text = (
            f"Redo `gram` for the first painting: its {block.shape[1]} filters on {block.shape[2]} × {block.shape[3]} "
            "positions are the rows of F, and F Fᵀ is divided by the number of positions. Look also at what `gram` is "
            "given."
        )
    return Stage("goal", (*shown, every + text))


def _gram(block: torch.Tensor) -> torch.Tensor:
    F = block.flatten(2)
    return F @ F.mT / F.shape[2]


def _known(photos, block) -> Iterator[tuple[torch.Tensor, str]]:
    """Give matrices, right in size, that a mistake leads to, and what is said of it."""
    grams = _gram(block)
    b, n = block.shape[:2]
    yield _gram(photos), "These are the photos' Gram matrices: give `gram` the paintings' features for `goal`."
    for order in permutations(range(b)):
        text = f"These are right matrices in another order, that of the paintings {list(order)}, counted from 0."
        yield grams[list(order)], text
    shared = f"all {b} paintings share one matrix. Each needs its own."
    yield grams.sum(0).expand_as(grams), f"The matrices are summed over the batch, too: {shared}"
    yield grams.mean(0).expand_as(grams), f"The matrices are averaged over the batch: {shared}"
    yield _gram(block.mean(0, keepdim=True)).expand_as(grams), f"The features are averaged over the batch: {shared}"
    for k in range(b):
        yield grams[k].expand_as(grams), f"Every matrix is that of painting {k}, counted from 0. Each needs its own."
    centred = block - block.mean((2, 3), keepdim=True)
    yield _gram(centred), "Each filter's mean is subtracted first: that is the covariance. The Gram matrix keeps means."
    less = block[0, 0].numel() / (block[0, 0].numel() - 1)
    yield (
        grams * less,
        "You divided by M − 1. The Gram matrix divides by all M positions; it is not a sample covariance.",
    )
    text = "That is the sample's covariance, as `torch.cov` gives it. The Gram matrix keeps means, and divides by M."
    yield _gram(centred) * less, f"Each filter's mean is subtracted first, and M − 1 divides. {text}"
    unit = torch.nn.functional.normalize(block.flatten(2), dim=2)
    yield unit @ unit.mT, "Each filter is scaled to length 1 first: that is the cosine. The Gram matrix keeps lengths."
    yield (
        _gram(block.reshape(b, -1, n).mT),
        "`reshape(B, −1, N)` deals numbers of one filter into several columns. Keep the filters where they are and "
        "flatten the last two dimensions: `flatten(2)`.",
    )


def _with_numbers(by: str, block: torch.Tensor) -> str:
    """Write a factor with the sizes of this call that it names."""
    used = [f"{name} = {size}" for name, size in _sizes(block).items() if name in by]
    return f"{by} ({', '.join(used)})" if used else by


def _factor(function, cases: Sequence[Case]) -> str:
    """Write by which factor `goal` differs in all calls; "" if by none."""
    ratios, sizes = [], []
    for case in cases:
        right = noted(references.transfer, case)
        ratio = times(right.answer["goal"], noted(function, case).answer["goal"])
        if not ratio:
            return ""
        ratios.append(ratio)
        sizes.append(_sizes(right.calls[0][1][1]))
    return factor(ratios, sizes)


def _same(wanted: np.ndarray, given: np.ndarray) -> bool:
    return wanted.shape == given.shape and abs((times(wanted, given) or 0) - 1) < 1e-4


def _matrices(given: np.ndarray, wanted: np.ndarray) -> list[Block]:
    """Show the matrix that differs most beside the expected one, where they are small."""
    number = int(np.abs(np.nan_to_num(given, nan=np.inf) - wanted).max((1, 2)).argmax())
    block = beside_or_below({f"your goal[{number}]": given[number], "expected": wanted[number]})
    return [block] if block else []


def _sizes(block) -> dict[str, float]:
    b, n, h, w = block.shape
    return {"B": b, "N": n, "M": h * w, "H": h, "W": w}


def _of_costs(right: Noted, mine: Noted, contents) -> Stage | None:
    given, wanted = mine.answer["costs"], right.answer["costs"]
    known = "Photos and paintings go in as expected, and `goal` is right. The first thing that differs is"
    if given.shape != wanted.shape:
        text = (
            f"{known} `costs`: it has the shape {given.shape}, and {len(wanted)} steps are asked for. One cost belongs "
            "to each step: look at how often the optimiser is called and how often it calls `closure`, and where a "
            "cost is added to the list."
        )
        return Stage("costs", (text,))
    later = right.calls[0][2:]
    content, style = np.transpose([_parts(right, given) for given, _ in later])
    rows = [["step", "content", "style", "your cost", "expected", "difference"]]
    rows += [[str(k), *row, row[2] - row[3]] for k, row in enumerate(zip(content, style, given, wanted, strict=True))]
    largest = abs(wanted).max()
    if not _alike(wanted[0], given[0], largest):
        if other := _of_first_input(right, mine, contents):
            return Stage("costs", (f"{known} the first cost.", table(rows), *other))
        text = (
            "X is still the photo then: the content's part is 0, and the cost is 10 times the style's mean square, "
            f"10 · {style[0]:.4g} = {wanted[0]:.4g}. {_as_share(wanted[0], given[0])} Look in `closure` at the cost, "
            "at its weights, squares and means, at what is kept of the photo, and at how the cost comes into the list."
        )
        return Stage("costs", (f"{known} the first cost.", table(rows), text))
    for k, (wanted_x, _) in enumerate(later[1:], start=1):
        if not all(is_among(picture, mine.pictures()) for picture in wanted_x):
            return _of_step(k, right, mine)
        if not _alike(wanted[k], given[k], largest):
            if np.isfinite(given[k]) and abs(given[k] - wanted[k]) < 0.01 * wanted[k]:
                text = (
                    f"X is right there. {_as_share(wanted[k], given[k])} Is a cost "
                    "rounded, or changed a little, before it comes into the list?"
                )
                return Stage("costs", (f"{known} the cost at step {k}.", table(rows), text))
            mine_is = _shown(given[k] - 10 * style[k])
            text = (
                "X is right there, and so was the first cost, in which the content's part is 0. Now that part should "
                f"be {content[k]:.4g}, and yours less 10 times the style's is {mine_is}. It is the mean square of what "
                "the network gives for X less what it gives for the photo."
            )
            return Stage("costs", (f"{known} the cost at step {k}.", table(rows), text))
    return None


def _as_share(wanted: float, given: float) -> str:
    """Say how many times the expected cost the given one is."""
    if not np.isfinite(given):
        return (
            f"Yours is {given}: look for a division by 0, a root or logarithm below its domain, or a number too large."
        )
    by = given / wanted
    return f"Yours is {_shown(by) if abs(by - 1) > 1e-3 else f'{by:.6g}'} times the expected cost."


def _of_first_input(right: Noted, mine: Noted, contents) -> tuple:
    """Say which input, at the first cost, is not among the right ones, or is not where it belongs; () if none is."""
    photos = right.calls[0][0][0]
    known = [picture for given, _ in right.calls[0][:2] for picture in given]
    kept, moving = mine.pictures(moving=False), mine.pictures(moving=True)
    for picture in mine.before_x():
        if not is_among(picture, known):
            return ("An input before the first step is none of the right ones.", *_nearest(contents, picture))
    expected = len(photos) * len(right.answer["costs"])
    if 0 < len(moving) < expected:
        text = f"The network sees {len(moving)} pictures as X, where {expected} are expected, {len(photos)} for each "
        return (text + f"cost: print the shape of X. It holds all {len(photos)} pictures at once.",)
    for number, (photo, x) in enumerate(zip(photos, moving, strict=False)):
        if not is_among(photo, [x]):
            which = f"The first X that the network sees is not the photo: picture {number}, counted from 0, differs."
            for name, pictures in (("photo", photos), ("painting", right.calls[0][1][0])):
                for own, each in enumerate(pictures):
                    if is_among(each, [x]):
                        return (f"{which} It is {name} {own}: look at what X begins with, and at its order.",)
            colours = _as_colours(x)
            if limits := _limits(colours, _as_colours(photo), torch.zeros_like(photo)):
                low, high = map(_shown, limits[:2])
                return (
                    f"{which} It stays within {low} … {high}: look for a clamp, of what X begins with or on the "
                    "way to the network.",
                )
            return (
                f"{which} Either X does not begin with it, or it is changed on its way there.",
                *_nearest(contents, x),
            )
    starts = range(len(kept) - len(photos) + 1)
    if moving and not any(all(is_among(photo, [kept[k + n]]) for n, photo in enumerate(photos)) for k in starts):
        text = (
            "Besides X, the photos did not go into the network, all of them and in their order: look at what is kept "
        )
        return (text + "of the photo, and whether `closure` compares X with that.",)
    return ()


def _nearest(contents, found) -> tuple:
    """Compare an input with the photo of which most of its channels are stretches; () where none is."""
    number, photo = max(enumerate(contents), key=lambda each: channels_of(each[1], found))
    if not channels_of(photo, found):
        return ()
    return (f"Of photo {number}:", *compared("photo", photo, found, MEAN, DEVIATION))


def _shown(number: float) -> str:
    return f"{number:.4g}".replace("-", "−")


def _parts(right: Noted, given) -> tuple[float, float]:
    """Return the two parts of the cost of an input of the network, without their weights."""
    kept = right.calls[0][0][1]
    now = next(answer for other, answer in right.calls[0] if other is given)
    goal = torch.from_numpy(right.answer["goal"])
    return float((now - kept).square().mean()), float((_gram(now) - goal).square().mean())


def _alike(wanted, given, largest: float) -> bool:
    """Return whether numbers agree as closely as the question asks, relative to the largest of their array."""
    return bool(np.all(abs(wanted - given) <= CLOSE * largest))


def _of_step(k: int, right: Noted, mine: Noted) -> Stage:
    """Say how X moved at the first step that differs."""
    here = right.calls[0][1 + k][0]
    wanted = right.calls[0][2 + k][0]
    known = [picture for given, _ in right.calls[0][: 2 + k] for picture in given]
    others = [x for x in mine.pictures(moving=True) if x.shape == here[0].shape and not is_among(x, known)]
    costs = "first cost" if k == 1 else f"first {k} costs"
    first = (
        f"Photos, paintings, `goal` and the {costs} are right. The first thing that differs is X as the network saw "
        f"it after step {k}."
    )
    if not others:
        text = (
            "The network saw no X but the right ones of the steps before: either X itself has not moved, or the "
            "network is given a copy that does not move with it. Look at what the optimiser is given, and whether "
            "a gradient arrives there."
        )
        return Stage("step", (first, text))
    number = min(range(len(wanted)), key=lambda each: float((others[0] - wanted[each]).abs().max()))
    before, x, expected = (_as_colours(picture) for picture in (here[number], others[0], wanted[number]))
    moved, asked = x - before, expected - before
    return Stage("step", (first, _row(number, moved, asked), _of_move(k, x, expected, moved, asked)))


def _as_colours(picture: torch.Tensor) -> torch.Tensor:
    """Return an input of the network as the colours that it was made of."""
    mean, deviation = (torch.tensor(row).to(picture)[:, None, None] for row in (MEAN, DEVIATION))
    return picture * deviation + mean


def _row(number: int, moved: torch.Tensor, asked: torch.Tensor) -> Block:
    """Show the numbers beside the one that differs most."""
    place = np.unravel_index(int((moved - asked).abs().argmax()), moved.shape)
    channel, row, column = (int(each) for each in place)
    start = max(0, min(column - 1, moved.shape[-1] - 4))
    places = range(start, min(start + 4, moved.shape[-1]))
    rows: list = [[f"picture {number}, channel {channel}, row {row}", "your step", "expected"]]
    rows += [[f"[{place}]", *(float(steps[channel, row, place]) for steps in (moved, asked))] for place in places]
    return table(rows)


def _of_move(k: int, x, expected, moved, asked) -> str:
    if limits := _limits(x, expected, expected - asked):
        low, high, ratio = limits
        within = f"X as the network saw it stays within {_shown(low)} … {_shown(high)}"
        if ratio and abs(ratio - 1) < 1e-3:
            within += ", and is right in between"
        elif ratio:
            within += f", and in between it moves by {_shown(ratio)} times the expected step"
        return (
            f"{within}: look for a clamp, in `closure`, between two steps and on the way to the network. Limit only "
            "the result. Then check again: a clamp changes the steps, too."
        )
    if k > 1:
        return (
            "The steps before were right, this one is not. Is each gradient a new one (`zero_grad`)? Does the "
            "content's part, which is 0 at the start, have its gradient, without `detach`? Does nothing else move X, "
            "and are `max_iter` and `history_size` as they were? L-BFGS keeps the last gradients and places."
        )
    if ratio := times(asked.numpy(), moved.numpy()):
        return (
            f"X moves by {_shown(ratio)} times the expected step. The first step of L-BFGS goes along the gradient, as "
            "yours does: look for another rate (`lr`), a factor of the gradient, or another optimiser than L-BFGS."
        )
    if moved.abs().max() - moved.abs().min() < 1e-3 * moved.abs().max():
        return "Every number moves by the same amount, whatever its gradient, as Adam and its kin do. Keep L-BFGS."
    return (
        "The cost before it is right. Either its gradient is not, where a part is cut off (`detach`, `no_grad`), or "
        "something other than the optimiser changes X, or X is changed on its way to the network."
    )


def _limits(x: torch.Tensor, expected: torch.Tensor, before) -> tuple[float, float, float | None] | None:
    """Return between which numbers an X seems clamped, and by how many times the expected step it moves in between.

    Several of it lie at a bound. Those expected there lie beyond, or all others keep to one ratio: in a clamp on the
    way to the network, numbers at a bound have no gradient and stay where they are.
    """
    low, high = (round(float(bound), 6) + 0.0 for bound in (x.min(), x.max()))  # + 0.0: no −0
    below, above = x < low + 1e-7, x > high - 1e-7
    inside = ~(below | above)
    outside = bool((expected < low - 1e-6).any() or (expected > high + 1e-6).any())
    if max(int(below.sum()), int(above.sum())) < 2 or not outside or not inside.any():
        return None
    beyond = bool((expected[below] < low + 1e-6).all() and (expected[above] > high - 1e-6).all())
    ratio = times((expected - before)[inside].numpy(), (x - before)[inside].numpy())
    return (low, high, ratio) if beyond or ratio else None


def _of_pictures(right: Noted, mine: Noted) -> Stage | None:
    given, wanted = mine.answer["pictures"], right.answer["pictures"]
    if given.shape == wanted.shape and _alike(wanted, given, abs(wanted).max()):
        return None
    known = "Inputs, `goal`, costs and each X that the network saw are right. The first difference is in `pictures`."
    if given.shape != wanted.shape:
        text = f"It has the shape {given.shape}, and {wanted.shape} is expected: X itself, only clamped."
        return Stage("pictures", (known, text))
    place = np.unravel_index(np.abs(given - wanted).argmax(), wanted.shape)
    rows = [["pictures", "yours", "expected"], [str([int(number) for number in place]), given[place], wanted[place]]]
    rows += [["the smallest", given.min(), wanted.min()], ["the largest", given.max(), wanted.max()]]
    if given.min() < -1e-6 or given.max() > 1 + 1e-6:
        text = "Numbers lie outside of 0 … 1: limit what is returned, with `clamp(0, 1)`."
    elif _last_input(right, given):
        text = "This is X before the last step: take `x.detach()` after the loop, and copy it if X still moves."
    else:
        text = (
            "Only `pictures` shows the last step. Either it differs: are `max_iter` and `history_size` as they were? "
            "Or what you return is not X as the optimiser left it, limited to 0 … 1."
        )
    return Stage("pictures", (known, table(rows), text))


def _last_input(right: Noted, given: np.ndarray) -> bool:
    last = right.calls[0][-1][0]
    return is_among(torch.from_numpy(given).to(last), [_as_colours(last).clamp(0, 1)])
