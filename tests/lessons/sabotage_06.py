"""Lesson 06's claims, each with mistakes that it must notice: (claim, mistake, text in the cells, what replaces it)."""

SABOTAGES = [
    ("palette only", "another layer alone", 'float(layer == "relu1_1")', 'float(layer == "relu4_1")'),
    ("palette only", "all layers", 'float(layer == "relu1_1")', "float(layer in layers)"),
    ("strokes only", "nothing muted", "0.0 if layer in muted", "weight if layer in muted"),
    ("strokes only", "muted the wrong way", "0.0 if layer in muted else weight", "weight if layer in muted else 0.0"),
    ("alpha against beta", "β ignored", "Settings(size=side, beta=beta)", "Settings(size=side)"),
    ("alpha against beta", "α for β", "Settings(size=side, beta=beta)", "Settings(size=side, alpha=beta)"),
    ("as code", "other settings", "still.settings(), network)", "Settings(size=64), network)"),
]

# What a claim about an optimised picture measures: two numbers, of which the first is asserted to be the larger
MEASURED = {
    "palette only": ("palette['relu4_1']", "0.7"),
    "strokes only": ("two_muted['relu1_1']", "one_muted['relu1_1']"),
    "alpha against beta": ("many[0]", "some[0]"),
}
