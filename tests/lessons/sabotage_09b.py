"""Lesson 09b's claims, each with mistakes that it must notice: (claim, mistake, text in the cells, what comes)."""

SABOTAGES = [
    ("the gap", "a run that hardly moves", "def optimised(photo, steps=40", "def optimised(photo, steps=1"),
    ("the gap", "the photo's J in place of the run's", "J(by_run[name], photo)", "J(photo, photo)"),
    ("when it pays", "a single training step", "trained.about.steps * (paints", "1 * (paints"),
    ("when it pays", "one step for a picture", "100 * a_step - a_pass", "2 * a_step - a_pass"),
    ("contrast cancels", "not divided by σ", "sigma_S * (F - mu) / sigma + mu_S", "sigma_S * (F - mu) + mu_S"),
    (
        "contrast cancels",
        "each picture by itself, twice",
        "= instance_norm(F), batch_norm(F)",
        "= instance_norm(F), instance_norm(F)",
    ),
    ("who sits beside", "the same photo beside it", "[photo, 1 - photo]", "[photo, pale]"),
    ("who sits beside", "over the batch", '("instance", instance_norm)', '("instance", batch_norm)'),
    (
        "pale is the same",
        "another photo",
        "painted_pale = painter(pale)",
        'painted_pale = painter(photos["coffee"].flip(2))',
    ),
    ("pale is the same", "the photos compared", "(painted_pale - painted_photo)", "(pale - photo)"),
    ("flat stays flat", "random numbers in place of the card", "(grey - 0.5)", "(torch.rand_like(grey) - 0.5)"),
    ("flat stays flat", "no noise at all", "on_grey = painter(grey[0])", "on_grey = without"),
    ("training", "a rate that moves nothing", "rate=5e-3", "rate=1e-9"),
    ("training", "the first crops twice", "totals[-10:]", "totals[:10]"),
    ("gained and lost", "the run twice", '"one pass": scores(by_pass)', '"one pass": scores(by_run)'),
    ("gained and lost", "the photos judged", '"one pass": scores(by_pass)', '"one pass": scores(photos)'),
    ("flicker", "each from its photo, again", "optimise_frame(photo, start)", "optimise_frame(photo)"),
    ("flicker", "the shift not undone", "(b[..., :-shift] - a[..., shift:]).abs().mean()", "(b - a).abs().mean()"),
    ("flicker", "the noise moves the wrong way", "shift=(0, -shift * t)", "shift=(0, shift * t)"),
    (
        "flicker",
        "the noise moves in both",
        "[painter(photo) for photo in film]",
        "[painter(photo, shift=(0, -shift * t)) for t, photo in enumerate(film)]",
    ),
    ("more than a coin", "all ten alone", "chance_of(9, 10)", "chance_of(10, 10)"),
    ("more than a coin", "1 of 5 cases", "chance_of(votes, 10) < 0.05", "chance_of(votes, 10) < 0.2"),
    ("what J prefers", "one pass twice", '"40 steps": [optimised(photo, **fine)', '"40 steps": [painter(photo)'),
    ("what J prefers", "the photos", '"40 steps": [optimised(photo, **fine)', '"40 steps": [photo'),
]

# Letters that the lesson brings in beside lesson 00's table, and the words that say what they mean
INTRODUCED = {
    "θ": "a network $g$ with weights $\\theta$",
    "μ": "with $\\mu$ the mean of a filter over its positions",
    "σ": "$\\sigma$ its",
}

PAIR = None  # its network paints one painting, on three photos
