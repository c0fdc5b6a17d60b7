"""Lesson 01's claims, each with mistakes that it must notice: (claim, mistake, text in the cells, what replaces it)."""

SABOTAGES = [
    ("shift", "3 pixels", "inner(photo[:, :, 4:])", "inner(photo[:, :, 3:-1])"),
    ("shift", "the border too", '["relu3_1"][:, 4:-4, 4:-4]', '["relu3_1"]'),
    ("shift", "moved the other way", "by_4[:, :, :-1]", "by_4[:, :, 1:]"),
    ("patch", "pooling sees no more", "size + step, 2 * step", "size, 2 * step"),
    ("patch", "convolutions look one way", "first - step", "first"),
    ("patch", "pooling halves nothing", "size + step, 2 * step", "size + step, step"),
    ("unroll", "channels last", "features.reshape(n_filters", "features.permute(1, 2, 0).reshape(n_filters"),
    ("unroll", "column by column", "y * 3 + x", "x * 2 + y"),
    ("reshape trap", "turned back", "a.permute(1, 2, 0).reshape(len(a), -1)", "a.flatten(1)"),
    (
        "reshape trap",
        "one picture only",
        "features_s[layer].permute(1, 2, 0).reshape(len(a), -1)",
        "features_s[layer].flatten(1)",
    ),
    ("reshape trap", "G by positions", "F @ F.T, trap @ trap.T", "(F.T @ F)[:9, :9], (trap.T @ trap)[:9, :9]"),
    ("three views", "½ dropped", ".square().sum() / 2", ".square().sum()"),
    ("three views", "absolute differences", ".square().sum() / 2", ".abs().sum() / 2"),
    ("own function", "a mean", ".square().sum() / 2", ".square().mean() / 2"),
    ("half", "½ dropped", ".square().sum() / 2", ".square().sum()"),
    ("half", "wrong sign", "by_autograd.allclose(x - c)", "by_autograd.allclose(c - x)"),
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
    ("style does not follow", "all layers each time", "restyle(layer) for layer", "restyle(*one_a_block) for layer"),
    ("style does not follow", "nothing counts", '"alpha": 0', '"alpha": 0, "beta": 0'),
]

# What a claim about an optimised picture measures: two numbers, of which the first is asserted to be the larger
MEASURED = {
    "deeper follows": ("shallower", "deeper"),
    "block 3 and block 4": ("at_4['relu1_1']", "at_3['relu1_1']"),
    "room for style": ("room['relu3_2']", "room['relu4_2']"),
    "adding a layer": ("alone", "shallower_added"),
    "all but one": ("without_first", "others"),
    "style does not follow": ("least_worst", "worst['all five']"),
}
