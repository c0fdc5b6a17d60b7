"""ex09.bug_hunt: a program that repaints in one pass, to repair."""

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.catalogue.shared import random_network
from nstlib.checks.questions import FORESEEN, Misconception, Question
from nstlib.checks.random_cases import Draw
from nstlib.checks.reading import built
from nstlib.checks.stages_of_repaint import located


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
    located=located,
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
