"""Lesson 03's claims, each with mistakes that it must notice: (claim, mistake, text in the cells, what replaces it)."""

SABOTAGES = [
    ("frobenius", "absolute differences", "(G_x - G_s).square().sum()", "(G_x - G_s).abs().sum()"),
    ("own function", "M dropped", "(4 * N**2 * M**2)", "(4 * N**2)"),
    ("own function", "colours for N", "(4 * N**2 * M**2)", "(4 * 3**2 * M**2)"),
    ("row and column", "only one factor nudged", "nudged @ nudged.T", "nudged @ F_x.T"),
    ("quarter", "½ for ¼", "(4 * N**2 * M**2)", "(2 * N**2 * M**2)"),
    ("quarter", "wrong sign", "(F_x @ F_x.T - F_s @ F_s.T) @ F_x", "(F_s @ F_s.T - F_x @ F_x.T) @ F_x"),
    ("silent filter", "still speaking", "silent[7] = 0", "silent[7] = 1"),
    ("silent filter", "the diagonal alone", "difference[7] @ silent", "difference.diag().diag()[7] @ silent"),
    ("mask", "no ReLU", "z.relu()", "z"),
    ("beta takes the 4", "twice β only", "beta=40", "beta=20"),
    ("beta takes the 4", "no change of β", "beta=40", "beta=10"),
    ("area", "divided where it should not be", "if by_area", "if not by_area"),
    ("area", "divided by N", "block[layer][0].numel()", "block[layer].shape[0]"),
    ("tiling", "one M for both", "right = G_tiled / tiled.shape[1]", "right = G_tiled / F_s.shape[1]"),
    ("one M for both", "each its own after all", "features_x[layer][0].numel()", "small[layer][0].numel()"),
    ("one M for both", "pictures of one size", "side // 2", "side"),
    ("unequal sizes", "M of S outside", "(N**2 * M_x)", "(N**2 * M_s)"),
    ("filters twice", "N dropped", "(4 * N**2 * M**2)", "(4 * M**2)"),
    ("picture's constants", "N of the layer", "3**2 * picture_size**2", "n_filters**2 * picture_size**2"),
    ("families", "D without its mean", "X.numel()).square().mean()", "X.numel()).square().sum()"),
    ("families", "B with a sum", "S @ S.T / M).square().mean()", "S @ S.T / M).square().sum()"),
    ("families", "E with N", "3**2 * (side * photo.shape[2]) ** 2", "X.shape[0]**2 * (side * photo.shape[2]) ** 2"),
    ("mean or sum", "a mean for the sum", "(a - b).square().sum()", "(a - b).square().mean()"),
    ("mean or sum", "raw Grams", "X @ X.T / M, S @ S.T / M", "X @ X.T, S @ S.T"),
    ("two images", "columns in their order", "torch.randperm(", "(lambda n, generator: torch.arange(n))("),
    ("two images", "filters shuffled", "F_s[:, torch.randperm(F_s.shape[1]", "F_s[torch.randperm(F_s.shape[0]"),
    ("beta cannot", "factor ignored", "nstlib.conventions.factor(name, N, M, HW) * pull", "pull"),
    ("beta cannot", "D is B", '"D mean, /NM": "mean_chw"', '"D mean, /NM": "mean_hw"'),
    ("per-layer factors show", "a common factor", 'repainted("keras", beta=beta)', 'repainted("mean_hw", beta=beta)'),
    ("mmd", "linear kernel", "(A.T @ B).square().mean()", "(A.T @ B).mean()"),
    ("mmd", "once the cross term", "- 2 * mean_kernel", "- mean_kernel"),
]

# Letters that the lesson brings in beside lesson 00's table, and the words that say what they mean
INTRODUCED = {
    "B": "# B: TensorFlow's tutorial",
    "D": "# D: neural-style",
    "P": "be the number of pixels",
    "δ": "Kronecker delta",
}
