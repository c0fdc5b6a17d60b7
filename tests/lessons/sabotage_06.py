"""Lesson 06's claims, each with mistakes that it must notice: (claim, mistake, text in the cells, what replaces it)."""

SABOTAGES = [
    ("meters", "photo for painting", "(plain, photo, painting)", "(plain, painting, photo)"),
    ("meters", "the cost itself for its share", " / E_l(C[layer][0], S[layer][0])", ""),
    ("meters", "content without its unit", " / K_c", ""),
    ("palette only", "another layer alone", 'run(solo=["relu1_1"])', 'run(solo=["relu4_1"])'),
    ("palette only", "all layers", 'run(solo=["relu1_1"])', "run()"),
    ("palette only", "mute for solo", 'run(solo=["relu1_1"])', 'run(muted=["relu1_1"])'),
    ("the deepest alone", "all layers", 'run(solo=["relu5_1"])', "run()"),
    ("strokes only", "nothing muted", 'run(muted=["relu1_1"])', "run()"),
    ("strokes only", "solo for mute", 'run(muted=["relu1_1"])', 'run(solo=["relu1_1"])'),
    ("strokes only", "relu1_1 muted in both", 'run(muted=["relu2_1"])', 'run(muted=["relu1_1", "relu2_1"])'),
    ("alpha against beta", "β ignored", "run(beta=beta)", "run()"),
    ("alpha against beta", "α for β", "run(beta=beta)", "run(alpha=beta)"),
    ("alpha against beta", "a sum for a mean", " / len(layers)", ""),
    ("as code", "other settings", "again.settings(), network)", "nstlib.Settings(size=64), network)"),
    ("as code", "the line ignored", "Studio.from_code(line)", 'Studio("cat", "night", size=64, steps=60)'),
]

# Letters that the lesson brings in beside lesson 00's table, and the words that say what they mean
INTRODUCED = {"K": "its unit, $K_c$ for content and $K_s$ for\nstyle: what a picture without any features would cost"}
