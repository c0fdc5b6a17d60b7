"""Lesson 05b's claims, each with mistakes that it must notice: (claim, mistake, text in the cells, what comes)."""

WEIGHED = "alpha * j_content + beta * j_style"

SABOTAGES = [
    ("total variation", "squares", "x.diff(dim=1).abs()", "x.diff(dim=1).square()"),
    ("total variation", "downwards only", " + x.diff(dim=2).abs().sum()", ""),
    ("what smoothing costs", "no smoothing", "total_variation=weight", "total_variation=0"),
    ("what smoothing costs", "strokes flattened", "(10, 30)", "(300, 30)"),
    ("starts", "one start for all", "init=init", 'init="content"'),
    ("starts", "hardly a run", '"steps": 80', '"steps": 5'),
    ("starts", "noise's J for the painting's", "end_photo, _, end_painting", "end_photo, end_painting, _"),
    ("only the ratio", "β ignored", WEIGHED, "alpha * j_content + j_style"),
    ("only the ratio", "J squared", f"return {WEIGHED}", f"return ({WEIGHED}) ** 2"),
    ("pictures of one ratio", "another ratio", "alpha=10, beta=100", "alpha=1, beta=100"),
    ("pictures of one ratio", "the same ratio", "alpha=1, beta=20", "alpha=2, beta=20"),
    ("content depth", "one layer for all", "content_layers=(content_layer,)", 'content_layers=("relu4_2",)'),
    ("several content layers", "added all the same", "0.5 / unit[name]", "1 / unit_sum"),
    ("several content layers", "each weighed", "1 / unit_sum", "0.5 / unit[name]"),
    (
        "wrong scale",
        "mean subtracted, right deviation",
        "unscaled, bytes_seen = forgetful",
        "unscaled, bytes_seen = network",
    ),
    ("wrong scale", "0 to 1", "(bytes_in, 1 / 255)", "(bytes_in, 1)"),
    ("wrong scale shows", "right scale", "run(forgetful)", "run()"),
    ("half precision", "float32", ".half()", ""),
    ("diverged", "nothing overflows", "mul_(1e12)", "mul_(1)"),
]

# Letters that the lesson brings in beside lesson 00's table, and the words that say what they mean
INTRODUCED = {
    "K": "the unit $K_c$",
    "η": "$\\eta$, the learning rate",
    "P": "where $P$ is the",
}
