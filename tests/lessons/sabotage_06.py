"""Lesson 06's claims, each with mistakes that it must notice: (claim, mistake, text in the cells, what replaces it)."""

SABOTAGES = [
    ("palette only", "another layer alone", 'with_only(["relu1_1"])', 'with_only(["relu4_1"])'),
    ("palette only", "all layers", 'with_only(["relu1_1"])', "with_only(layers)"),
    ("palette only", "every λ 1", "weights[layer] if layer in kept", "1.0 if layer in kept"),
    ("strokes only", "nothing muted", "if layer not in muted", ""),
    ("strokes only", "muted the wrong way", "if layer not in muted", "if layer in muted"),
    ("alpha against beta", "β ignored", "Settings(size=side, beta=beta)", "Settings(size=side)"),
    ("alpha against beta", "α for β", "Settings(size=side, beta=beta)", "Settings(size=side, alpha=beta)"),
    ("as code", "other settings", "still.settings(), network)", "Settings(size=64), network)"),
]

# Letters that the lesson brings in beside lesson 00's table, and the words that say what they mean
INTRODUCED = {"K": r"where $K_c$ is the cost of a picture whose features are all zero"}
