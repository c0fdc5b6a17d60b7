"""Lesson 02's claims, each with mistakes that it must notice: (claim, mistake, text in the cells, what replaces it)."""

SABOTAGES = [
    ("three views", "F is not transposed back", '"ki,li->kl"', '"ki,li->li"'),
    ("three views", "loops over too few positions", "for i in range(M)", "for i in range(M - 1)"),
    ("own function", "divided by M", "return F @ F.T", "return F @ F.T / F.shape[1]"),
    ("own function", "wrong reshape", "features.flatten(1)", "features.permute(1, 2, 0).reshape(len(features), -1)"),
    (
        "batch",
        "each with the other",
        "batch.flatten(2) @ batch.flatten(2).mT",
        "batch.flatten(2) @ batch.flip(0).flatten(2).mT",
    ),
    ("batch", "one picture twice", "right[1].allclose(mixed[N:, N:])", "right[0].allclose(mixed[N:, N:])"),
    (
        "stripes and orange",
        "independent is apart",
        '"independent")}',
        '"independent")} | {"independent": painted.textured_tint("apart", 128)}',
    ),
    ("stripes and orange", "centred", "G = {name: F @ F.T / F.shape[1]", "G = {name: F.cov(correction=0)"),
    ("covariance", "means forgotten", "covariance + torch.outer(mu, mu)", "covariance"),
    ("covariance", "divided by M − 1", "centred.T / F.shape[1]", "centred.T / (F.shape[1] - 1)"),
    (
        "entries",
        "before the ReLU",
        "in features_s.values():\n    G = gram_matrix(block)",
        "in features_s.values():\n    G = gram_matrix(block - block.mean())",
    ),
    ("entries", "bound of the smaller", "G.diagonal()).sqrt()", "G.diagonal()).sqrt() / 2"),
    ("diagonal's share", "the diagonal alone", "/ difference.square().sum()", "/ on.square().sum()"),
    (
        "diagonal's share",
        "off the diagonal",
        "torch.diag(difference.diagonal())",
        "difference - torch.diag(difference.diagonal())",
    ),
    ("columns", "rows shuffled", "F[:, torch.randperm(F.shape[1]", "F[torch.randperm(F.shape[0]"),
    ("columns", "nothing shuffled", "torch.randperm(F.shape[1], generator=order)", "torch.arange(F.shape[1])"),
    (
        "pixels",
        "nothing shuffled",
        "torch.randperm(len(tiles), generator=torch.Generator().manual_seed(0))",
        "torch.arange(len(tiles))",
    ),
    ("pixels", "columns, not pixels", '"single pixels": shuffle(photo, 1)', '"single pixels": photo'),
    ("tiling", "divided by M", "(tiled @ tiled.T).allclose(4", "(tiled @ tiled.T / 4).allclose(4"),
    ("tiling", "another picture", "for n in (1, 2))", "for n in (1, 3))"),
    ("two by two", "pairs not summed", '"khw,lhw->kl", block', '"khw,lhw->klhw", block'),
    ("two by two", "singles not summed", "block.sum((1, 2))", "block"),
    ("two by two", "gravel is a lawn", '"gravel": gravel[', '"gravel": lawn['),
    (
        "fewer numbers",
        "Gram of positions in blocks",
        "recognised(gram_matrix)",
        "recognised(lambda block: block[:, :4, :4])",
    ),
    ("fewer numbers", "asked where known", "places = [(20, 31), (37, 53), (64, 9), (100, 120)]", "places = [(0, 0)]"),
    ("pedometer", "all gaits swing alike", "BODY[gait] @", 'BODY["walking"] @'),
    ("pedometer", "every minute starts and paces alike", "* torch.randn(1, generator=chance))", "* 0)"),
    ("rank", "many positions", "pictures.resize(photo, 64)", "pictures.resize(photo, 512)"),
    ("rank", "ordered pairs", "n * (n + 1) // 2", "n * n"),
]

# Letters that the lesson brings in beside lesson 00's table, and the words that say what they mean
INTRODUCED = {"B": "A batch of B pictures", "μ": "With μ<sub>k</sub> for the mean of row k"}
