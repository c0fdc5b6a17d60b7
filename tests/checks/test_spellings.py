"""Known mistakes as learners write them: each spelling is known by its mistake's name, in notebook and hidden tests."""

import math

import pytest
import torch

from tests.checks.hidden import QUESTIONS, hidden_verdict


def gram(f):
    F = f.flatten(1)
    return F @ F.T


def grams(f):
    F = f.flatten(2)
    return F @ F.mT


def mean_of_a_batch_repeated(f):
    G = grams(f).mean(0)
    return G.expand(len(f), *G.shape)


def mean_by_einsum(f):
    F = f.flatten(2)
    return torch.einsum("bim,bjm->ij", F, F) / len(f)


def gram_of_the_mean(f):
    F = f.mean(0, keepdim=True).flatten(2)
    return torch.bmm(F, F.transpose(1, 2))


def summed_by_a_loop(f):
    total = 0
    for picture in f:
        total = total + gram(picture)
    return torch.stack([total for _ in f])


def last_of_a_loop(f):
    for picture in f:
        G = gram(picture)
    return G


def filled_by_a_loop(f):
    out = torch.zeros(len(f), f.shape[1], f.shape[1], dtype=f.dtype)
    for picture in f:
        out[:] = gram(picture)
    return out


def by_softmax(exponents):
    """Make an answer that gives softmax of a tensor; float32, as torch makes it of Python's numbers."""
    return lambda norms: dict(zip(norms, exponents(torch.tensor([*norms.values()])).softmax(0).tolist(), strict=True))


def softmax_by_hand(norms):
    powers = {name: math.exp(1 / norm) for name, norm in norms.items()}
    return {name: power / sum(powers.values()) for name, power in powers.items()}


def no_new_best(costs, patience, share):
    best, wait = float("inf"), 0
    for step, cost in enumerate(costs):
        if cost < best:
            best, wait = cost, 0
        else:
            wait += 1
            if wait >= patience:
                return step
    return len(costs)


def since_the_lowest(costs, patience, share):
    lowest = 0
    for step in range(len(costs)):
        if costs[step] < costs[lowest]:
            lowest = step
        if step - lowest >= patience:
            return step
    return len(costs)


def no_better_by_the_share(costs, patience, share):
    best, wait = costs[0], 0
    for step in range(1, len(costs)):
        if costs[step] < best * (1 - share):
            best = costs[step]
            wait = 0
            continue
        wait += 1
        if wait == patience:
            return step
    return len(costs)


def counted_from_step_0(costs, patience, share):
    best, wait = costs[0], 0
    for step, cost in enumerate(costs):
        if cost < best - share * best:
            best, wait = cost, 0
        else:
            wait += 1
        if wait >= patience:
            return step
    return len(costs)


def as_reduce_on_plateau(costs, patience, share):
    best, bad = float("inf"), 0
    for step, cost in enumerate(costs):
        if cost < best * (1 - share):
            best, bad = cost, 0
        else:
            bad += 1
        if bad > patience:
            return step
    return len(costs)


def as_keras(costs, patience, share):
    best, wait = float("inf"), 0
    for step, cost in enumerate(costs):
        wait += 1
        if cost < best - share:
            best, wait = cost, 0
        if wait >= patience and step > 0:
            return step
    return len(costs)


def slow_in_a_row(costs, patience, share):
    slow = 0
    for step in range(1, len(costs)):
        slow = slow + 1 if costs[step] > costs[step - 1] * (1 - share) else 0
        if slow == patience:
            return step
    return len(costs)


def lowest_of_the_last(costs, patience, share):
    for step in range(patience, len(costs)):
        lately, before = costs[step - patience + 1 : step + 1], costs[: step - patience + 1]
        if min(lately) > (1 - share) * min(before):
            return step
    return len(costs)


def first_step(holds, otherwise=len):
    """Make the loop that gives back the first step that this holds of: the earlier cost, the cost now and the share."""

    def answer(costs, patience, share):
        for step in range(patience, len(costs)):
            if holds(costs[step - patience], costs[step], share):
                return step
        return otherwise(costs)

    return answer


def no_last_return(costs, patience, share):
    for step in range(patience, len(costs)):
        if costs[step - patience] - costs[step] < share * costs[step - patience]:
            return step


def neighbours(costs, patience, share):
    for step in range(patience, len(costs)):
        if costs[step - 1] - costs[step] < share * costs[step - 1]:
            return step
    return len(costs)


def hooks_of_a_loop(network, picture, layers):
    found, handles = {}, []
    for name in layers:

        def hook(module, inputs, output):
            found[name] = output[0].clone()  # noqa: B023  # this is the mistake

        handles.append(network.get_submodule(name).register_forward_hook(hook))
    network(picture[None])
    for handle in handles:
        handle.remove()
    return found


def lambdas_of_a_loop(network, picture, layers):
    found, handles = {}, []
    for name in layers:
        hook = lambda module, inputs, output: found.update({name: output[0]})  # noqa: B023, E731  # this is the mistake
        handles.append(network.get_submodule(name).register_forward_hook(hook))
    network(picture[None])
    for handle in handles:
        handle.remove()
    return found


def hooks_of_a_loop_over_the_network(network, picture, layers):
    found, handles = {}, []
    for name, module in network.named_modules():
        if name in layers:

            def hook(module, inputs, output):
                found[name] = output.squeeze(0).clone()  # noqa: B023  # this is the mistake

            handles.append(module.register_forward_hook(hook))
    network(picture[None])
    for handle in handles:
        handle.remove()
    return found


def one_variable(network, picture, layers):
    kept = None

    def hook(module, inputs, output):
        nonlocal kept
        kept = output[0].clone()

    handles = [network.get_submodule(name).register_forward_hook(hook) for name in layers]
    network(picture[None])
    for handle in handles:
        handle.remove()
    return {name: kept for name in layers}


def a_list_of_outputs(network, picture, layers):
    outputs = []
    handles = [
        network.get_submodule(name).register_forward_hook(lambda m, i, output: outputs.append(output[0].clone()))
        for name in layers
    ]
    network(picture[None])
    for handle in handles:
        handle.remove()
    return dict(zip(layers, outputs, strict=True))


def after(spoil, restore=lambda network: None):
    """Make the answer that does something to the network first; without a copy where its ReLUs then need none."""

    def answer(network, picture, layers):
        spoil(network)
        found = {}
        handles = [
            network.get_submodule(name).register_forward_hook(lambda m, i, o, name=name: found.update({name: o[0]}))
            for name in layers
        ]
        network(picture[None])
        found = {name: kept.clone() for name, kept in found.items()}
        for handle in handles:
            handle.remove()
        restore(network)
        return found

    return answer


def set_inplace(network, value=False):
    for module in network.modules():
        if isinstance(module, torch.nn.ReLU):
            module.inplace = value


def frozen_without_inplace(network):
    set_inplace(network)
    for parameter in network.parameters():
        parameter.requires_grad = False


def evaluated(network, picture, layers):
    network.eval()
    found = {}
    x = picture[None]
    for name, module in network.named_children():
        x = module(x)
        if name in layers:
            found[name] = x[0].clone()
    return found


def evaluated_and_trained_again(network, picture, layers):
    found = evaluated(network, picture, layers)
    network.train()
    return found


def pairs(others):
    """Make three loops, of which the second runs over these of all n filters for filter k."""

    def answer(F):
        n = len(F)
        G = [[0.0] * n for _ in range(n)]
        for k in range(n):
            for other in others(k, n):
                for i in range(len(F[0])):
                    G[k][other] += float(F[k][i] * F[other][i])
        return G

    return answer


def cost_of(step, raw=False):
    """Make a layer's cost in which a step is taken in each entry of both Gram matrices."""

    def answer(x, s):
        ours, theirs = (
            step(gram(f)) / f[0].numel() if raw else step(gram(f) / (f.shape[1] * f.shape[2])) for f in (x, s)
        )
        return ((ours - theirs) ** 2).sum() / (4 * x.shape[0] ** 2)

    return answer


def signed_root(G):
    return torch.where(G < 0, -1.0, 1.0) * G.abs() ** 0.5


SPELLINGS = [
    ("ex02.gram_batch", "mean-of-pictures", mean_by_einsum),
    ("ex02.gram_batch", "mean-of-pictures-kept", lambda f: grams(f).mean(0, keepdim=True)),
    ("ex02.gram_batch", "mean-of-pictures-repeated", mean_of_a_batch_repeated),
    ("ex02.gram_batch", "mean-of-features", lambda f: gram(f.mean(dim=0))),
    ("ex02.gram_batch", "mean-of-features-kept", gram_of_the_mean),
    ("ex02.gram_batch", "mean-of-features-repeated", lambda f: torch.stack([gram(f.mean(0))] * len(f))),
    ("ex02.gram_batch", "summed-pictures", lambda f: torch.einsum("bihw,bjhw->ij", f, f)),
    ("ex02.gram_batch", "summed-pictures-kept", lambda f: grams(f).sum(0)[None]),
    ("ex02.gram_batch", "summed-pictures-repeated", summed_by_a_loop),
    ("ex02.gram_batch", "first-picture-kept", lambda f: grams(f)[:1]),
    ("ex02.gram_batch", "last-picture", last_of_a_loop),
    ("ex02.gram_batch", "last-picture-kept", lambda f: grams(f)[-1:]),
    ("ex02.gram_batch", "last-picture-repeated", filled_by_a_loop),
    ("ex02.gram_batch", "concatenated", lambda f: torch.cat([gram(picture) for picture in f])),
    ("ex02.gram_batch", "concatenated", lambda f: grams(f).reshape(-1, f.shape[1])),
    ("ex02.gram_batch", "diagonals", lambda f: torch.einsum("bkhw,bkhw->bk", f, f)),
    ("ex02.gram_batch", "diagonals", lambda f: f.square().sum((2, 3))),
    ("ex04.balance", "softmax", by_softmax(lambda norms: -norms)),
    ("ex04.balance", "softmax", by_softmax(lambda norms: 1 - norms)),
    ("ex04.balance", "softmax", by_softmax(lambda norms: norms.max() - norms)),
    ("ex04.balance", "softmax-of-norms", by_softmax(lambda norms: norms)),
    ("ex04.balance", "softmax-of-reciprocals", by_softmax(lambda norms: 1 / norms)),
    ("ex04.balance", "softmax-of-reciprocals", softmax_by_hand),
    ("ex04.balance", "softmax-of-weights", by_softmax(lambda norms: (1 / norms) / (1 / norms).sum())),
    ("ex04.balance", "softmax-of-shares", by_softmax(lambda norms: norms / norms.sum())),
    ("ex04.balance", "softmax-of-negative-shares", by_softmax(lambda norms: 1 - norms / norms.sum())),
    ("ex05.plateau", "no-new-best", no_new_best),
    ("ex05.plateau", "no-new-best", since_the_lowest),
    ("ex05.plateau", "no-new-best-by-share", no_better_by_the_share),
    ("ex05.plateau", "no-new-best-by-share-early", counted_from_step_0),
    ("ex05.plateau", "no-new-best-by-share-late", as_reduce_on_plateau),
    ("ex05.plateau", "no-new-best-by-difference", as_keras),
    ("ex05.plateau", "slow-steps-in-a-row", slow_in_a_row),
    ("ex05.plateau", "lowest-of-the-window", lowest_of_the_last),
    ("ex05.plateau", "lessons-rule", first_step(lambda before, now, share: 0 <= before - now <= share * before)),
    (
        "ex05.plateau",
        "lessons-rule",
        first_step(lambda before, now, share: now <= before and now >= before - share * before),
    ),
    ("ex05.plateau", "lessons-rule-below", first_step(lambda before, now, share: 0 <= before - now < share * before)),
    ("ex05.plateau", "distance", first_step(lambda before, now, share: abs(now - before) < share * before)),
    (
        "ex05.plateau",
        "distance-at-the-share",
        first_step(lambda before, now, share: abs(before - now) <= share * before),
    ),
    ("ex05.plateau", "absolute", first_step(lambda before, now, share: before - now < share)),
    ("ex05.plateau", "absolute", first_step(lambda before, now, share: before - now <= share)),
    ("ex05.plateau", "share-of-now", first_step(lambda before, now, share: before - now < share * now)),
    ("ex05.plateau", "share-of-now", first_step(lambda before, now, share: before / now - 1 < share)),
    ("ex05.plateau", "neighbours-from-patience", neighbours),
    ("ex05.plateau", "no-last-return", no_last_return),
    ("ex05.plateau", "minus-one", first_step(lambda before, now, share: now > (1 - share) * before, lambda costs: -1)),
    ("ex01.hooks", "late-name", hooks_of_a_loop),
    ("ex01.hooks", "late-name-written-over", lambdas_of_a_loop),
    ("ex01.hooks", "late-name-of-the-network", hooks_of_a_loop_over_the_network),
    ("ex01.hooks", "last-for-all", one_variable),
    ("ex01.hooks", "order-of-the-run", a_list_of_outputs),
    ("ex01.hooks", "network-changed", after(set_inplace)),
    ("ex01.hooks", "network-changed", after(frozen_without_inplace)),
    ("ex01.hooks", "network-changed", after(frozen_without_inplace, lambda network: set_inplace(network, True))),
    ("ex01.hooks", "network-changed", evaluated),
    ("ex02.gram", "above-the-diagonal", lambda f: gram(f).triu(1)),
    ("ex02.gram", "above-the-diagonal", lambda f: gram(f).triu() - gram(f).diag().diag()),
    ("ex02.gram", "below-the-diagonal", lambda f: torch.tril(gram(f), diagonal=-1)),
    ("ex02.gram_loops", "above-the-diagonal", pairs(lambda k, n: range(k + 1, n))),
    ("ex02.gram_loops", "below-the-diagonal", pairs(lambda k, n: range(k))),
    ("ex03.layer_cost", "absolute-grams", cost_of(torch.abs)),
    ("ex03.layer_cost", "relu-grams", cost_of(torch.relu)),
    ("ex03.layer_cost", "root-grams", cost_of(lambda G: G.abs().sqrt())),
    ("ex03.layer_cost", "root-grams-by-M", cost_of(lambda G: G.abs().sqrt(), raw=True)),
    ("ex03.layer_cost", "signed-root-grams", cost_of(signed_root)),
    ("ex03.layer_cost", "signed-root-grams-by-M", cost_of(signed_root, raw=True)),
    ("ex03.layer_cost", "clamped-root-grams", cost_of(lambda G: G.clamp_min(0).sqrt())),
    ("ex03.layer_cost", "clamped-root-grams-by-M", cost_of(lambda G: G.relu() ** 0.5, raw=True)),
]


@pytest.mark.parametrize(("question", "mistake", "answer"), SPELLINGS)
def test_a_mistake_is_known_however_it_is_written(question, mistake, answer):
    result = QUESTIONS[question].check(answer)
    assert result.misconception == mistake, str(result)
    assert hidden_verdict(question, answer).misconception == mistake


@pytest.mark.parametrize(
    ("question", "raw"),
    [
        ("ex04.balance", lambda norms: {layer: 1 / norm for layer, norm in norms.items()}),
        ("ex04.shares", lambda norms, shares: {layer: share / norms[layer] for layer, share in shares.items()}),
        ("ex04.as_paper", lambda n_filters: {layer: float(n) ** 2 for layer, n in n_filters.items()}),
        ("ex04.leave_one_out", lambda layers, dropped: {layer: float(layer != dropped) for layer in layers}),
    ],
)
def test_weights_that_torch_made_of_pythons_numbers_pass(question, raw):
    def answer(*given):
        names, values = zip(*raw(*given).items(), strict=True)
        weights = torch.tensor(values)
        return dict(zip(names, (weights / weights.sum()).tolist(), strict=True))

    assert QUESTIONS[question].check(answer).outcome == "correct"
    assert hidden_verdict(question, answer).outcome == "correct"


def slow_since_patience(costs, patience, share):
    slow = 0
    for step, cost in enumerate(costs):
        slow = slow + 1 if cost > (1 - share) * costs[max(0, step - patience)] else 0
        if slow >= patience:
            return step
    return len(costs)


@pytest.mark.parametrize(
    ("answer", "other"),
    [
        (lambda costs, patience, share: 0, "negative-index"),
        (slow_since_patience, "no-new-best-by-share-early"),
    ],
)
def test_a_rule_is_not_called_by_anothers_name(answer, other):
    for found in (QUESTIONS["ex05.plateau"].check(answer), hidden_verdict("ex05.plateau", answer)):
        assert found.misconception != other


@pytest.mark.parametrize(
    "answer", [after(set_inplace, lambda network: set_inplace(network, True)), evaluated_and_trained_again]
)
def test_a_network_that_is_put_back_as_it_was_passes(answer):
    assert QUESTIONS["ex01.hooks"].check(answer).outcome == "correct"
    assert hidden_verdict("ex01.hooks", answer).outcome == "correct"


def test_of_a_network_that_is_left_changed_it_is_told_what():
    told = QUESTIONS["ex01.hooks"].check(after(set_inplace))
    assert "Not as you found it: `inplace` of `relu1_1`, `relu1_2`." in told.message
    assert told.footer[1] == "Reread: lesson 08, section 4"
