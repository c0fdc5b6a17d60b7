"""Print lesson 04's table of reference, for networks by name: python docs/layer_weights.py minivgg vgg16 …

It says how many layers pull at the photo, 1 / Σ share² of the lengths λ_l ‖∂E_l/∂X‖: 5 if all five pull alike, 1 if one
pulls alone. Each cell has the smallest and the largest of three pairs, for the network as it is and normalised on 8, 32
and 128 pictures. Photos are 128 pixels on their shorter side. Below the table stands, for each network as it is, the
largest share of the pull that its first layer has with any pair, under four rules.
"""

import sys
from itertools import cycle, islice

import torch
from rich.progress import track

from nstlib import networks, painted, pictures, weighting
from nstlib.style import layer_style_cost

SIDE = 128
PAIRS = (("cat", "night"), ("coffee", "mosaic"), ("rocket", "waves"))
COUNTS = (8, 32, 128)


def varied_squares(count: int) -> torch.Tensor:
    """Cut squares of all sizes from sample photos and painted textures in turn: (count, 3, side, side)."""
    generator = torch.Generator().manual_seed(0)
    kinds = islice(zip(cycle(pictures.SAMPLES), cycle(painted.STYLES), strict=False), count // 2)
    cuts = []
    for seed, (photo, style) in enumerate(kinds):
        for picture in (pictures.sample(photo, 400), painted.paint(style, 256, seed)):
            height, width = picture.shape[1:]
            cut = int(torch.randint(SIDE, min(height, width) + 1, (), generator=generator))
            top = int(torch.randint(height - cut + 1, (), generator=generator))
            left = int(torch.randint(width - cut + 1, (), generator=generator))
            square = picture[None, :, top : top + cut, left : left + cut]
            cuts.append(torch.nn.functional.interpolate(square, SIDE, mode="bilinear", antialias=True))
    return torch.cat(cuts)


def pulls(network: networks.Network, photo: str, style: str) -> dict[str, float]:
    """Return ‖∂E_l/∂X‖ at the photo, by layer."""
    x = pictures.sample(photo, SIDE).requires_grad_()
    features_x = network(x[None])
    features_s = network(painted.paint(style, tuple(x.shape[1:]))[None])
    costs = {layer: layer_style_cost(block[0], features_s[layer][0]) for layer, block in features_x.items()}
    return {layer: torch.autograd.grad(cost, x, retain_graph=True)[0].norm().item() for layer, cost in costs.items()}


def how_many(pulls: dict[str, float], layer_weights: dict[str, float]) -> float:
    """Return 1 / Σ share² of the weighted pulls."""
    weighted = [layer_weights[layer] * pull for layer, pull in pulls.items()]
    return sum(weighted) ** 2 / sum(pull**2 for pull in weighted)


def first_share(network: networks.Network, photo: str, style: str) -> float:
    """Return the first layer's largest share of the weighted pulls under four rules that do not balance."""
    by_layer = pulls(network, photo, style)
    size = tuple(pictures.sample(photo, SIDE).shape[1:])
    blocks = {layer: block[0] for layer, block in network(painted.paint(style, size)[None]).items()}
    against_zero = {layer: layer_style_cost(torch.zeros_like(S), S).item() for layer, S in blocks.items()}
    rules = (
        weighting.equal(network.layers),
        weighting.inverse_n2(network.n_filters),
        weighting.geometric(network.layers),
        weighting.relative(against_zero),
    )
    first = network.layers[0]
    weighted = [{layer: rule[layer] * pull for layer, pull in by_layer.items()} for rule in rules]
    return max(pulled[first] / sum(pulled.values()) for pulled in weighted)


def main(names: list[str]) -> None:
    """Print the table, a row for each network and each number of pictures it is normalised on."""
    squares = varied_squares(max(COUNTS))
    rows, first_shares = [], {}
    for name in names:
        ordinary = networks.load(name, networks.STYLE_LAYERS)
        first_shares[name] = max(first_share(ordinary, *pair) for pair in PAIRS)
        rules = weighting.equal(ordinary.layers), weighting.inverse_n2(ordinary.n_filters)
        for count in track((0, *COUNTS), name):
            network = networks.weight_normalised(ordinary, squares[:count]) if count else ordinary
            lengths = [pulls(network, *pair) for pair in PAIRS]
            columns = [sorted(how_many(by_layer, rule) for by_layer in lengths) for rule in rules]
            ranges = [f"{low:.1f} to {high:.1f}" for low, *_, high in columns]
            rows.append([name, f"normalised on {count}" if count else "as it is", *ranges])
    print("| network | | equal λ | λ ∝ 1/N² |\n|:---|:---|:---|:---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    for name, share in first_shares.items():
        print(f"{name}: the first layer's share of the pull is at most {share:.3f}")


if __name__ == "__main__":
    main(sys.argv[1:] or ["minivgg"])
