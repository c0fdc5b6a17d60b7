"""ex05.plateau: when to stop."""

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.questions import FORESEEN, TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw

SHAPES = (  # costs, patience and share
    ((10, 18, 14, 7.5, 9, 8, 5.5, 13, 4, 3, 2.5), 3, 0.2),  # J rises, at first and later
    ((64, 32, 16, 9.6, 9), 1, 0.5),  # J falls by exactly the share
    ((10, 9.93, 9.83), 2, 0.1),  # J hardly falls from the start
    ((20, 19, 17.5, 17.4), 2, 0.1),  # J falls by the share in two steps, by less in one
    ((10, 14, 8.03, 9, 6, 6.1, 4), 2, 0.2),  # J falls by slightly less than the share, and rises in between
    ((16, 8, 8.5, 4, 2, 1.95), 1, 0.1),  # J rises by less than the share
    ((14, 4, 6, 10, 5, 7), 3, 0.3),  # J falls steeply, once, and stays above that
    ((4, 2, 1, 9, 8.9, 8.8), 2, 0.2),  # J ends above where it began: an index from the end does not stop at once
)
# No two costs that are compared are apart by the number `share`: rounding would decide who compares with that alone


SHORT = (12, 9, 6, 1, 4, 2)  # J falls by exactly the share, then by more, and rises: worked out by hand


def _runs(draw: Draw) -> list[Case]:
    cases = [_short(draw), *(_run(draw, *each) for each in SHAPES), _at_the_last(draw)]
    for falls, patience, share in ((0.7, 2, 0.15), (0.93, 3, 0.2), (0.9, 4, 0.3), (0.8, 5, 0.05), (0.6, 1, 0.1)):
        costs = [draw.number(5.0, 20.0)]
        rate = falls
        while len(costs) < draw.sizes((14, 18))[0]:
            rate = min(1.02, rate + 0.02)
            costs.append(costs[-1] * rate * draw.number(0.97, 1.03))
        if share == 0.05:  # this run is still falling at its end
            costs = [20 * 0.8**number for number in range(draw.sizes((8, 12))[0])]
        words = f"{len(costs)} costs, {', '.join(f'{cost:.3g}' for cost in costs)}, patience {patience}, share {share}"
        cases.append(Case((costs, patience, share), words, {"L": len(costs)}, gradient=()))
    return cases


def _short(draw: Draw) -> Case:
    """Scale the short run, and let it end level."""
    scale = draw.shuffled((1, 2, 4))[0]
    costs = [cost * scale for cost in SHORT] + [SHORT[-1] * scale] * draw.sizes((1, 5))[0]
    words = f"{len(costs)} costs, {', '.join(map(str, costs))}, patience 2, share 0.5"
    return Case((costs, 2, 0.5), words, {"L": len(costs)}, gradient=())


def _run(draw: Draw, shape: tuple[float, ...], patience: int, share: float) -> Case:
    """Scale a run by a power of two, which leaves equal what is equal, and let it end slowly."""
    scale = 2.0 ** draw.sizes((-2, 3))[0]
    costs = [cost * scale for cost in shape]
    costs += [costs[-1] * 0.99**number for number in range(1, draw.sizes((3, 12))[0])]
    words = f"{len(costs)} costs that begin {', '.join(f'{cost:.4g}' for cost in costs[:8])}, patience {patience}, "
    return Case((costs, patience, share), words + f"share {share}", {"L": len(costs)}, gradient=())


def _at_the_last(draw: Draw) -> Case:
    """Halve J until the last step, which alone falls short."""
    costs = [5.0 * 2**number for number in reversed(range(draw.sizes((4, 10))[0]))] + [4.87]
    words = f"{len(costs)} costs, {', '.join(f'{cost:g}' for cost in costs)}, patience 1, share 0.1"
    return Case((costs, 1, 0.1), words, {"L": len(costs)}, gradient=())


def _patient(lower, late=0, waited=0):
    """Return the rule of early stopping: a run ends after `patience` steps in a row without a new best cost.

    lower: whether a cost is a new best one, of the cost, the best until then and the share. late: by how many steps the
    count may exceed the patience. waited: where the count stands at step 0.
    """

    def answer(costs, patience, share):
        best, waiting = costs[0], waited
        for step, cost in enumerate(costs):
            if step and lower(cost, best, share):
                best, waiting = cost, 0
            elif step:
                waiting += 1
            if waiting >= patience + late:
                return step
        return len(costs)

    return answer


def _in_a_row(slow):
    """Return the rule that a run ends after `patience` slow steps in a row.

    slow: whether a step is, of the costs until then, its own among them, and the share.
    """

    def answer(costs, patience, share):
        steps = 0
        for step in range(1, len(costs)):
            steps = steps + 1 if slow(costs[: step + 1], share) else 0
            if steps >= patience:
                return step
        return len(costs)

    return answer


def _told(case: Case, given: float, expected: float) -> str:
    """Say how far a wrong step lies from the right one, and what the rule says at both: their ratio means nothing."""
    end = case.symbols["L"]
    if given not in range(end + 1):
        return f"The steps of this run are 0 to {end - 1}, and {end} says that it goes on to its end."
    steps = [int(step) for step in sorted((given, expected)) if step <= expected and step < end]
    ruled = " ".join(_by_the_rule(case, step) for step in steps)
    if given == end:
        return f"Your rule lets the run go on to its end; the rule stops it at step {expected:g}. {ruled}"
    if expected == end:
        return f"You stop at step {given:g}; by the rule the run goes on to its end. {ruled}"
    apart = abs(given - expected)
    steps = "one step" if apart == 1 else f"{apart:g} steps"
    return f"You stop at step {given:g}, {steps} {'later' if given > expected else 'earlier'} than the rule. {ruled}"


def _by_the_rule(case: Case, step: int) -> str:
    """Work out what the rule says at a step."""
    costs, patience, share = case.arguments
    if step < patience:
        return f"At step {step} nothing lies {patience} steps before: the first comparison is at step {patience}."
    before, now = costs[step - patience], costs[step]
    back = "one step" if patience == 1 else f"{patience} steps"
    then = f"At step {step} J is {now:.4g}, and {back} before it was {before:.4g}"
    if now > before:
        return f"{then}: it rose, so stop."
    fell, least = before - now, share * before
    stops = f"less than {share:g} · {before:.4g} = {least:.4g}: stop"
    goes_on = f"not less than {share:g} · {before:.4g} = {least:.4g}: go on"
    return f"{then}, so it fell by {fell:.4g}, {stops if fell < least else goes_on}."


def _instead_of_never(value):
    """Return the mistake of giving back this where the rule never holds."""

    def answer(costs, patience, share):
        step = references.stopping_step(costs, patience, share)
        return step if step < len(costs) else value

    return answer


def _lowest_of_window(costs, patience, share):
    def has_not_fallen(step):
        before = step - patience + 1
        return min(costs[before : step + 1]) > (1 - share) * min(costs[:before])

    return _first(costs, patience, has_not_fallen)


def _step_of_best(costs, patience, share):
    stop = _patient(_is_lower)(costs, patience, share)
    return stop if stop == len(costs) else min(range(stop + 1), key=costs.__getitem__)


def _is_lower(cost, best, share):
    return cost < best


def _early_stopping():
    """Give the mistakes of those who count as Keras's EarlyStopping and PyTorch's ReduceLROnPlateau do."""
    rule = "The rule compares two costs alone, `patience` steps apart: costs[step] and costs[step − patience]."
    for name, lower, what in (
        ("no-new-best", _is_lower, "the lowest cost so far"),
        (
            "no-new-best-by-share",
            lambda cost, best, share: cost < (1 - share) * best,
            "the last cost that was lower than the best one by the share",
        ),
        (
            "no-new-best-by-difference",
            lambda cost, best, share: cost < best - share,
            "the last cost that was lower than the best one by the number `share`, as Keras does by `min_delta`,",
        ),
    ):
        counted = f"You count the steps since {what} and stop when there are"
        for after, late, waited, when in (
            ("", 0, 0, "`patience` of them."),
            ("-early", 0, 1, "`patience` of them; step 0 counts as one, and there is nothing before it to be better."),
            ("-late", 1, 0, "more than `patience` of them."),
        ):
            yield Misconception(
                name + after,
                _patient(lower, late, waited),
                f"{counted} {when} {rule}",
                TRIED if waited else "Keras's EarlyStopping and PyTorch's ReduceLROnPlateau count this way",
            )
    yield Misconception(
        "no-new-best-by-exactly-the-share",
        _patient(lambda cost, best, share: cost <= (1 - share) * best),
        "You count the steps since the last cost that was lower than the best one by the share or more, and stop when "
        f"there are `patience` of them. {rule}",
        "Keras's EarlyStopping and PyTorch's ReduceLROnPlateau count this way",
    )
    yield Misconception(
        "step-of-the-best",
        _step_of_best,
        "You gave back the step of the lowest cost, after `patience` steps without a lower one. The step at which the "
        f"run ends is asked for. {rule}",
        "Keras's EarlyStopping restores the best weights",
    )
    yield Misconception(
        "slow-steps-in-a-row",
        _in_a_row(lambda costs, share: costs[-1] > (1 - share) * costs[-2]),
        f"You count steps in a row that each fall by less than the share, and stop at `patience` of them. {rule}",
        TRIED,
    )
    yield Misconception(
        "rising-steps-in-a-row",
        _in_a_row(lambda costs, share: costs[-1] >= costs[-2]),
        f"You count steps in a row at which J does not fall, and stop at `patience` of them. {rule}",
        TRIED,
    )
    yield Misconception(
        "steps-near-the-lowest-in-a-row",
        _in_a_row(lambda costs, share: costs[-1] >= (1 - share) * min(costs[:-1])),
        "You count steps in a row that are not lower, by the share, than the lowest cost before them, and stop at "
        f"`patience` of them. {rule}",
        TRIED,
    )
    yield Misconception(
        "lowest-of-the-window",
        _lowest_of_window,
        f"You compared the lowest of the last `patience` costs with the lowest before them. {rule}",
        TRIED,
    )


AT_THE_SHARE = "And you stop, too, where J has fallen by exactly the share: `<`, not `<=`."


def _at_the_share():
    """Give what those do who write `<=`, and make one more mistake."""

    def first(costs, begin, share, back, end=None):
        steps = range(begin, len(costs) if end is None else end)
        return next((k for k in steps if costs[k - back] - costs[k] <= share * costs[k - back]), len(costs))

    for name, answer, what in (
        (
            "begins-late",
            lambda costs, patience, share: first(costs, patience + 1, share, patience),
            "Your first comparison comes one step late: step `patience` can be compared with step 0 already.",
        ),
        (
            "ends-early",
            lambda costs, patience, share: first(costs, patience, share, patience, len(costs) - 1),
            "You never looked at the last cost: `range(patience, len(costs))` gives every step up to it.",
        ),
        (
            "neighbours",
            lambda costs, patience, share: first(costs, 1, share, 1),
            "You compared each cost with the one before it. `patience` steps lie between the two that are compared.",
        ),
        (
            "neighbours-from-patience",
            lambda costs, patience, share: first(costs, patience, share, 1),
            "You began at step `patience`, but compared each cost with the one before it. `patience` steps lie between "
            "the two that are compared.",
        ),
        (
            "begins-late-ends-early",
            lambda costs, patience, share: first(costs, patience + 1, share, patience, len(costs) - 1),
            "Your loop leaves out the first comparison and the last one: `range(patience, len(costs))` has both.",
        ),
        (
            "counted-from-1",
            lambda costs, patience, share: min(first(costs, patience, share, patience) + 1, len(costs)),
            "Your step is one too late: steps are counted from 0, as the list is.",
        ),
        (
            "the-earlier-step",
            lambda costs, patience, share: (
                step - patience if (step := first(costs, patience, share, patience)) < len(costs) else step
            ),
            "You gave back the step `patience` steps before. The run ends at the later of the two that are compared.",
        ),
        (
            "last-index",
            lambda costs, patience, share: min(first(costs, patience, share, patience), len(costs) - 1),
            "Where the run never stops you gave back its last step. Give back how many costs there are: one more.",
        ),
    ):
        yield Misconception(f"at-the-share-{name}", answer, f"{what} {AT_THE_SHARE}", TRIED)


def _first(costs, begin, holds):
    return next((step for step in range(begin, len(costs)) if holds(step)), len(costs))


def _without_the_ends(costs, patience, share):
    steps = range(patience + 1, len(costs) - 1)
    return next((k for k in steps if costs[k - patience] - costs[k] < share * costs[k - patience]), len(costs))


plateau = Question(
    id="ex05.plateau",
    points=3,
    reference=references.stopping_step,
    cases=_runs,
    confirmation="The first step at which J has fallen by less than the share since `patience` steps before.",
    hints=(
        "At which step is there for the first time something `patience` steps before to compare with?",
        "Compare J with what it was `patience` steps before: has it fallen by the share of that, or not?",
        "The first step, counted from 0, with costs[step] > (1 − share) · costs[step − patience]; len(costs) if "
        "there is none.",
    ),
    reread="lesson 05, section 6",
    difficulty=3,
    importance=3,
    minutes=10,
    kinds=frozenset({"number", "tensor"}),
    told=_told,
    misconceptions=(
        Misconception(
            "neighbours",
            lambda costs, patience, share: references.stopping_step(costs, 1, share),
            "You compared each cost with the one before it. `patience` steps lie between the two that are compared.",
            FORESEEN,
        ),
        Misconception(
            "neighbours-from-patience",
            lambda costs, patience, share: _first(
                costs, patience, lambda k: costs[k - 1] - costs[k] < share * costs[k - 1]
            ),
            "You began at step `patience`, but compared each cost with the one before it. `patience` steps lie between "
            "the two that are compared.",
            TRIED,
        ),
        Misconception(
            "last-step-missing",
            lambda costs, patience, share: (
                step if (step := references.stopping_step(costs, patience, share)) < len(costs) - 1 else len(costs)
            ),
            "You never looked at the last cost: `range(patience, len(costs) - 1)` stops one too early. "
            "`range(patience, len(costs))` gives every step up to the last.",
            TRIED,
        ),
        Misconception(
            "from-the-start",
            lambda costs, patience, share: next(
                (k for k in range(1, len(costs)) if costs[k] > (1 - share) * costs[max(0, k - patience)]), len(costs)
            ),
            "You began before `patience` steps had been made. There is nothing to compare with yet: begin at step "
            "`patience`.",
            FORESEEN,
        ),
        Misconception(
            "step-before",
            lambda costs, patience, share: references.stopping_step(costs, patience, share) - 1,
            "Your step is one too early. Steps are counted from 0, as the list is.",
            FORESEEN,
        ),
        Misconception(
            "counted-from-1",
            lambda costs, patience, share: min(references.stopping_step(costs, patience, share) + 1, len(costs)),
            "Your step is one too late. Steps are counted from 0, as the list is.",
            TRIED,
            credit=1,
        ),
        Misconception(
            "patience-more",
            lambda costs, patience, share: references.stopping_step(costs, patience + 1, share),
            "You looked back one step too far: `costs[step - patience]`.",
            FORESEEN,
        ),
        Misconception(
            "absolute",
            lambda costs, patience, share: next(
                (k for k in range(patience, len(costs)) if costs[k] > costs[k - patience] - share), len(costs)
            ),
            "You compared the fall with the share itself. It is a share of what J was: share · costs[step − patience].",
            FORESEEN,
        ),
        Misconception(
            "negative-index",
            lambda costs, patience, share: _first(
                costs, 0, lambda k: costs[k - patience] - costs[k] < share * costs[k - patience]
            ),
            "You began at step 0, where `costs[step - patience]` is a cost from the end of the list: Python counts "
            "negative places from there. Begin at step `patience`.",
            TRIED,
        ),
        Misconception(
            "negative-index-from-1",
            lambda costs, patience, share: _first(
                costs, 1, lambda k: costs[k - patience] - costs[k] < share * costs[k - patience]
            ),
            "You began at step 1. Before step `patience`, `costs[step - patience]` is a cost from the end of the list: "
            "Python counts negative places from there. Begin at step `patience`.",
            TRIED,
        ),
        Misconception(
            "late-and-last-step-missing",
            _without_the_ends,
            "Your loop leaves out the first comparison and the last one: `range(patience, len(costs))` begins at step "
            "`patience`, which can be compared with step 0 already, and gives every step up to the last.",
            TRIED,
        ),
        Misconception(
            "patience-plus-one",
            lambda costs, patience, share: _first(
                costs, patience + 1, lambda k: costs[k - patience] - costs[k] < share * costs[k - patience]
            ),
            "Your first comparison comes one step late: step `patience` can be compared with step 0 already.",
            TRIED,
        ),
        Misconception(
            "the-earlier-step",
            lambda costs, patience, share: (
                references.stopping_step(costs, patience, share)
                - patience * (references.stopping_step(costs, patience, share) < len(costs))
            ),
            "You gave back the step `patience` steps before. The run ends at the later of the two that are compared.",
            TRIED,
            credit=1,
        ),
        Misconception(
            "last-index",
            lambda costs, patience, share: min(references.stopping_step(costs, patience, share), len(costs) - 1),
            "Where the run never stops you gave back its last step. Give back how many costs there are: one more.",
            TRIED,
            credit=2,
        ),
        Misconception(
            "no-last-return",
            _instead_of_never(None),
            "In this call the rule never holds, and nothing comes back (`None`): what do you return after the loop? "
            "Give back how many costs there are.",
            TRIED,
            credit=2,
        ),
        Misconception(
            "minus-one",
            _instead_of_never(-1),
            "Where the run never stops you gave back −1. Give back how many costs there are.",
            TRIED,
            credit=2,
        ),
        Misconception(
            "share-of-now",
            lambda costs, patience, share: _first(
                costs, patience, lambda k: costs[k - patience] - costs[k] < share * costs[k]
            ),
            "You took the share of what J is now. It is a share of what J was: share · costs[step − patience].",
            TRIED,
            credit=1,
        ),
        Misconception(
            "share-of-first",
            lambda costs, patience, share: _first(
                costs, patience, lambda k: costs[k - patience] - costs[k] < share * costs[0]
            ),
            "You took the share of the first cost. It is a share of what J was `patience` steps before.",
            TRIED,
        ),
        Misconception(
            "still-falling",
            lambda costs, patience, share: _first(
                costs, patience, lambda k: costs[k - patience] - costs[k] > share * costs[k - patience]
            ),
            "The comparison is the wrong way round: you stop where J has fallen by more than the share. Stop where it "
            "has fallen by less.",
            TRIED,
        ),
        Misconception(
            "distance",
            lambda costs, patience, share: _first(
                costs, patience, lambda k: abs(costs[k - patience] - costs[k]) < share * costs[k - patience]
            ),
            "You took the absolute difference, so a run whose J rises by the share or more goes on. Where J rises it "
            "has not fallen: stop.",
            TRIED,
            credit=2,
        ),
        Misconception(
            "distance-at-the-share",
            lambda costs, patience, share: _first(
                costs, patience, lambda k: abs(costs[k - patience] - costs[k]) <= share * costs[k - patience]
            ),
            "You took the absolute difference, so a run whose J rises by more than the share goes on; and you stop "
            "where J has fallen by exactly the share. Stop where it rose, and where it fell by less than the share.",
            TRIED,
            credit=1,
        ),
        Misconception(
            "lessons-rule",
            lambda costs, patience, share: _first(
                costs, patience, lambda k: 0 <= costs[k - patience] - costs[k] <= share * costs[k - patience]
            ),
            "This is lesson 05's rule: a run whose J rises goes on, and one whose J falls by exactly the share stops. "
            "Here it is the other way round: stop where J rose, and go on where it fell by exactly the share.",
            "lesson 05, section 6, and the library's `plateau`",
            credit=2,
        ),
        Misconception(
            "lessons-rule-below",
            lambda costs, patience, share: _first(
                costs, patience, lambda k: 0 <= costs[k - patience] - costs[k] < share * costs[k - patience]
            ),
            "As in lesson 05's rule, a run whose J rises goes on. Here it stops: where J rose, it has not fallen by "
            "the share. Leave the comparison with 0 out.",
            "lesson 05, section 6, and the library's `plateau`",
            credit=2,
        ),
        Misconception(
            "at-the-share",
            lambda costs, patience, share: _first(
                costs, patience, lambda k: costs[k - patience] - costs[k] <= share * costs[k - patience]
            ),
            "You stop, too, where J has fallen by exactly the share. Stop if it fell by less: `<`, not `<=`.",
            TRIED,
            credit=2,
        ),
        Misconception(
            "lowest-so-far",
            lambda costs, patience, share: _first(
                costs, patience, lambda k: costs[k] > (1 - share) * min(costs[: k - patience + 1])
            ),
            "You compared with the lowest cost until then. Compare with J of `patience` steps before, high or low.",
            TRIED,
            credit=1,
        ),
        Misconception(
            "last-one",
            lambda costs, patience, share: max(
                (k for k in range(patience, len(costs)) if costs[k] > (1 - share) * costs[k - patience]),
                default=len(costs),
            ),
            "You gave back the last such step: your loop goes on after the first. Return as soon as you find one.",
            TRIED,
            credit=1,
        ),
        Misconception(
            "never-none",
            lambda costs, patience, share: len(costs),
            "You never stop. A run whose costs hardly fall any more ends early.",
            FORESEEN,
        ),
        *_at_the_share(),
        *_early_stopping(),
    ),
)
