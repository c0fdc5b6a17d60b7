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

# Letters that the lesson brings in beside lesson 00's table, and the words that say what they mean
INTRODUCED = {"K": "J<sub>content</sub> / K<sub>c</sub> is 0 for the photo"}
