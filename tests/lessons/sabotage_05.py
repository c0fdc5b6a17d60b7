"""Lesson 05's claims, each with mistakes that it must notice: (claim, mistake, text in the cells, what replaces it)."""

ADAM = "torch.optim.Adam([x], lr=0.05, betas=(0.9, 0.99))"
WEIGHED = "alpha * j_content + beta * j_style"

SABOTAGES = [
    (
        "what alpha and beta multiply",
        "K_s a sum",
        "sum(E_of_nothing.values()) / len(E_of_nothing)",
        "sum(E_of_nothing.values())",
    ),
    ("what alpha and beta multiply", "no K_c", "third.content_cost / K_c", "third.content_cost"),
    ("what alpha and beta multiply", "no f_l", "nstlib.conventions.factor(convention, N, M, HW) * E_l", "E_l"),
    ("what alpha and beta multiply", "α and β exchanged", WEIGHED, "beta * j_content + alpha * j_style"),
    ("a louder network", "biases forgotten", "convolution.bias.mul_(2)", "pass"),
    ("a louder network", "only the first layer's weights", "weight.mul_(2)", "weight.mul_(1)"),
    ("one step", "uphill", "x - learning_rate * gradient", "x + learning_rate * gradient"),
    ("one step", "not clamped", "(x - learning_rate * gradient).clamp(0, 1)", "x - learning_rate * gradient"),
    ("one step", "in place", "(x - learning_rate * gradient)", "x.sub_(learning_rate * gradient)"),
    ("valley", "only long steps", "[0.5 * number for", "[8 + 0.5 * number for"),
    ("slope", "not squared", "uphill.square().sum()", "uphill.abs().sum()"),
    ("slope", "uphill", "x - learning_rate * gradient", "x + learning_rate * gradient"),
    ("downhill", "uphill", "x - learning_rate * gradient", "x + learning_rate * gradient"),
    ("downhill", "the picture by η = 1", "thrown = downhill[100][1]", "thrown = downhill[1][1]"),
    ("Adam's first step", "plain steps", ADAM.replace("x", "fresh"), "torch.optim.SGD([fresh], lr=3)"),
    ("hand and library", "another β", "beta=10)", "beta=20)"),
    ("hand and library", "plain steps", ADAM, "torch.optim.SGD([x], lr=3)"),
    ("Adam and L-BFGS", "Adam twice", ', optimizer="lbfgs"', ""),
    ("Adam and L-BFGS", "L-BFGS twice", "run(steps=160)", 'run(steps=160, optimizer="lbfgs")'),
    ("Adam and L-BFGS", "looked at too early", "line[100:121]", "line[30:51]"),
    ("clamped memory", "never clamped", "clamped=True", "clamped=False"),
    ("clamped memory", "always clamped", "clamped=False", "clamped=True"),
    ("clamped memory", "Adam not clamped", "z.data.clamp_(0, 1)", "pass"),
    ("clamped memory", "Adam stopped early", "adam(valley, middle, n_steps=40)", "adam(valley, middle, n_steps=4)"),
    ("cat clamped", "not clamped", "photo, clamped=True", "photo, clamped=False"),
    ("plateau", "another share", "<= p *", "<= 0.3 * p *"),
    ("plateau", "another span", "span=20", "span=5"),
]

# Letters that the lesson brings in beside lesson 00's table, and the words that say what they mean
INTRODUCED = {
    "K": "$K_c$ is its content cost",
    "L": "$L$ the number of",
    "B": "L-BFGS-B (Byrd",
    "A": "with $A$ and $b$ below",
    "η": "*learning rate* $\\eta$",
}
