"""Measure lesson 09c's pages on the large networks: python docs/why_vgg.py writes docs/why_vgg.md and why_vgg.jpg.

Three pairs are painted with each network, at the lessons' size, and judged by `nstlib.bench.judge`. The
weights of vgg16 and alexnet are fetched where they are not in the cache.
"""

import copy
from pathlib import Path

import torch
from rich.progress import track
from torch.nn import functional

from nstlib import Settings, networks, painted, pictures, stylize
from nstlib.bench.judge import PictureJudge
from nstlib.networks import ALEXNET_LAYERS, STYLE_LAYERS, Network
from nstlib.style import layer_style_cost, mean_gram
from nstlib.transfer.colour import grey

FOLDER = Path(__file__).parent
SIDE = 128
PAIRS = (("cat", "night"), ("coffee", "mosaic"), ("astronaut", "waves"))
COMMON = {"size": SIDE, "chroma_smoothness": 60}
ALEXNET = COMMON | {"style_layers": ALEXNET_LAYERS, "content_layers": ("relu4",)}
PERIOD = 4  # AlexNet's first stride
HEAD = f"""\
# Which network? VGG-16 and AlexNet, measured

Means of three pairs ({", ".join(" × ".join(pair) for pair in PAIRS)}) at {SIDE} px,
{Settings().steps} steps, β = 10, chroma smoothness 60; AlexNet with its own layers, relu1 to relu5 and content at
relu4. Made by `NST_TEST=1 python docs/why_vgg.py`, and quoted by lesson 09c.

![A cat and a painted night sky; then the cat in brush strokes by VGG-16, by VGG-16 with red and blue exchanged, without
ImageNet's mean, and with average pooling; by AlexNet under a fine grid of bright dots; and by AlexNet on a pyramid:
blurred patches of the right colours, with the same grid](why_vgg.jpg)

*Exchanged*: the network takes red for blue. *No mean*: ImageNet's mean is not subtracted from pictures. *Average*: its
pools average in place of taking the maximum.

The judge is VGG-16: `cut` is the share of the style cost that is gone, `content` how far relu4_2 has moved, `grain` the
coloured speckle (`nstlib.bench.judge`). It favours VGG-16's own pictures. The last two columns ask no network: the
strongest over the weakest mean of sixteen classes of pixels, by row and column mod 4, of the first layer's gradient
where a run begins, and of the finished picture's finest detail. 1 is even.
"""
BETWEEN = """
## Scrambled paintings

Each painted style in grey, with its power spectrum kept and its phases made random, against another painting of the
same style: mean relative distance of G/M over the nine styles, the first over the second. Below 1 the scrambled
painting counts as the nearer one. Of a block it is the first ReLU.
"""


def unevenness(values: torch.Tensor) -> float:
    """Strongest over weakest mean of a map's (H, W) sixteen phases: 1 if it does not know rows and columns mod 4."""
    height, width = (side // PERIOD * PERIOD for side in values.shape)
    cells = values[:height, :width].reshape(height // PERIOD, PERIOD, width // PERIOD, PERIOD)
    phases = cells.mean((0, 2))
    return (phases.max() / phases.min()).item()


def grid(picture: torch.Tensor) -> float:
    """Unevenness of a picture's finest detail, |4 x − its four neighbours| of the mean channel."""
    kernel = torch.tensor([[0.0, -1, 0], [-1, 4, -1], [0, -1, 0]]).view(1, 1, 3, 3)
    return unevenness(functional.conv2d(picture.mean(0)[None, None], kernel)[0, 0].abs())


def pull(network: Network, layer: str, content: torch.Tensor, style: torch.Tensor) -> float:
    """Unevenness of ‖∂E_l/∂X‖ by pixel where a run begins, away from the border."""
    x = content.clone().requires_grad_()
    cost = layer_style_cost(network(x[None])[layer][0], network(style[None])[layer][0])
    (gradient,) = torch.autograd.grad(cost, x)
    return unevenness(gradient.norm(dim=0)[16:-16, 16:-16])


def scrambled(picture: torch.Tensor, seed: int = 0) -> torch.Tensor:
    """Return a picture (3, H, W) of the same power spectrum, in random phases that all channels share."""
    noise = torch.fft.rfft2(torch.rand(picture.shape[-2:], generator=torch.Generator().manual_seed(seed)))
    phases = noise / noise.abs()
    phases[0, 0] = 1  # the mean
    return torch.fft.irfft2(torch.fft.rfft2(picture) * phases, s=picture.shape[-2:])


@torch.no_grad()
def order_seen(network: Network) -> list[float]:
    """‖ΔG/M‖ by layer of grey paintings and their scrambled selves, over that of two of one style: sums over styles."""
    from_scrambled, from_another = torch.zeros(len(network.layers)), torch.zeros(len(network.layers))
    for name in painted.STYLES:
        first, second = (grey(painted.paint(name, SIDE, seed)) for seed in (0, 1))
        G, of_scrambled, of_another = (grams(network, picture) for picture in (first, scrambled(first), second))
        from_scrambled += torch.stack([(x - g).norm() / g.norm() for x, g in zip(of_scrambled, G, strict=True)])
        from_another += torch.stack([(x - g).norm() / g.norm() for x, g in zip(of_another, G, strict=True)])
    return (from_scrambled / from_another).tolist()


def grams(network: Network, picture: torch.Tensor) -> list[torch.Tensor]:
    """G/M of a picture by layer."""
    return [mean_gram(block[0]) for block in network(picture[None]).values()]


def choices() -> dict[str, tuple[Network, Settings, str]]:
    """Return by name a network, how it paints, and its first style layer."""
    vgg, alexnet = networks.load("vgg16"), networks.load("alexnet")
    exchanged = copy.deepcopy(vgg)
    first = exchanged.convolutions["conv1_1"].weight
    first.data = first.flip(1)
    meanless = copy.deepcopy(vgg)
    meanless.mean.zero_()
    return {
        "VGG-16": (vgg, Settings(**COMMON), "relu1_1"),
        "VGG-16, exchanged": (exchanged, Settings(**COMMON), "relu1_1"),
        "VGG-16, no mean": (meanless, Settings(**COMMON), "relu1_1"),
        "VGG-16, average": (networks.load("vgg16", pooling="average"), Settings(**COMMON), "relu1_1"),
        "AlexNet": (alexnet, Settings(**ALEXNET), "relu1"),
        "AlexNet, on a pyramid": (alexnet, Settings(**ALEXNET, optimizer="pyramid"), "relu1"),
    }


def painted_table() -> list[str]:
    """Paint all pairs by all choices, write the first pair's pictures, and return the table's lines."""
    lines = ["| network | cut | content | grain | grid of the pull | grid of the picture |"]
    lines.append("|---|---:|---:|---:|---:|---:|")
    judges = []
    for photo, style in PAIRS:
        content = pictures.sample(photo, SIDE)
        painting = painted.paint(style, tuple(content.shape[1:]))
        judges.append((content, painting, PictureJudge(content, painting, SIDE)))
    sheet = dict(zip(("photo", "painting"), judges[0][:2], strict=True))
    for name, (network, settings, first) in track(choices().items(), "networks"):
        rows = []
        for index, (content, painting, judge) in enumerate(judges):
            picture = stylize(content, painting, settings, network)
            sheet |= {name: picture} if index == 0 else {}
            score = judge(picture)
            uneven = pull(network, first, content, painting)
            rows.append((score.cut, score.content, score.grain, uneven, grid(picture)))
        means = [sum(values) / len(values) for values in zip(*rows, strict=True)]
        lines.append(f"| {name} | {' | '.join(f'{value:.2f}' for value in means)} |")
    pictures.write(pictures.contact_sheet(sheet, columns=4, size=256), FOLDER / "why_vgg.jpg", overwrite=True)
    return lines


def order_table() -> list[str]:
    """Return the lines of the table of scrambled paintings."""
    rows = {}
    for name in track(("minivgg", "vgg16", "alexnet"), "scrambled"):
        layers = ("conv1", *ALEXNET_LAYERS) if name == "alexnet" else ("conv1_1", *STYLE_LAYERS)
        rows[name] = order_seen(networks.load(name, layers))
    lines = ["| network | first convolution | block 1 | block 2 | block 3 | block 4 | block 5 |"]
    lines.append("|---|---:|---:|---:|---:|---:|---:|")
    return lines + [f"| {name} | {' | '.join(f'{value:.2f}' for value in row)} |" for name, row in rows.items()]


def main() -> None:
    """Write the page and the picture."""
    parts = [HEAD, *painted_table(), BETWEEN, *order_table()]
    (FOLDER / "why_vgg.md").write_text("\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
