"""Lesson 09c's claims, each with mistakes that it must notice: (claim, mistake, text in the cells, replacement)."""

SABOTAGES = [
    ("order seen", "nothing scrambled", "torch.fft.rfft2(picture) * phases", "torch.fft.rfft2(picture)"),
    (
        "order seen",
        "random filters twice",
        '"trained": order_seen(network, layer)',
        '"trained": order_seen(untrained, layer)',
    ),
    ("exchanged colours", "nothing exchanged", ".weight.flip(1)", ".weight"),
    ("exchanged colours", "no style", "painting, settings, exchanged", "photo, settings, exchanged"),
    ("pools", "the maximum twice", '"relu2_1"), pooling=pooling)', '"relu2_1"))'),
    ("pools", "no style", "painting, settings, averaging", "photo, settings, averaging"),
    ("a grid", "steps of one", "first_layer(11, 4, 2)", "first_layer(11, 1, 5)"),
    ("a grid", "steps that fit", "counts = windows(11, 4, 2)", "counts = windows(12, 4, 4)"),
]

# Letters that the lesson brings in beside lesson 00's table, and the words that say what they mean
INTRODUCED = {}
