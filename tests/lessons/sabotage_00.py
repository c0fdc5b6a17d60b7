"""Lesson 00's claims, each with mistakes that it must notice: (claim, mistake, text in the cells, what replaces it)."""

SABOTAGES = [
    ("pixels", "another size", "size=192", "size=96"),
    ("pixels", "a network that learns", "nstlib.networks.load()", "nstlib.networks.load().requires_grad_()"),
    ("maps", "half a photo", "network(photo[None])", "network(photo[None, :, ::2, ::2])"),
    ("Gram matrix", "one factor shifted", "gram = F @ F.T", "gram = F @ F.roll(1, 1).T"),
    ("Gram matrix", "divided by the positions", "gram = F @ F.T", "gram = F @ F.T / F.shape[1]"),
    ("places forgotten", "filters in another order", "F.flip(1)", "F.flip(0)"),
    ("places forgotten", "nothing moved", "F.flip(1)", "F"),
    ("two costs", "begun at the painting", "scales=1)", 'scales=1, init="style")'),
    ("two costs", "hardly any style", "scales=1)", "scales=1, beta=0.01)"),
    ("two costs", "so short a stride that the fall is even", "scales=1)", "scales=1, learning_rate=0.001)"),
    ("one term alone", "a little style", "size=96, beta=0)", "size=96, beta=0.01)"),
    ("one term alone", "content still at work", "size=96, alpha=0)", "size=96)"),
    ("beta", "β the other way round", "beta=beta", "beta=10 / beta"),
    ("beta", "moved without the grain", "beta=beta)", "beta=beta, learning_rate=0.01 if beta == 0.1 else 0.05)"),
    ("grain", "the usual step", "learning_rate=0.01", "learning_rate=0.05"),
    ("only the ratio", "β not doubled", "alpha=2, beta=20)", "alpha=2, beta=10)"),
    ("only the ratio", "nothing doubled", "size=128, alpha=2))", "size=128))"),
]

PAIR = ('nstlib.pictures.sample("cat")', 'nstlib.painted.paint("waves")')
