"""Lesson 01's claims, each with mistakes that it must notice: (claim, mistake, text in the cells, what replaces it)."""

SABOTAGES = [
    ("features by hand", "std forgotten", "(picture - network.mean) / network.std", "picture - network.mean"),
    ("features by hand", "no ReLU", "a = a.clamp_min(0)", "a = a + 0"),
    ("features by hand", "average pooling", "functional.max_pool2d(a, 2)", "functional.avg_pool2d(a, 2)"),
    (
        "features by hand",
        "normalised all the same",
        'network.convolutions["conv1_1"](photo)',
        'network.convolutions["conv1_1"]((photo - network.mean) / network.std)',
    ),
    ("shift", "3 pixels", "inner(photo[:, :, 4:])", "inner(photo[:, :, 3:-1])"),
    ("shift", "the border too", '["relu3_1"][:, 4:-4, 4:-4]', '["relu3_1"]'),
    ("shift", "moved the other way", "by_4[:, :, :-1]", "by_4[:, :, 1:]"),
    ("shift", "2 pixels are 4", "inner(photo[:, :, 2:-2])", "inner(photo[:, :, 4:])"),
    ("patch", "pooling sees no more", "size + step, 2 * step", "size, 2 * step"),
    ("patch", "convolutions look one way", "first - step", "first"),
    ("patch", "pooling halves nothing", "size + step, 2 * step", "size + step, step"),
    ("unroll", "channels last", "features.reshape(n_filters", "features.permute(1, 2, 0).reshape(n_filters"),
    ("unroll", "column by column", "y * 3 + x", "x * 2 + y"),
    ("reshape trap", "turned back", "a.permute(1, 2, 0).reshape(len(a), -1)", "a.flatten(1)"),
    ("reshape trap", "one picture only", "trapped(features_s[layer])", "unroll(features_s[layer])"),
    ("reshape trap", "G by positions", "F @ F.T, wrong @ wrong.T", "(F.T @ F)[:9, :9], (wrong.T @ wrong)[:9, :9]"),
    ("three views", "½ dropped", ".square().sum() / 2", ".square().sum()"),
    ("three views", "absolute differences", ".square().sum() / 2", ".abs().sum() / 2"),
    ("own function", "a mean", ".square().sum() / 2", ".square().mean() / 2"),
    ("half", "½ dropped", ".square().sum() / 2", ".square().sum()"),
    ("half", "wrong sign", "equals=(x - c)", "equals=(c - x)"),
    ("deeper follows", "the other way round", "depth[b] > depth[a]", "depth[b] < depth[a]"),
    ("deeper follows", "style counts", '"beta": 0', '"beta": 10'),
    (
        "block 3 and block 4",
        "exchanged",
        'shares["relu3_2"], shares["relu4_2"]',
        'shares["relu4_2"], shares["relu3_2"]',
    ),
    ("block 3 and block 4", "layer ignored", '{"content_layers": layers,', '{"content_layers": ["relu4_2"],'),
    ("room for style", "layer ignored", "content_layers=(layer,)", 'content_layers=("relu4_2",)'),
    ("room for style", "no style", "Settings(size=side, content_layers=(layer,)", "Settings(size=side, beta=0"),
    ("adding a layer", "only the last counts", '{"content_layers": layers,', '{"content_layers": layers[-1:],'),
    ("all but one", "that one alone", "if layer != dropped", "if layer == dropped"),
]

# Letters that the lesson brings in beside lesson 00's table, and the words that say what they mean
INTRODUCED = {}
