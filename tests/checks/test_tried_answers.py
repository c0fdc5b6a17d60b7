"""Wrong answers that once met nothing but a number: each must now be explained, whichever way."""

import warnings

import pytest
import torch

from nstlib.authoring import mutation
from nstlib.checks import references
from tests.checks.hidden import QUESTIONS, hidden_verdict


def flat(f):
    return f.flatten(1)


def G(f):
    return flat(f) @ flat(f).T


def D(x, s, m_x=None, m_s=None):
    return G(x) / (m_x or x[0].numel()) - G(s) / (m_s or s[0].numel())


def N(x):
    return len(x)


def M(x):
    return x[0].numel()


def by_loops(first=0, less=0, plus=False, whole=False):
    def answer(F):
        rows = [[int(a) if whole else float(a) for a in row] for row in F]
        places = range(first, len(rows[0]) - less)
        return [[sum(a[i] + b[i] if plus else a[i] * b[i] for i in places) for b in rows] for a in rows]

    return answer


def aliased(F):
    n = len(F)
    out = [[0.0] * n] * n
    for k in range(n):
        for j in range(n):
            for i in range(len(F[0])):
                out[k][j] += float(F[k][i]) * float(F[j][i])
    return out


def cosine(f):
    return torch.nn.functional.normalize(flat(f), dim=1)


def cov(f):
    return torch.cov(flat(f), correction=0)


def mean(f):
    return f.mean((1, 2), keepdim=True)


def std(f):
    return f.std((1, 2), correction=0, keepdim=True)


def cut(f, size):
    return torch.nn.functional.unfold(f[None], size)[0].T


def dealt(f):
    return f.reshape(-1, len(f)).T


TRIED = {
    "ex01.unroll": [
        lambda f: f.reshape(-1, len(f)).T,
        lambda f: f.reshape(-1, len(f)),
        lambda f: f.permute(2, 1, 0).reshape(len(f), -1),
        lambda f: f.permute(2, 0, 1).reshape(len(f), -1),
        lambda f: f.permute(1, 0, 2).reshape(len(f), -1),
        lambda f: f.permute(1, 0, 2).reshape(-1, len(f)).T,
        lambda f: f.permute(2, 0, 1).reshape(-1, len(f)).T,
        lambda f: f.permute(0, 2, 1).reshape(-1, len(f)).T,
    ],
    "ex02.gram": [
        lambda f: dealt(f) @ dealt(f).T,
        lambda f: dealt(f).T @ dealt(f),
        lambda f: torch.cov(flat(f)),
        lambda f: torch.corrcoef(flat(f)),
        lambda f: (flat(f) - flat(f).mean(0)) @ (flat(f) - flat(f).mean(0)).T,
        lambda f: G(f[:, :-1]),
        lambda f: flat(f) @ flat(f.transpose(1, 2)).T,
        lambda f: torch.outer(flat(f).sum(1), flat(f).sum(1)),
        lambda f: torch.outer(flat(f).mean(1), flat(f).mean(1)),
        lambda f: torch.einsum("cij,dkl->cd", f, f),
        lambda f: G(f).sqrt(),
        lambda f: G(f).abs().sqrt(),
        lambda f: G(f.square()),
        lambda f: G(f.relu()),
        lambda f: torch.cdist(flat(f), flat(f)),
        lambda f: flat(f)[:, :-1] @ flat(f)[:, :-1].T,
        lambda f: G(f).tril(),
        lambda f: G(f.abs()),
        lambda f: f.reshape(-1, f.shape[-1]).T @ f.reshape(-1, f.shape[-1]),
    ],
    "ex02.gram_batch": [
        lambda f: f.reshape(len(f), -1, f.shape[1]).mT @ f.reshape(len(f), -1, f.shape[1]),
        lambda f: f.reshape(len(f) * f.shape[1], -1) @ f.reshape(len(f) * f.shape[1], -1).T,
        lambda f: references.gram_batch(f).sum(0),
        lambda f: references.gram_batch(f).mean(0),
    ],
    "ex02.gram_loops": [by_loops(first=1), by_loops(less=1), by_loops(plus=True), by_loops(whole=True), aliased],
    "ex02.covariance": [
        lambda gram, mean, m: (gram - torch.outer(mean, mean)) / m,
        lambda gram, mean, m: gram / m,
        lambda gram, mean, m: gram / len(gram) - torch.outer(mean, mean),
        lambda gram, mean, m: gram / m - torch.outer(mean / m, mean / m),
    ],
    "ex03.gradient": [
        lambda F, S: F @ F.T @ F / F.numel() ** 2,
        lambda F, S: (F @ F.T - S) / F.numel() ** 2,
        lambda F, S: (F @ F.T - S).diag()[:, None] * F / F.numel() ** 2,
    ],
    "ex03.layer_cost": [
        lambda x, s: D(x, s).sum() / (4 * N(x) ** 2),
        lambda x, s: D(x, s).abs().sum() / (4 * N(x) ** 2),
        lambda x, s: D(x, s).norm() / (4 * N(x) ** 2),
        lambda x, s: D(x, s).norm() / (2 * N(x)),
        lambda x, s: D(x, s).sum() ** 2 / (4 * N(x) ** 2),
        lambda x, s: D(x, s, 1, 1).square().sum() / (4 * N(x) ** 2 * M(x)),
        lambda x, s: D(x, s, 1, 1).square().sum() / (4 * x.numel()) ** 2,
        lambda x, s: D(x, s, 1, 1).square().sum() / M(x),
        lambda x, s: 1 / 4 * N(x) ** 2 * M(x) ** 2 * D(x, s, 1, 1).square().sum(),
        lambda x, s: D(x, s, 1, 1).square().sum() / 4 * N(x) * M(x) ** 2,
        lambda x, s: D(x, s, x.shape[1], s.shape[1]).square().sum() / (4 * N(x) ** 2),
        lambda x, s: D(x, s, M(x) ** 0.5, M(s) ** 0.5).square().sum() / (4 * N(x) ** 2),
        lambda x, s: D(x, s).square().sum() / (4 * x.shape[2] ** 2),
        lambda x, s: (dealt(x) @ dealt(x).T / M(x) - dealt(s) @ dealt(s).T / M(s)).square().sum() / (4 * N(x) ** 2),
        lambda x, s: D(x, s).diag().square().sum() / (4 * N(x) ** 2),
        lambda x, s: D(x, s).triu().square().sum() / (4 * N(x) ** 2),
        lambda x, s: (cov(x) - cov(s)).square().sum() / (4 * N(x) ** 2),
        lambda x, s: (G(x) / M(x) + G(s) / M(s)).square().sum() / (4 * N(x) ** 2),
        lambda x, s: ((G(x) / M(x)) ** 2 - (G(s) / M(s)) ** 2).sum() / (4 * N(x) ** 2),
        lambda x, s: D(x, s).pow(4).sum() / (4 * N(x) ** 2),
        lambda x, s: D(x, s, M(s), M(s)).square().sum() / (4 * N(x) ** 2),
        lambda x, s: D(x, x).square().sum() / (4 * N(x) ** 2),
    ],
    "ex01.content_cost": [
        lambda x, c: (x - c).sum() / 2,
        lambda x, c: (x - c).sum() ** 2 / 2,
        lambda x, c: (x - c).norm() / 2,
        lambda x, c: (G(x) - G(c)).square().sum() / 2,
    ],
    "ex05.tv": [lambda x: x.diff(dim=0).abs().sum() + x.diff(dim=1).abs().sum()],
    "ex09.adain": [
        lambda c, s, t: c + t * (std(s) / std(c).clamp(min=1e-9) * (c - c.mean((1, 2), True)) + mean(s)),
        lambda c, s, t: c.lerp(std(s) / std(c).clamp(min=1e-9) * c + mean(s), t),
        lambda c, s, t: c.lerp(std(s).square() / std(c).square().clamp(min=1e-9) * (c - mean(c)) + mean(s), t),
        lambda c, s, t: c.lerp(std(s) / std(c) * (c - mean(c)) + mean(s), t),
        lambda c, s, t: c.lerp(mean(s).expand_as(c), t),
    ],
    "ex09.patch_cost": [
        lambda x, s, k: torch.cdist(cut(x, k), cut(s, k)).square().amin(1).mean(),
        lambda x, s, k: references.patch_cost(s, x, k),
        lambda x, s, k: references.patch_cost(x, s, k) / k**2,
        lambda x, s, k: (cut(x, k)[:, None] - cut(s, k)[None]).square().sum(2).mean(),
    ],
    "ex07.statistics": [
        lambda x, s: ((flat(x).mean(1) - flat(s).mean(1)) ** 2 + (flat(x).var(1) - flat(s).var(1)) ** 2).mean(),
        lambda x, s: (
            (flat(x).mean(1) - flat(s).mean(1)).abs()
            + (flat(x).std(1, correction=0) - flat(s).std(1, correction=0)).abs()
        ).mean(),
    ],
}
CASES = [(name, number) for name, answers in TRIED.items() for number in range(len(answers))]


@pytest.mark.parametrize(("name", "number"), CASES)
def test_it_is_explained_and_earns_no_full_marks(name, number):
    question, answer = QUESTIONS[name], TRIED[name][number]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outcome = mutation.classify(question, answer, question.public_cases)
        allowed = (
            *mutation.EXPLAINED,
            "error",
            *(["elsewhere"] if question.located else []),
        )  # no one line is its slip
        assert outcome in allowed, question.check(answer).message
        assert hidden_verdict(name, answer).outcome != "correct"
