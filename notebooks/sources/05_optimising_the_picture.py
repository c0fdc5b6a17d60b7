# %% [markdown]
# # 05 · Optimising the picture
#
# **What you will do.** Write the loop that moves a picture's pixels downhill, compare two optimisers, break one of them
# on purpose, and decide when to stop.
#
# **You will be able to** optimise any cost of a picture in ten lines, say what $\alpha$ and $\beta$ multiply, and
# explain what Adam and L-BFGS do with a gradient.
#
# **You need** $J_{\text{content}}$ of lesson 01, $E_l$ of lesson 03, and 35 minutes.

# %%
import os
from itertools import pairwise

import torch

import nstlib
from nstlib import Settings, claim, painted, pictures, plots, style
from nstlib.predictions import predict

# %%
side = int(os.environ.get("NST_SIDE", "128"))
photo = pictures.sample("cat", side)
painting = painted.paint("night", tuple(photo.shape[1:]))

# %%
wishes = {"init": "noise", "content_layers": ["relu3_2"], "beta": 3, "total_variation": 2}  # lesson 05b
noise_first = Settings(size=side, scales=3, steps=60, **wishes)  # three sizes, coarse to fine
film = list(nstlib.transfer.steps(photo, painting, noise_first))

# %%
plots.row(
    {f"step {number}": film[number].picture for number in (0, 15, 30, 45, 59)},
    alt="Five pictures in the order they were made: coloured noise, coarse and then finer, in which the "
    "two eyes of a cat appear, made of blue-green strokes",
)

# %% [markdown]
# **Look at** the eyes. When do you first see them? Nobody drew them. At each step all numbers of the picture moved a
# little, because that made one number smaller. This lesson is about that number, and about the moving.

# %% [markdown]
# ## 1. One number to lower
#
# Content and style pull in different directions. To say which of two pictures is better, we need *one* number:
#
# $$J = \alpha \, J_{\text{content}} + \beta \, J_{\text{style}}$$
#
# Here is this formula as code, with the costs of lessons 01 and 03 for our pair. Content is compared at `relu4_2`, as
# in most programs.


# %%
def total_cost(j_content, j_style, alpha, beta):
    return alpha * j_content + beta * j_style


# %%
network = nstlib.networks.load()


def features(picture):
    """Each layer's features (N, H, W)."""
    return {layer: block[0] for layer, block in network(picture[None]).items()}


# %%
with torch.no_grad():
    features_c, features_s = features(photo), features(painting)
layers = nstlib.networks.STYLE_LAYERS
targets = {layer: style.mean_gram(features_s[layer]) for layer in layers}  # G_S / M_S


# %%
def raw_costs(features_x):
    """J_content, and E_l by layer, as the formulas of lessons 01 and 03 give them."""
    content = style.content_cost(features_x["relu4_2"], features_c["relu4_2"])
    E = {
        layer: style.style_distance(style.mean_gram(features_x[layer]), S) for layer, S in targets.items()
    }
    return content, E


# %%
content_of_painting, _ = raw_costs(features_s)
_, E_of_photo = raw_costs(features_c)
plots.table({"raw cost": {"J_content of the painting": content_of_painting, **E_of_photo}})

# %% [markdown]
# **Explain.** The content cost is in the hundred thousands; the costs $E_l$ lie between 0.03 and 18. Their sizes depend
# on the formulas and on how loudly the layers answer. If $\alpha$ and $\beta$ multiplied *these* numbers, you would
# have to find new values for every network.
#
# So we need units. Take a picture whose features are all zero. $K_c$ is its content cost, and $K_s$ is the mean of its
# $E_l$ over the style layers. The library lowers
#
# $$J = \alpha \, \frac{J_{\text{content}}}{K_c} + \beta \, \frac{\sum_l \lambda_l \, f_l \, E_l}{K_s}$$

# %% [markdown]
# $f_l$ is the constant of a program's convention (lesson 03), 1 for the paper's. $K_c$ and $K_s$ are **one number
# each** for the whole pair. From here on, $J$ means this last formula. $K_c$ and $K_s$ set the units of $\alpha$ and
# $\beta$, and change nothing *between* the layers: $\lambda_l$, $f_l$ and the $N$ and $M$ in $E_l$ keep their full
# effect there.

# %% [markdown]
# A `Step` of the library reports the raw costs, and $J$ as its `total`, so we can check the formula.

# %%
nothing = {layer: torch.zeros_like(block) for layer, block in features_c.items()}
K_c, E_of_nothing = raw_costs(nothing)
K_s = sum(E_of_nothing.values()) / len(E_of_nothing)


# %%
def formula_against_library(convention):
    """J by our formula divided by the library's, in the third step of a run; by then the content cost is not 0."""
    asked = dict(convention=convention, layer_weights="equal", alpha=2, beta=30)
    *_, third = nstlib.transfer.steps(photo, painting, Settings(size=side, scales=1, steps=3, **asked))
    HW, j_style = photo[0].numel(), 0
    for layer, E_l in third.style_costs.items():
        N, M = features_c[layer].shape[0], features_c[layer][0].numel()
        j_style += nstlib.conventions.factor(convention, N, M, HW) * E_l / 5  # λ_l = 1/5
    return total_cost(third.content_cost / K_c, j_style / K_s, alpha=2, beta=30).item() / third.total


# %%
against = {name: formula_against_library(name) for name in ("gatys", "keras")}

# %% claim="what alpha and beta multiply" tags=["nbval-check-output"]
claim("the paper's convention: our J divided by the library's", against["gatys"], above=0.99, below=1.01)
claim("the Keras example's convention", against["keras"], above=0.99, below=1.01)

# %% [markdown]
# **Predict.** In another network every filter answers twice as loudly. What happens to $J_{\text{content}}$, to $E_l$
# and to $J$?

# %%
predict("05.louder")

# %% [markdown]
# With $c = 2$, and $F_X$ and $F_C$ for the two pictures' features:
#
# $$\begin{aligned}
# J_{\text{content}} &\to \tfrac12 \lVert c F_X - c F_C \rVert^2 = c^2 \, J_{\text{content}} && \text{squared once} \\
# E_l &\to c^4 \, E_l && \text{products, squared again} \\
# K_c &\to c^2 K_c, \quad K_s \to c^4 K_s && \text{such costs themselves} \\
# J &\to J && \text{so both factors cancel}
# \end{aligned}$$

# %%
louder = nstlib.networks.load()
louder.convolutions["conv1_1"].weight.mul_(2)
for convolution in louder.convolutions.values():
    convolution.bias.mul_(2)  # what comes in is twice as large, so everything is

# %%
three = Settings(size=side, scales=1, steps=3)
before, after = (
    list(nstlib.transfer.steps(photo, painting, three, each))[-1] for each in (network, louder)
)
times = {layer: after.style_costs[layer] / before.style_costs[layer] for layer in targets}
plots.bars(
    {"J_content": {"": after.content_cost / before.content_cost}}
    | {f"E, {layer}": {"": factor} for layer, factor in times.items()}
    | {"J": {"": after.total / before.total}},
    "times as large when twice as loud",
    alt="Factors when all filters answer twice as loudly: J_content 4, each layer's E 16, J 1",
)

# %% claim="a louder network" tags=["nbval-check-output"]
claim("J_content grows by", after.content_cost / before.content_cost, above=3.95, below=4.05)
claim("the E of a layer grows at least by", min(times.values()), above=15.8)
claim("and at most by", max(times.values()), below=16.2)
claim("J grows by", after.total / before.total, above=0.99, below=1.01)

# %% [markdown]
# **Explain.** With raw costs, the same $\alpha$ and $\beta$ would have asked that network for four times as much style.
# In units of $K_c$ and $K_s$ they ask for the same.

# %% [markdown]
# One more thing before we start. Units *between* the layers are the business of $\lambda_l$. The library's preset
# `relative` takes $\lambda_l = K_s / (L \, E_l^0)$, where $E_l^0$ is the cost of zero features and $L$ the number of
# layers. Then
#
# $$\begin{aligned}
# \frac{1}{K_s} \sum_l \lambda_l \, E_l &= \frac{1}{K_s} \sum_l \frac{K_s}{L \, E_l^0} \, E_l && \text{putting in } \lambda_l \\
# &= \frac1L \sum_l \frac{E_l}{E_l^0} && \text{because } K_s \text{ cancels}
# \end{aligned}$$
#
# So each layer is measured in units of its own cost of zero features. Whatever $E_l$ and $E_l^0$ share, such as
# $1/N^2$, cancels. We use this preset from here on.


# %%
def costs(x):
    """J_content / K_c and, with relative weights, J_style / K_s of a picture."""
    content, E = raw_costs(features(x))
    return content / K_c, sum(E[layer] / E_of_nothing[layer] for layer in E) / len(E)


# %%
def J(x, alpha=1, beta=10):
    return total_cost(*costs(x), alpha, beta)


# %% [markdown]
# ## 2. Take one step downhill
#
# In training, the parameters are weights. Here they are **the pixels of $X$**; the network stays as it is.
#
# The gradient $\partial J / \partial X$ has the shape of the picture. For each number $x_i$ of $X$ it says how fast
# $J$ *grows* with it. So each number moves the other way, by the gradient times a *learning rate* $\eta$, and is kept
# between black and white:
#
# $$x_i \leftarrow \min\left(1, \; \max\left(0, \; x_i - \eta \, \frac{\partial J}{\partial x_i}\right)\right)$$


# %%
def gradient_step(x, gradient, learning_rate):
    return (x - learning_rate * gradient).clamp(0, 1)


# %%
pixels, slopes = torch.tensor([[0.2, 0.5], [0.9, 0.1]]), torch.tensor([[1.0, -2.0], [-3.0, 4.0]])
as_given, by_loops = pixels.clone(), torch.zeros(2, 2)
for row in range(2):
    for column in range(2):
        by_loops[row, column] = min(1, max(0, pixels[row, column] - 0.1 * slopes[row, column]))
one_line = gradient_step(pixels, slopes, learning_rate=0.1)
plots.matrices({"x": as_given, "∂J/∂x": slopes, "after one step, η = 0.1": one_line})

# %% claim="one step" tags=["nbval-check-output"]
claim("loops and one line", by_loops, equals=one_line)
claim("one line and by hand", one_line, equals=torch.tensor([[0.1, 0.7], [1.0, 0.0]]))
claim("the x that was given, afterwards", pixels, equals=as_given)

# %% [markdown]
# How far does $J$ fall in one step? For a tiny $\eta$ we can say it before we take the step:
#
# $$\begin{aligned}
# J\!\left(X - \eta \, \tfrac{\partial J}{\partial X}\right)
# &\approx J(X) - \sum_i \frac{\partial J}{\partial x_i} \cdot \eta \, \frac{\partial J}{\partial x_i}
# && \text{slope times distance} \\
# &= J(X) - \eta \left\lVert \frac{\partial J}{\partial X} \right\rVert^2 && \text{the sum of squares}
# \end{aligned}$$
#
# As a function of $\eta$ this is a straight line, the *tangent* (while no number meets black or white). We start from a
# picture half photo, half painting.

# %%
X = ((photo + painting) / 2).requires_grad_()
J_here = J(X)
(uphill,) = torch.autograd.grad(J_here, X)
steepness = uphill.square().sum()

# %%
rates = [0.5 * number for number in range(26)]
with torch.no_grad():
    along = [J(gradient_step(X, uphill, rate)).item() for rate in rates]
tangent = [max(0.0, (J_here - rate * steepness).item()) for rate in rates]
figure = plots.curves({"J after one step": along, "tangent": tangent}, "J", "η", log=False)
figure.axes[0].set_xticks(range(0, 26, 4), [f"{rates[i]:g}" for i in range(0, 26, 4)])
figure

# %% [markdown]
# **Look at** the left end: the two lines touch only at $\eta = 0$. $J$ falls more slowly than its tangent (drawn as 0
# where it would fall below 0), is lowest in the left half, and rises again: the step now ends on the other side of the
# valley. The gradient knows the slope *here*, and not how far it goes on. A really long step ends far up.

# %% claim="valley" tags=["nbval-check-output"]
claim("η at which J is lowest, of 0 to 12.5", rates[along.index(min(along))], below=6.25)

# %%
with torch.no_grad():
    short, far = (J_here - J(gradient_step(X, uphill, eta)) for eta in (0.003, 100))

# %% claim="slope" tags=["nbval-check-output"]
claim("η = 0.003: fall of J by the tangent's", short / (0.003 * steepness), above=0.9, below=1.1)
# The bound is wide: how high the other side is depends on the pair
claim("η = 100: fall of J", far, below=0)

# %% [markdown]
# Now repeat the step. This is the whole of neural style transfer in ten lines. The runs take a few seconds.


# %%
def descend(learning_rate, n_steps=25):
    """J step by step, and the picture at the end, from the photo on."""
    x, history = photo.clone(), []
    for _ in range(n_steps):
        x.requires_grad_()
        j = J(x)
        history.append(j.item())
        (gradient,) = torch.autograd.grad(j, x)
        x = gradient_step(x.detach(), gradient, learning_rate)
    return history, x


# %%
downhill = {rate: descend(rate) for rate in (0.1, 1, 100)}
slow, good, wild = (history for history, x in downhill.values())
plots.curves({"η = 0.1": slow, "η = 1": good, "η = 100": wild}, "J")

# %% [markdown]
# **Look at** the axis: each number on it is ten times the one below. With $\eta = 0.1$ the picture is safe, and slow.
# With $\eta = 100$ a step goes so far that nearly all numbers end at a border, 0 or 1.

# %%
thrown = downhill[100][1]
at_a_border = ((thrown == 0) | (thrown == 1)).double().mean()

# %% claim="downhill" tags=["nbval-check-output"]
claim("J after 25 steps against the start, η = 1", good[-1] / good[0], below=0.6)
claim("J with η = 1 against η = 0.1", good[-1] / slow[-1], below=0.8)
# The bound is wide: how high it jumps depends on the pair
claim("J with η = 100 against its start", wild[-1] / wild[0], above=1000)
claim("share of numbers at 0 or 1 then", at_a_border, above=0.95)

# %% [markdown]
# ## 3. Let Adam choose the length
#
# The right $\eta$ depends on $\alpha$, $\beta$, the network and the pair. Adam (Kingma and Ba, 2015,
# [arXiv:1412.6980](https://arxiv.org/abs/1412.6980)) divides each number's step by the usual size of that number's
# gradient. It keeps two running means for each number, $m$ of the gradient $g$ and $v$ of its square, and steps
#
# $$x \leftarrow x - \eta \, \frac{\hat m}{\sqrt{\hat v} + \varepsilon}$$
#
# The hats correct for how few gradients there have been; $\varepsilon$ is tiny and prevents a division by zero.

# %% [markdown]
# **Predict.** At the first step there has been only one gradient. How far does each number move if $\eta = 0.05$?

# %%
predict("05.stride")

# %% [markdown]
# $$\begin{aligned}
# \hat m = g, \quad \hat v &= g^2 && \text{the mean of one number is that number} \\
# \eta \, \frac{\hat m}{\sqrt{\hat v}} = \eta \, \frac{g}{\lvert g \rvert} &= \pm \eta && \text{only the sign is left}
# \end{aligned}$$

# %%
fresh = photo.clone().requires_grad_()
once = torch.optim.Adam([fresh], lr=0.05, betas=(0.9, 0.99))
J(fresh).backward()
once.step()
sizes, moved = fresh.grad.abs(), (fresh.detach() - photo).abs()
share = ((moved - 0.05).abs() < 1e-3).float().mean().item()

# %% claim="Adam's first step" tags=["nbval-check-output"]
# The bound is wide: the gradient's sizes depend on the pair
claim("large gradients against small ones", sizes.quantile(0.95) / sizes.quantile(0.05), above=10)
claim("share of the numbers that moved by 0.05", share, above=0.99)

# %% [markdown]
# **Explain.** So Adam's rate has a meaning: 0.05 is one twentieth of the way from black to white, for any cost. The
# price: Adam's first step is just as long where the start is already good.
#
# Here is the same loop with Adam, and beside it the library's own run of the same length.


# %%
def descend_with_adam(cost, n_steps=40):
    """J step by step, and the picture at the end, from the photo on."""
    x, history = photo.clone().requires_grad_(), []
    adam = torch.optim.Adam([x], lr=0.05, betas=(0.9, 0.99))
    for _ in range(n_steps):
        adam.zero_grad()
        j = cost(x)
        j.backward()
        history.append(j.item())
        adam.step()
        x.data.clamp_(0, 1)
    return history, x.detach()


# %%
usual = {"size": side, "scales": 1, "steps": 40, "plateau": 0}  # Adam from the photo, α = 1, β = 10


def run(**choices):
    """The library's steps for our pair at this one size, with whatever is chosen otherwise."""
    return list(nstlib.transfer.steps(photo, painting, Settings(**usual | choices), network))


# %%
library = run()
by_hand, x_by_hand = descend_with_adam(J)
lines = {"downhill, η = 1": good, "Adam by hand": by_hand, "nstlib": [step.total for step in library]}
plots.curves(lines, "J", log=False)

# %% [markdown]
# **Look at** the first steps, where Adam's line turns up: a stride of 0.05 for every number was too long there. Then it
# passes below the plain one. The library's line follows ours; over its last quarter it lets the rate fall, so that $X$
# settles.

# %% claim="hand and library" tags=["nbval-check-output"]
claim("J by hand against nstlib's, at the start", by_hand[0] / library[0].total, above=0.99, below=1.01)
# The bound is wide: rounding sets the two paths apart, on some pairs by a tenth
claim("and after 30 steps", by_hand[29] / library[29].total, above=0.8, below=1.25)
claim("J of Adam against plain descent, after 25 steps", by_hand[24] / good[24], below=0.9)

# %% [markdown]
# ## 4. Adam or L-BFGS?
#
# The paper uses L-BFGS (Liu and Nocedal, 1989). It remembers its last steps $s$, and how much each of them changed the
# gradient, $y$. From the pairs it estimates how $J$ *curves*, and so how far the slope goes on.
#
# **Predict.** Which has the lower $J$ after 160 steps? (These runs are the longest in this lesson.)

# %%
predict("05.optimisers")

# %%
adam_run = run(steps=160)
lbfgs_run = run(steps=160, optimizer="lbfgs")
totals = {"Adam": [step.total for step in adam_run], "L-BFGS": [step.total for step in lbfgs_run]}
plots.curves(totals, "J", log=False)

# %% [markdown]
# **Look at** Adam's line. It is bumpy. From step 20 to 75 it lies a little below L-BFGS's nearly everywhere. Then, until
# step 120, it gets no lower: at a constant rate it strides past the low places. In the last quarter its rate falls, and
# so does $J$. L-BFGS goes down without a bump.


# %%
def rises(steps):
    """How often J rose in the first 120 steps, before Adam's rate falls."""
    return sum(later.total > earlier.total for earlier, later in pairwise(steps[:121]))


# %%
steps_up = {"Adam": rises(adam_run), "L-BFGS": rises(lbfgs_run)}
at_end = adam_run[-1].total / lbfgs_run[-1].total
before = {name: line[100:121] for name, line in totals.items()}
means = {name: sum(line) / len(line) for name, line in before.items()}
higher = sum(adam > lbfgs for adam, lbfgs in zip(*before.values(), strict=True)) / 21

# %%
early = zip(*(line[20:76] for line in totals.values()), strict=True)
lower = sum(adam < lbfgs for adam, lbfgs in early)
plots.table(
    {
        "steps up, of 120": steps_up,
        "lower J, of steps 20 to 75": {"Adam": lower, "L-BFGS": 56 - lower},
        "mean J, steps 76 to 99": {name: sum(line[76:100]) / 24 for name, line in totals.items()},
        "mean J, steps 100 to 120": means,
    }
)

# %% claim="Adam and L-BFGS" tags=["nbval-check-output"]
# The bound is wide: how often Adam steps up depends on the pair
claim("steps up: Adam's minus L-BFGS's", steps_up["Adam"] - steps_up["L-BFGS"], above=3)
claim("share of steps 100 to 120 in which Adam's J is the higher", higher, above=0.7)
claim("J at the end, Adam's against L-BFGS's", at_end, above=0.85, below=1.25)

# %% [markdown]
# **Explain.** The two end within a fifth of each other, though L-BFGS was far ahead at step 120. Much of its lead came
# from Adam's constant rate.

# %% [markdown]
# They differ in how they get there. Adam needs a rate. L-BFGS needs none, but torch's has no *line search* here: it
# takes each step unchecked, so nothing keeps it from leaping far up. (In this run it never did.) It also remembers 30
# steps, each with its $s$ and $y$: 60 times the picture's size. Adam remembers twice the picture's size.

# %% [markdown]
# ## 5. A mistake on purpose: clamp between L-BFGS's steps
#
# In section 3 we clamped $X$ after every step, and Adam does not mind. Why does the library not do this to L-BFGS?

# %% [markdown]
# Two pixels are enough to see it. Their cost is a valley, $\tfrac12 z^\top A z - b^\top z$, with $A$ and $b$ below. Its
# lowest place with both numbers in $[0, 1]$ is $(0.55, 1)$: on the edge $z_2 = 1$ its slope in $z_1$ is $2 z_1 + 1.9 -
# 3$, which is 0 there.

# %%
A, b = torch.tensor([[2.0, 1.9], [1.9, 2.0]]).double(), torch.tensor([3.0, 3.3]).double()


def valley(z):
    return z @ A @ z / 2 - b @ z


# %%
def inside_only(z, gradient):
    """The gradient without the parts that push a number out of [0, 1]."""
    outwards = ((z <= 0) & (gradient > 0)) | ((z >= 1) & (gradient < 0))
    return gradient.masked_fill(outwards, 0)


# %%
def lbfgs(function, start, clamped, n_steps):
    """Where L-BFGS has been; either z itself is clamped after each step, or only what the function sees of it."""
    z, been = start.clone(), [start]
    optimizer = torch.optim.LBFGS([z], max_iter=1, history_size=30, tolerance_grad=0, tolerance_change=0)

    def evaluate():
        seen = z.detach().clamp(0, 1).requires_grad_()
        value = function(seen)
        (gradient,) = torch.autograd.grad(value, seen)
        z.grad = gradient if clamped else inside_only(z, gradient)
        return value

    for _ in range(n_steps):
        optimizer.step(evaluate)
        if clamped:
            z.clamp_(0, 1)
        been.append(z.clone())
    return been, optimizer.state[z]["old_stps"]


# %%
def adam(function, start, n_steps):
    """Where Adam has been; z itself is clamped after each step."""
    z, been = start.clone().requires_grad_(), [start]
    optimizer = torch.optim.Adam([z], lr=0.05, betas=(0.9, 0.99))
    for _ in range(n_steps):
        optimizer.zero_grad()
        function(z).backward()
        optimizer.step()
        z.data.clamp_(0, 1)
        been.append(z.detach().clone())
    return been


# %%
middle, lowest = torch.tensor([0.5, 0.5]).double(), torch.tensor([0.55, 1.0]).double()
wrong, remembered = lbfgs(valley, middle, clamped=True, n_steps=40)
right, _ = lbfgs(valley, middle, clamped=False, n_steps=40)
strides = adam(valley, middle, n_steps=40)

# %%
ticks = torch.linspace(0, 1, 41).double()
heights = torch.stack([torch.stack([valley(torch.stack([x, y])) for y in ticks]) for x in ticks])
seen = {"Adam, clamped": strides, "L-BFGS, clamped": wrong}
seen["the library's L-BFGS"] = [place.clamp(0, 1) for place in right]
plots.paths(heights, {name: torch.stack(places) for name, places in seen.items()})

# %% [markdown]
# **Look at** the stars, where the routes end. The valley falls towards the upper right, and all set out that way; both
# L-BFGS runs take the same first step. Clamped, L-BFGS then ends in a corner; the library's ends at the lowest
# place, on the upper edge. Adam, clamped as well, strides past that place and comes back to within 0.05.

# %%
taken = wrong[1] - wrong[0]
gap = (valley(wrong[-1]) - valley(lowest)).item()
miss, miss_adam = ((route[-1].clamp(0, 1) - lowest).norm() for route in (right, strides))
both = {"remembered": remembered[0], "taken": taken}
plots.table(
    {
        f"first step, {name}": dict(zip(("first pixel", "second pixel"), z, strict=True))
        for name, z in both.items()
    }
)

# %% claim="clamped memory" tags=["nbval-check-output"]
claim("remembered, but cut off by the clamp", (remembered[0] - taken).norm(), above=0.04)
claim("how much too high clamped L-BFGS ends", gap, above=0.2)
claim("how far from the lowest place the library's way ends", miss, below=1e-3)
claim("how far from it clamped Adam ends", miss_adam, below=0.08)

# %% [markdown]
# **Explain.** L-BFGS remembers the step $s$ it *meant* to take, with the change $y$ of the gradient over the shorter
# step that the clamp left. The two do not belong together, so the curvature is wrong. Adam remembers gradients alone,
# and each is true of the place where it was taken.

# %% [markdown]
# The library lets the numbers pass the border, shows the network a clamped copy, and removes the part of the gradient
# that pushes further out. So every remembered $s$ is true. $y$ is not quite: the gradient jumps where a number crosses
# the border. L-BFGS-B (Byrd et al., 1995) is made for borders.

# %% [markdown]
# Does the cat suffer as the two pixels did? (We minimise $100 J$. torch's L-BFGS ignores a pair with
# $y^\top s \le 10^{-10}$, whatever the scale of the cost; the factor keeps us clear of that.)

# %%
mistaken, _ = lbfgs(lambda x: 100 * J(x), photo, clamped=True, n_steps=30)
proper, _ = lbfgs(lambda x: 100 * J(x), photo, clamped=False, n_steps=30)
touching = ((mistaken[-1] == 0) | (mistaken[-1] == 1)).float().mean()
with torch.no_grad():
    ends = {"clamped after each step": J(mistaken[-1]), "the library's way": J(proper[-1].clamp(0, 1))}
ratio = ends["clamped after each step"] / ends["the library's way"]
plots.table({"J of the cat after 30 steps": ends})

# %% claim="cat clamped" tags=["nbval-check-output"]
# The bound is wide: how many touch the border depends on the pair, up to 7 % of the numbers
claim("share of the clamped cat's numbers at black or white", touching, above=0, below=0.1)
claim("J of the cat: clamped after each step / the library's way", ratio, above=0.95, below=1.05)

# %% [markdown]
# Hardly: most numbers touch neither black nor white, so most of what is remembered is true. The mistake is real, and
# its damage depends on the picture. The right way costs a few lines.

# %% [markdown]
# ## 6. When to stop
#
# $J$ never quite arrives: on the whole it falls, but ever more slowly. A rule that asks for *relative* progress need
# not know how large $J$ is. Stop at step $t$ when
#
# $$0 \le J_{t-20} - J_t \le p \, J_{t-20}$$
#
# so when $J$ fell, but by no more than a share $p$ in 20 steps. The library calls $p$ `plateau`.


# %%
def stops_at(history, p, span=20):
    for now in range(span, len(history)):
        if 0 <= history[now - span] - history[now] <= p * history[now - span]:
            return now
    return len(history)


# %%
stopped = run(steps=160, optimizer="lbfgs", plateau=0.15)
own = stops_at([step.total for step in stopped], 0.15)
J_first, J_stop, J_last = lbfgs_run[0].total, stopped[-1].total, lbfgs_run[-1].total
share_before = (J_first - J_stop) / (J_first - J_last)

# %% claim="plateau" tags=["nbval-check-output"]
claim("steps between the library's stop and ours", own - (len(stopped) - 1), equals=0)
claim("share of the 160 steps that it took", own / 160, below=1)
claim("share of J's fall before the stop", share_before, above=0.9)


# %%
def apart(a, b):
    """The mean absolute difference of two pictures."""
    return (a - b).abs().mean().item()


# %%
plots.row(
    {"photo": photo, "stopped": stopped[-1].picture, "160 steps": lbfgs_run[-1].picture},
    alt="The cat's photo; the cat in strokes of the night; nearly the same picture, its strokes a little bolder",
)

# %%
way = {"before the stop": apart(stopped[-1].picture, photo)}
way |= {"after it": apart(lbfgs_run[-1].picture, stopped[-1].picture)}
plots.table({"how far X moved": way})

# %% [markdown]
# **Explain.** The last steps take as long as the first and do little for $J$. The picture still drifts in them, along
# the nearly flat floor of $J$. Whether it becomes more beautiful is for you to see.
#
# Do not read beauty off $J$. It says how well $X$ fits *this* $\alpha$, $\beta$ and these layers; with other weights it
# is in other units.

# %% [markdown]
# ## Recap
#
# - $J = \alpha J_{\text{content}} / K_c + \beta J_{\text{style}} / K_s$, lowered over the pixels of $X$.
# - One step: $x \leftarrow \text{clamp}(x - \eta \, \partial J / \partial x)$. $J$ falls by
#   $\eta \lVert \partial J / \partial X \rVert^2$ while $\eta$ is tiny.
# - With Adam, $\eta$ is a distance: 0.05 is a twentieth from black to white. L-BFGS needs no rate; do not clamp between
#   its steps.
# - Adam and L-BFGS end about equally low, by different paths.
# - Stop on a plateau of $J$.

# %% [markdown]
# ## On your own
#
# - Use `descend_with_adam` for a cost of your own: the mean brightness, or the distance to another photo.
# - Give `descend` a rate that falls from step to step. How close does it come to Adam?
# - Let L-BFGS run for 400 steps. Does it leap?
