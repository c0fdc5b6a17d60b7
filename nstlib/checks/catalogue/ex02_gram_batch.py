"""ex02.gram_batch: the Gram matrices of a batch."""

import torch

from nstlib.checks import references
from nstlib.checks.calling import Case
from nstlib.checks.catalogue.shared import BY_M, BY_NM, POSITIONS, TENSORFLOW
from nstlib.checks.questions import FORESEEN, TRIED, Misconception, Question
from nstlib.checks.random_cases import Draw


def _batches(draw: Draw) -> list[Case]:
    drawn = [draw.whole(2, 3, 1, 2)]
    for dtype, pictures, filters in ((torch.float64, (3, 4), (5, 6)), (torch.float32, (1, 2), (13, 15))):
        drawn.append(draw.normal(*draw.sizes(pictures, filters, (2, 4), (2, 4)), dtype=dtype))
    cases = []
    for features in drawn:
        b, n, height, width = features.shape
        words = f"a batch of {b}, {n} filters on {height} × {width} positions"
        cases.append(Case((features,), words, {"B": b, "N": n, "M": height * width, "H": height, "W": width}))
    return cases


def _all_centred(features):
    return features.flatten(2) - features.flatten(2).mean(2, keepdim=True)


def _of_mean_features(features):
    return references.gram_matrix(features.mean(0))


def _shared(name, matrix, message, evidence):
    """Give the three shapes in which one matrix comes back for a batch: alone, as a batch of one, once a picture."""
    return (
        Misconception(name, matrix, message, evidence),
        Misconception(f"{name}-kept", lambda f: matrix(f)[None], message, evidence),
        Misconception(f"{name}-repeated", lambda f: matrix(f).repeat(len(f), 1, 1), message, evidence),
    )


def _mixed_pictures(features):
    F = features.reshape(features.shape[0] * features.shape[1], -1)
    return F @ F.T


gram_batch = Question(
    id="ex02.gram_batch",
    points=2,
    reference=references.gram_batch,
    cases=_batches,
    confirmation="A Gram matrix for each picture of the batch, and none that mixes two pictures.",
    hints=(
        "Which of the four dimensions must still be there at the end, untouched?",
        "Flatten height and width only: (B, N, M). Then multiply picture by picture.",
        "`torch.bmm`, `@` on three dimensions, or `einsum` with the letter of the batch on both sides.",
    ),
    reread="lesson 02, section 1",
    difficulty=2,
    importance=4,
    minutes=5,
    misconceptions=(
        Misconception(
            "mixed-pictures",
            _mixed_pictures,
            "Your answer has B · N rows: filters of one picture meet those of another. Keep the batch as a dimension "
            "of its own and multiply inside each picture.",
            "udacity/deep-learning-v2-pytorch, issue 167",
        ),
        *_shared(
            "summed-pictures",
            lambda f: references.gram_batch(f).sum(0),
            "You summed over the batch, too: all {B} pictures share one matrix. Each needs its own.",
            FORESEEN,
        ),
        *_shared(
            "mean-of-pictures",
            lambda f: references.gram_batch(f).mean(0),
            "You averaged over the batch: all {B} pictures share one matrix. Each needs its own.",
            TRIED,
        ),
        *_shared(
            "mean-of-features",
            _of_mean_features,
            "You averaged the features over the batch and multiplied afterwards: that is one matrix, of a picture that "
            "is none of the {B}. Each needs its own.",
            TRIED,
        ),
        *_shared(
            "last-picture",
            lambda f: references.gram_batch(f)[-1],
            "This is the last picture's Gram matrix: each turn of a loop wrote over the one before. Keep all {B} in a "
            "list and make one tensor of them by `torch.stack`.",
            TRIED,
        ),
        Misconception(
            "concatenated",
            lambda f: references.gram_batch(f).flatten(0, 1),
            "The matrices are right, but they stand below each other, in B · N rows, as `torch.cat` puts them. "
            "`torch.stack` gives the batch a dimension of its own: (B, N, N).",
            TRIED,
            credit=1,
        ),
        Misconception(
            "diagonals",
            lambda f: references.gram_batch(f).diagonal(dim1=1, dim2=2),
            "These are the diagonals alone, (B, N): each filter met itself. Every filter meets every other; in "
            "`einsum` the filters of the second factor need a letter of their own.",
            TRIED,
        ),
        Misconception(
            "first-picture",
            lambda f: references.gram_batch(f)[0],
            "This is the first picture's Gram matrix. The other pictures of the batch are missing.",
            "programs for one picture take `[0]`; PyTorch's tutorial notes a = 1",
        ),
        Misconception(
            "first-picture-kept",
            lambda f: references.gram_batch(f)[:1],
            "This is a batch of one, the first picture's Gram matrix. The other pictures of the batch are missing.",
            TRIED,
        ),
        Misconception(
            "positions",
            lambda f: f.flatten(2).transpose(1, 2) @ f.flatten(2),
            POSITIONS,
            "DeepLearning.AI's test says: check the order of the matmul parameters",
        ),
        Misconception("divided-by-M", lambda f: references.gram_batch(f) / f[0, 0].numel(), BY_M, TENSORFLOW),
        Misconception(
            "divided-by-NM",
            lambda f: references.gram_batch(f) / f[0].numel(),
            BY_NM,
            "pytorch/examples, fast neural style",
        ),
        Misconception(
            "dealt-in-columns",
            lambda f: f.reshape(len(f), -1, f.shape[1]).mT @ f.reshape(len(f), -1, f.shape[1]),
            "The sizes are right, but `reshape(B, -1, N)` deals numbers of one filter into several columns. Keep "
            "the filters where they are and flatten the last two dimensions: `flatten(2)`.",
            TRIED,
            reread="lesson 01, section 3",
        ),
        Misconception(
            "detached",
            lambda f: references.gram_batch(f).detach(),
            "The numbers are right, but no gradient arrives at the features: leave `.detach()` and numpy out.",
            "PyTorch's tutorial detaches the target's Gram matrix",
            credit=1,
        ),
        Misconception(
            "centred",
            lambda f: _all_centred(f) @ _all_centred(f).mT,
            "You subtracted each filter's mean first: that is M times the covariance. The Gram matrix keeps the means.",
            TRIED,
            reread="lesson 02, section 3",
        ),
        Misconception(
            "between-pictures",
            lambda f: torch.einsum("bnhw,cnhw->bc", f, f),
            "Your answer is {B} × {B}: pictures met pictures. In each picture filters meet filters, {N} × {N}.",
            TRIED,
        ),
        Misconception(
            "channels-last",
            lambda f: f.flatten(1, 2).mT @ f.flatten(1, 2),
            "Your matrices are {W} × {W}: you took the last dimension for the filters, as TensorFlow orders them. "
            "Here a batch is (B, N, H, W).",
            "TensorFlow's blocks are (H, W, C)",
            reread="lesson 01, section 3",
        ),
        Misconception(
            "relu",
            lambda f: references.gram_batch(f.relu()),
            "Negative features were set to 0 first. G takes the features as they come.",
            TRIED,
        ),
        Misconception(
            "first-everywhere",
            lambda f: references.gram_batch(f[:1]).repeat(len(f), 1, 1),
            "Every matrix is the first picture's: the loop over the batch does not use its counter.",
            TRIED,
        ),
    ),
)
