# %% [markdown]
# # 05 · Optimising the picture
#
# **What you will do.** Write the loop that moves a picture's pixels downhill, choose its start, optimiser, weights and
# end, and make three famous mistakes on purpose.
#
# **You will be able to** optimise any cost of a picture in ten lines, say what α and β mean, tell which choices change
# the picture, and explain an unlucky run.
#
# **You need** J<sub>content</sub> and E<sub>l</sub> of lesson 03 and 50 minutes.

# %%
import os
from itertools import pairwise

import torch

import nstlib
from nstlib import Settings, painted, pictures, plots, style
from nstlib.studio import Live

# %%
side = int(os.environ.get("NST_SIDE", "128"))
photo = pictures.sample("cat", side)
painting = painted.paint("night", tuple(photo.shape[1:]))

# %%
wishes = {
    "init": "noise",
    "content_layers": ["relu3_2"],
    "beta": 3,
    "total_variation": 2,
}  # sections 6 to 9
noise_first = Settings(size=side, scales=3, steps=60, **wishes)  # three sizes, coarse to fine
film = list(nstlib.transfer.steps(photo, painting, noise_first))

# %%
plots.row({f"step {number}": film[number].picture for number in (0, 15, 30, 45, 59)})

# %% [markdown]
# *In the figure:* five pictures in the order they were made, from coloured noise, coarse and then finer, to the eyes,
# nose and mouth of a cat, made of blue and orange strokes.
#
# **Look at** the eyes: when do you first see them? Nobody drew them. At each step all the picture's numbers moved a
# little, because that made one number smaller. This lesson is about that number, and about the moving.

# %% [markdown]
# ## 1. One number to lower
#
# Content and style pull in different directions. To say which of two pictures is better we need *one* number:
#
# J = α J<sub>content</sub> + β J<sub>style</sub>
#
# Here is the whole formula as code, and the two costs of lesson 03 for our pair. Content is compared at `relu4_2`, as
# in most programs.


# %%
def total_cost(j_content, j_style, alpha, beta):
    return alpha * j_content + beta * j_style


# %%
network = nstlib.networks.load(layers=(*nstlib.networks.DEFAULT, "relu2_2"))


def features(picture):
    """Each layer's features (N, H, W)."""
    return {layer: block[0] for layer, block in network(picture[None]).items()}


# %%
with torch.no_grad():
    features_c, features_s = features(photo), features(painting)
targets = {
    layer: style.mean_gram(features_s[layer]) for layer in nstlib.networks.STYLE_LAYERS
}  # G_S / M_S


# %%
def raw_costs(features_x):
    """J_content, and E_l by layer, as the formulas of lesson 03 give them."""
    content = style.content_cost(features_x["relu4_2"], features_c["relu4_2"])
    return content, {
        name: style.style_distance(style.mean_gram(features_x[name]), S) for name, S in targets.items()
    }


# %% [markdown]
# **Predict.** The content cost of our painting, seen as a picture X of the cat, is some number; so is E<sub>l</sub> of
# the photo at each layer. Do you expect them to be of one size?

# %%
content, _ = raw_costs(features_s)
_, E = raw_costs(features_c)
print(f"J_content of the painting: {content:,.0f}")
print("E_l of the photo:", {layer: f"{value:,.0f}" for layer, value in E.items()})

# %% [markdown]
# **Explain.** Millions here, hundreds there, as strongly as the layers happen to answer. If α and β multiplied *these*
# numbers, good values would have to be found anew for every network.
#
# So measure each cost against a picture that says nothing: one whose features are all zero. K<sub>c</sub> is its
# content cost, K<sub>s</sub> the mean of its E<sub>l</sub> over the style layers. What the library lowers is
#
# J = α · J<sub>content</sub> / K<sub>c</sub> + β · Σ<sub>l</sub> λ<sub>l</sub> f<sub>l</sub> E<sub>l</sub> /
# K<sub>s</sub>

# %%
nothing = {layer: torch.zeros_like(block) for layer, block in features_c.items()}
K_c, E_of_nothing = raw_costs(nothing)
K_s = sum(E_of_nothing.values()) / len(E_of_nothing)

# %% [markdown]
# **One number each** for the pair, never one per layer: what lesson 03 found out about N, M and λ<sub>l</sub> stays in
# force. f<sub>l</sub> is the constant of a program's convention, 1 for the paper's.
#
# A `Step` of the library reports the raw costs, and J as its `total`. So we can check the formula.

# %% claim="what alpha and beta multiply" tags=["nbval-check-output"]
HW = photo[0].numel()
for convention in ("gatys", "keras"):
    asked = Settings(
        size=side, scales=1, steps=3, convention=convention, layer_weights="equal", alpha=2, beta=30
    )
    third = list(nstlib.transfer.steps(photo, painting, asked))[-1]  # by now its content cost is not 0
    j_style = 0
    for style_layer, E_l in third.style_costs.items():
        N, M = features_c[style_layer].shape[0], features_c[style_layer][0].numel()
        j_style += nstlib.conventions.factor(convention, N, M, HW) * E_l / 5  # λ_l = 1/5
    total = total_cost(third.content_cost / K_c, j_style / K_s, alpha=2, beta=30).item()
    print(f"{convention}: the formula gives the library's J:", abs(total / third.total - 1) < 0.01)
    assert abs(total / third.total - 1) < 0.01 and third.content_cost > 0

# %% [markdown]
# **Predict.** Take a network in which every filter answers twice as strongly. What happens to J<sub>content</sub>, to
# E<sub>l</sub>, and to J?
#
# <details><summary>Compare with your prediction</summary>
#
# J<sub>content</sub> squares the features once and becomes 4 times as large. A Gram matrix holds products and is
# squared again: E<sub>l</sub> becomes 16 times as large. J stays, since K<sub>c</sub> and K<sub>s</sub> grow alike.
#
# </details>

# %%
louder = nstlib.networks.load()
louder.convolutions["conv1_1"].weight.mul_(2)
for convolution in louder.convolutions.values():
    convolution.bias.mul_(2)  # what comes in is twice as large, so everything is

three = Settings(size=side, scales=1, steps=3)
before, after = (
    list(nstlib.transfer.steps(photo, painting, three, each))[-1] for each in (network, louder)
)
times = {layer: after.style_costs[layer] / before.style_costs[layer] for layer in targets}

# %% claim="a louder network" tags=["nbval-check-output"]
print(
    f"J_content × {after.content_cost / before.content_cost:.1f}   E_l × {times['relu1_1']:.1f}",
    end="   ",
)
print(f"J × {after.total / before.total:.1f}")
assert (
    abs(after.content_cost / before.content_cost - 4) < 0.05
    and abs(after.total / before.total - 1) < 0.01
)
assert all(abs(factor - 16) < 0.2 for factor in times.values())

# %% [markdown]
# **Explain.** With raw costs the same α/β would have asked that network for four times as much style. In units of
# K<sub>c</sub> and K<sub>s</sub> it asks for the same. From pair to pair this holds roughly, not exactly: `beta=10`
# means *about* the same for a new painting.
#
# Below we weigh layers as the library's preset `relative` does: J<sub>style</sub> / K<sub>s</sub> is then simply the
# mean over the layers of E<sub>l</sub>, each divided by its E<sub>l</sub> of nothing.


# %%
def costs(x):
    """J_content / K_c and J_style / K_s of a picture."""
    content, E = raw_costs(features(x))
    return content / K_c, sum(E[layer] / E_of_nothing[layer] for layer in E) / len(E)


# %%
def J(x, alpha=1, beta=10):
    return total_cost(*costs(x), alpha, beta)


# %% [markdown]
# ## 2. Take one step downhill
#
# In training, the parameters are weights. Here they are **the pixels of X**; the network stays as it is.
#
# The gradient ∂J/∂X is shaped like the picture. For each number of X it says how fast J *grows* with it. So each number
# moves the other way, by the gradient times a *learning rate* η, and is kept between black and white:
#
# x<sub>i</sub> ← min(1, max(0, x<sub>i</sub> − η ∂J/∂x<sub>i</sub>))


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

# %% claim="one step" tags=["nbval-check-output"]
print(
    "loops and one line agree:",
    by_loops.allclose(one_line),
    "  given x is unchanged:",
    pixels.equal(as_given),
)
print([round(value, 2) for value in one_line.flatten().tolist()])
assert by_loops.allclose(one_line) and pixels.equal(as_given)
assert one_line.allclose(torch.tensor([[0.1, 0.7], [1.0, 0.0]]))

# %% [markdown]
# **Predict.** Take a picture half photo, half painting, and a tiny η. By how much does one step lower J? You need only
# η and the gradient's length.
#
# <details><summary>Compare with your prediction</summary>
#
# Along the gradient J grows by its length ‖∂J/∂X‖ for each unit of way, and the step goes η ‖∂J/∂X‖ far, the other way.
# So J falls by η ‖∂J/∂X‖².
#
# </details>

# %%
X = ((photo + painting) / 2).requires_grad_()
J_here = J(X)
(uphill,) = torch.autograd.grad(J_here, X)
short, far = (J_here - J(gradient_step(X, uphill, eta)) for eta in (0.003, 100))
predicted = 0.003 * uphill.square().sum()

# %% claim="slope" tags=["nbval-check-output"]
print("η = 0.003: J falls by η ‖∂J/∂X‖²:", abs(short / predicted - 1).item() < 0.1)
print("η = 100: J falls:", far.item() > 0)
assert abs(short / predicted - 1) < 0.1 and far < 0

# %% [markdown]
# **Explain.** The gradient knows the slope *here*. It does not know how far the slope goes on. A long step lands on the
# other side of the valley, far up.
#
# Now repeat the step. This is the whole of neural style transfer, in ten lines.


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
downhill = {rate: descend(rate) for rate in (1, 3, 100)}
slow, good, wild = (history for history, x in downhill.values())
plots.curves({"η = 1": slow, "η = 3": good, "η = 100": wild}, "J")

# %% [markdown]
# *In the figure:* three lines over 25 steps. With η = 1 and η = 3 J falls, fast at first and then slowly; with η = 100
# it jumps to some ten thousand and stays there.
#
# **Look at** the axis: each mark is ten times the one below. The third run has left for a picture of pure black and
# white pixels, where the gradient of the next step throws it about.

# %% claim="downhill" tags=["nbval-check-output"]
print("J fell with η = 1 and η = 3:", slow[-1] < slow[0] and good[-1] < good[0])
print("η = 3 came further than η = 1:", good[-1] < slow[-1])
print("η = 100 rose a thousandfold:", wild[-1] > 1000 * wild[0])
assert good[-1] < slow[-1] < slow[0] and wild[-1] > 1000 * wild[0]

# %% [markdown]
# ## 3. Let Adam choose the length
#
# The right η depends on α, β, the network and the pair. Adam (Kingma and Ba, 2015, arXiv:1412.6980) divides each
# number's step by that number's own usual gradient.
#
# **Predict.** At the first step the "usual" gradient is the only one so far. How far does each number move, if Adam's
# rate is 0.05?
#
# <details><summary>Compare with your prediction</summary>
#
# By 0.05, up or down, be its gradient large or tiny.
#
# </details>

# %%
fresh = photo.clone().requires_grad_()
once = torch.optim.Adam([fresh], lr=0.05, betas=(0.9, 0.99))
J(fresh).backward()
once.step()
sizes, moved = fresh.grad.abs(), (fresh.detach() - photo).abs()
tenfold = sizes.quantile(0.95) > 10 * sizes.quantile(0.05)
share = ((moved - 0.05).abs() < 1e-3).float().mean().item()

# %% claim="Adam's first step" tags=["nbval-check-output"]
print("the gradient's sizes differ more than tenfold:", tenfold.item())
print("more than 99 % of the numbers moved by 0.05:", share > 0.99)
assert tenfold and share > 0.99

# %% [markdown]
# **Explain.** So Adam's rate has a meaning: 0.05 is one twentieth of the way from black to white, for any cost. The
# price: a good start is left with the same stride as a bad one.
#
# The same loop with Adam, and beside it the library's own run of the same length.


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


# %%
def run(network=network, **choices):
    """The library's steps for our pair at this one size, with whatever is chosen otherwise."""
    return list(nstlib.transfer.steps(photo, painting, Settings(**usual | choices), network))


# %%
library = run()
result = library[-1].picture

# %%
by_hand, x_by_hand = descend_with_adam(J)
lines = {"downhill, η = 3": good, "Adam by hand": by_hand, "nstlib": [step.total for step in library]}
plots.curves(lines, "J", log=False)

# %% [markdown]
# *In the figure:* three lines that fall from the same height. The plain one flattens early. Adam's turns up once, then
# passes far below it; the library's lies on Adam's throughout.
#
# **Look at** step 3: a stride of 0.05 for every number was too long there. Over its last quarter the library lets the
# rate fall, so that X settles.

# %% claim="hand and library" tags=["nbval-check-output"]
at_start, at_end = by_hand[0] / library[0].total, by_hand[-1] / library[-1].total

print(
    "same J at the start:",
    abs(at_start - 1) < 0.01,
    "  after 40 steps within 10 %:",
    abs(at_end - 1) < 0.1,
)
print("Adam's 25 steps came further than 25 plain ones:", by_hand[24] < 0.8 * good[24])
assert abs(at_start - 1) < 0.01 and abs(at_end - 1) < 0.1 and by_hand[24] < 0.8 * good[24]

# %% [markdown]
# ## 4. Adam or L-BFGS?
#
# The paper uses L-BFGS (Liu and Nocedal, 1989). It remembers its last steps, and by how much each changed the gradient.
# From that it estimates how J *curves*, and so how far the slope goes on.
#
# **Predict.** Who is further after 20 steps? After 120? Which of them will sometimes step *up*?

# %%
adam_run = run(steps=160)
lbfgs_run = run(steps=160, optimizer="lbfgs")

# %%
totals = {"Adam": [step.total for step in adam_run], "L-BFGS": [step.total for step in lbfgs_run]}
plots.curves(totals, "J", log=False)

# %% [markdown]
# *In the figure:* two lines that fall steeply, then ever more slowly, and end at nearly the same height. For this pair
# Adam is lower at step 20, and the two meet near step 60. Adam's line has small bumps, the other hardly any.
#
# **Look at** the bumps near steps 38 and 56: at a constant rate Adam now and then strides past a low place.


# %%
def rises(steps):
    """How often J rose in the first 120 steps, before Adam's rate falls."""
    return sum(later.total > earlier.total for earlier, later in pairwise(steps[:121]))


last_adam, last_lbfgs = adam_run[-1].total, lbfgs_run[-1].total

# %% claim="Adam and L-BFGS" tags=["nbval-check-output"]
print("Adam stepped up more than 5 times in 120:", rises(adam_run) > 5)
print("L-BFGS at most 3 times:", rises(lbfgs_run) <= 3)
print("at the end their J differ by less than 15 %:", abs(last_adam / last_lbfgs - 1) < 0.15)
assert rises(adam_run) > 5 and rises(lbfgs_run) <= 3 and abs(last_adam / last_lbfgs - 1) < 0.15

# %% [markdown]
# **Explain.** On three pairs and five seeds each: after 20 steps Adam led in one pair, L-BFGS in another. Around step
# 110 L-BFGS was lower in all fifteen runs, by one to nine per cent; at the end they were within eight. Beside what
# seeds do that is too little to call one better.
#
# They differ in how. L-BFGS is smooth and needs no rate, but remembers 60 pictures' worth of numbers; Adam two.

# %% [markdown]
# ## 5. A mistake on purpose: clamp inside L-BFGS
#
# In section 3 we clamped X after every step. Adam does not mind. Why does the library not do this to L-BFGS?
#
# Two pixels are enough to see it. Their cost is a valley; the lowest place with both numbers in [0, 1] is (0.55, 1).

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
middle, lowest = torch.tensor([0.5, 0.5]).double(), torch.tensor([0.55, 1.0]).double()
wrong, remembered = lbfgs(valley, middle, clamped=True, n_steps=40)
right, _ = lbfgs(valley, middle, clamped=False, n_steps=40)
taken = wrong[1] - wrong[0]

# %% claim="clamped memory" tags=["nbval-check-output"]
print(f"first step: remembered {remembered[0].numpy().round(2)}, taken {taken.numpy().round(2)}")
print(
    f"clamped ends at {wrong[-1].numpy().round(2)}, the library's way at {right[-1].clamp(0, 1).numpy().round(2)}"
)
assert not remembered[0].allclose(taken) and right[-1].clamp(0, 1).allclose(lowest, atol=1e-3)
assert valley(wrong[-1]) > valley(lowest) + 0.1

# %% [markdown]
# **Explain.** L-BFGS remembers the step it *meant* to take, and the gradient's change over the shorter one that the
# clamp left of it. The pair gives it a wrong curvature; here it ends in a corner.
#
# The library lets the numbers pass the border, shows the network a clamped copy, and removes the part of the gradient
# that pushes further out. So every remembered step is true.
#
# **Predict.** Will the cat suffer as the two pixels did?

# %%
mistaken, _ = lbfgs(lambda x: 100 * J(x), photo, clamped=True, n_steps=30)
proper, _ = lbfgs(lambda x: 100 * J(x), photo, clamped=False, n_steps=30)
with torch.no_grad():
    print(
        f"J after 30 steps, clamped: {J(mistaken[-1]):.2f}, the library's way: {J(proper[-1].clamp(0, 1)):.2f}"
    )
touching = ((mistaken[-1] == 0) | (mistaken[-1] == 1)).float().mean().item()
print(f"share of the numbers that touch black or white: {touching:.0%}")

# %% [markdown]
# No: the two are alike, and on our other pairs they are within three per cent, now one ahead, now the other. Most
# numbers touch neither black nor white, so most of what is remembered is true.
#
# The mistake is real; its damage depends on the picture. The right way costs one line, and then nobody has to find out.

# %% [markdown]
# ## 6. Smooth the grain
#
# Total variation (TV) counts how much neighbouring pixels differ:
#
# TV = Σ |x<sub>c,i+1,j</sub> − x<sub>c,i,j</sub>| + Σ |x<sub>c,i,j+1</sub> − x<sub>c,i,j</sub>|
#
# over colours c, rows i and columns j (Rudin, Osher and Fatemi, 1992).
#
# **Predict.** Compute it by hand for one colour of 2 × 3 pixels: 0, 1, 1 above 0, 1, 0.
#
# <details><summary>Compare with your prediction</summary>
#
# Downwards 1, in the last column. Across 1 + 0 above and 1 + 1 below. Together 4.
#
# </details>


# %%
def total_variation(x):
    return x.diff(dim=1).abs().sum() + x.diff(dim=2).abs().sum()


# %%
small, loops = torch.tensor([[[0.0, 1.0, 1.0], [0.0, 1.0, 0.0]]]), 0.0
for i in range(2):
    for j in range(3):
        loops += abs(small[0, i + 1, j] - small[0, i, j]) if i + 1 < 2 else 0
        loops += abs(small[0, i, j + 1] - small[0, i, j]) if j + 1 < 3 else 0

# %% claim="total variation" tags=["nbval-check-output"]
print("loops:", loops.item(), "  one line:", total_variation(small).item())
assert loops == total_variation(small) == style.total_variation(small) == 4
assert total_variation(photo).allclose(style.total_variation(photo))

# %% [markdown]
# In J it is divided by how many numbers the picture has, and gets a weight of its own, `total_variation`.
#
# **Predict.** You ask for a smoother picture. What do you pay, in style?

# %%
smoother, smoothest = (run(total_variation=weight)[-1].picture for weight in (3, 30))
plots.row({"weight 0": result, "weight 3": smoother, "weight 30": smoothest})

# %% [markdown]
# *In the figure:* the painted cat three times: with colourful grain, with less of it, and with flat patches between
# which edges remain sharp.
#
# **Look at** the forehead. Grain goes first, strokes last: one sharp edge costs no more than a gentle slope of the same
# height.

# %% claim="what smoothing costs" tags=["nbval-check-output"]
ratio = (total_variation(smoother) / total_variation(result)).item()
with torch.no_grad():
    style_ratio = (costs(smoother)[1] / costs(result)[1]).item()
print("weight 3 removes over a fifth of the variation:", ratio < 0.8)
print("and leaves the style cost within 15 %:", abs(style_ratio - 1) < 0.15)
assert ratio < 0.8 and abs(style_ratio - 1) < 0.15

# %% [markdown]
# **Explain.** Nearly nothing. Much of the grain served nobody: the network hardly sees it, so neither cost fights for
# it. Only a weight that flattens strokes has its price.

# %% [markdown]
# ## 7. Where to start
#
# X may start as the photo, as noise, or as the painting.
#
# **Predict.** Three runs, the same J, 40 steps. Will they meet in one picture? What of its start could a
# result still show?

# %%
started = {init: run(init=init, beta=3, total_variation=3)[-1] for init in ("content", "noise", "style")}
from_photo, from_noise, from_painting = (step.picture for step in started.values())
plots.row({"from the photo": from_photo, "from noise": from_noise, "from the painting": from_painting})

# %% [markdown]
# *In the figure:* a cat with strokes in its fur; a grainy, purple cat of which eyes and nose are seen best; the night
# scene with its lights, in which the cat's eyes are blue patches.
#
# **Look at** what is *where*. In the third picture the painting's own lights are still in their places, though nothing
# in J asks for them.


# %%
def apart(a, b):
    """The mean absolute difference of two pictures."""
    return (a - b).abs().mean().item()


# %% claim="starts" tags=["nbval-check-output"]
ends = [step.total for step in started.values()]
print("the three J are within 40 % of each other:", max(ends) < 1.4 * min(ends))
print("the photo's start shows:", apart(from_photo, photo) < 0.7 * apart(from_painting, photo))
print("the painting's start shows:", apart(from_painting, painting) < 0.7 * apart(from_photo, painting))
assert max(ends) < 1.4 * min(ends) and apart(from_photo, photo) < 0.7 * apart(from_painting, photo)
assert apart(from_painting, painting) < 0.7 * apart(from_photo, painting)

# %% [markdown]
# **Explain.** J has many low places, and the optimiser takes one near its start. So the start is a choice about the
# picture and not only about the path: what J hardly mentions, such as a region's colour and brightness, stays as it
# was. From the photo the cat keeps its light; from the painting you get the painter's.
#
# For this reason most programs start from the content. The paper starts from noise, to show that J alone suffices.

# %% [markdown]
# ## 8. α against β
#
# **Predict.** One row starts from the photo, one from the painting. β grows to the right, from a tenth of α to a
# hundred times α. How will the two columns at the ends differ?

# %%
sheet = {"from photo": {}, "painting": {}}
for name, init in (("from photo", "content"), ("painting", "style")):
    for beta in (0.1, 3, 100):
        last_step = run(init=init, beta=beta, steps=25, total_variation=1)[-1]
        sheet[name][f"α = 1, β = {beta}"] = last_step.picture
plots.grid(sheet)

# %% [markdown]
# *In the figure:* two rows of three pictures. Above, a cat goes from the fur's own colours to blue and yellow strokes.
# Below, hard lines and a blue eye disturb the night scene on the left; on the right they are nearly gone.
#
# **Look at** the columns. On the left content draws the cat into both; on the right each row shows its own start, in
# the painting's style.


# %%
def with_beta(beta):
    """The steps of a run with α = 1."""
    settings = Settings(size=side, beta=beta)
    for step in nstlib.steps(photo, painting, settings):
        yield step.picture, f"step {step.index + 1}, J = {step.total:.3g}"


# %% tags=["nbval-ignore-output"]
Live("β (α = 1)", (0.01, 0.1, 1, 10, 100, 1000), with_beta)

# %% [markdown]
# *In the panel:* the run again for each β, live; below it J.
#
# **Look at** where the cat goes, and where nothing seems to change any more.
#
# **Predict.** You double β. Could you have halved α instead?


# %%
def pull(alpha, beta, at=library[10].picture):
    """∂J/∂X at a picture half way."""
    at = at.clone().requires_grad_()
    return torch.autograd.grad(J(at, alpha, beta), at)[0]


# %% claim="only the ratio" tags=["nbval-check-output"]
print("gradient for (2, 20) is twice that for (1, 10):", pull(2, 20).equal(2 * pull(1, 10)))
print("gradient for (1, 20) is twice that for (½, 10):", pull(1, 20).equal(2 * pull(0.5, 10)))
print("gradient for (1, 20) is twice that for (1, 10):", pull(1, 20).allclose(2 * pull(1, 10), rtol=0.01))
assert pull(2, 20).equal(2 * pull(1, 10)) and pull(1, 20).equal(2 * pull(0.5, 10))
assert not pull(1, 20).allclose(2 * pull(1, 10), rtol=0.01)

# %% [markdown]
# **Explain.** (1, 20) and (½, 10) have the same ratio: one J is exactly twice the other, everywhere. So are the
# gradients, and the low places are the same. For plain downhill steps a factor 2 in J is a factor 2 in η. Adam and
# L-BFGS take it out again.
#
# **Predict.** α = 1, β = 10 against α = 10, β = 100: is it the same picture, to the last digit?

# %%
same_ratio, other_ratio = run(alpha=10, beta=100), run(alpha=1, beta=20)
near = apart(library[10].picture, same_ratio[10].picture)
away = apart(library[10].picture, other_ratio[10].picture)
J_ratio = same_ratio[-1].total / library[-1].total

# %% claim="pictures of one ratio" tags=["nbval-check-output"]
print(
    "after 10 steps (1, 20) is more than three times as far from (1, 10) as (10, 100):", away > 3 * near
)
print(
    "after 40 steps the J of (10, 100) is ten times that of (1, 10), within 2 %:",
    abs(J_ratio / 10 - 1) < 0.02,
)
assert away > 3 * near and abs(J_ratio / 10 - 1) < 0.02

# %%
print(
    f"the two pictures of one ratio after 40 steps: {apart(result, same_ratio[-1].picture):.3f} apart on average"
)

# %% [markdown]
# **Explain.** In exact arithmetic they would agree. Here 10 J can be rounded otherwise than J, in the eighth digit, and
# every step makes the difference grow: after 40 steps we found anything from 0 to 0.04. J is the same; the pictures are
# two of its many low places. Doubling is exact: with (2, 20) not one pixel changes.
#
# So a program's α and β say nothing alone. Ask for their ratio, and for what they multiply.

# %% [markdown]
# ## 9. Which content layer?
#
# In a thread on this course's question one learner tried content layers of several blocks, and found that "block4 seems
# to work best". We ask again, with the style on. To see what a content layer itself brings along, start from noise.

# %%
told = {}
for content_layer in ("relu2_2", "relu3_2", "relu4_2", "relu5_1"):
    last_step = run(init="noise", steps=30, beta=3, total_variation=3, content_layers=(content_layer,))[
        -1
    ]
    told[content_layer] = last_step.picture

# %%
plots.row(told)

# %% [markdown]
# *In the figure:* four cats made from noise. With relu2_2 the outlines of eyes and nose are sharp and in place; with
# each deeper layer they loosen, until with relu5_1 dark strokes only hint at eyes.
#
# **Look at** the eyes, from left to right: outline, outline of strokes, strokes about where an eye should be.


# %%
def cosine(a, b):
    """1 where two blocks of features point in one direction, however long they are."""
    return torch.cosine_similarity(a.flatten(), b.flatten(), dim=0).item()


# %% claim="content depth" tags=["nbval-check-output"]
kept = {layer: cosine(features(made)["relu2_2"], features_c["relu2_2"]) for layer, made in told.items()}

falling = kept["relu2_2"] > kept["relu3_2"] > kept["relu4_2"] > kept["relu5_1"]
print("the deeper the content layer, the less alike are the fine features of relu2_2:", falling)
assert falling

# %% [markdown]
# **Explain.** A shallow layer holds edges pixel by pixel; strokes can only be laid between them. A deep one holds that
# there is an eye, and leaves open how it is drawn. Block 4 lies between: the cat is recognised, and its edges are
# free to become strokes. "Best" is a matter of what you want kept.
#
# **Predict.** Why not ask for relu3_2 *and* relu4_2, and add their costs? What will it look like?

# %%
pair_of_layers = ("relu3_2", "relu4_2")
unit = {
    layer: style.content_cost(torch.zeros_like(features_c[layer]), features_c[layer])
    for layer in pair_of_layers
}


# %%
def with_content(weights):
    """Optimise with Σ weight · J_content over the layers; return each layer's J_content, in units of its own K_c."""

    def cost(x):
        there = features(x)
        content = sum(
            w * style.content_cost(there[layer], features_c[layer]) for layer, w in weights.items()
        )
        return content + 10 * costs(x)[1]

    there = features(descend_with_adam(cost, n_steps=25)[1])
    return {
        layer: (style.content_cost(there[layer], features_c[layer]) / unit[layer]).item()
        for layer in unit
    }


# %%
deep = with_content({"relu4_2": 1 / unit["relu4_2"]})
added = with_content(
    {layer: 1 / sum(unit.values()) for layer in unit}
)  # plainly added, as the library does
weighed = with_content({layer: 0.5 / unit[layer] for layer in unit})  # each in units of its own

# %% claim="several content layers" tags=["nbval-check-output"]
print(
    "relu4_2's costs are more than ten times relu3_2's:", (unit["relu4_2"] > 10 * unit["relu3_2"]).item()
)
print(
    "plainly added, relu3_2 is as far off as without it:",
    abs(added["relu3_2"] / deep["relu3_2"] - 1) < 0.1,
)
print("each in its own units, relu3_2 is kept better:", weighed["relu3_2"] < 0.9 * deep["relu3_2"])
assert unit["relu4_2"] > 10 * unit["relu3_2"] and abs(added["relu3_2"] / deep["relu3_2"] - 1) < 0.1
assert weighed["relu3_2"] < 0.9 * deep["relu3_2"]

# %% [markdown]
# **Explain.** Adding raw costs lets the loudest layer speak alone: relu4_2's numbers are a hundred times larger. Two
# content layers must be weighed, each in its own units; that gives a compromise.
#
# But content does not *need* several, as style does. A deep layer keeps positions, and with them most of what shallow
# ones know; a Gram matrix forgets them, so each depth has to tell its own part.

# %% [markdown]
# ## 10. When to stop
#
# J never arrives. It falls ever more slowly. A rule that asks for *relative* progress needs no knowledge of J's size:
# stop when J fell by less than a share p over the last 20 steps. The library calls p `plateau`.


# %%
def stops_at(history, p, span=20):
    for now in range(span, len(history)):
        if 0 <= history[now - span] - history[now] <= p * history[now - span]:
            return now
    return len(history)


# %%
stopped = run(steps=160, optimizer="lbfgs", plateau=0.1)
own = stops_at([step.total for step in stopped], 0.1)
J_first, J_stop, J_last = lbfgs_run[0].total, stopped[-1].total, lbfgs_run[-1].total
share_before = (J_first - J_stop) / (J_first - J_last)

# %% claim="plateau" tags=["nbval-check-output"]
print(
    "the library stops where our rule does:",
    own == len(stopped) - 1,
    "  before the 160 steps are over:",
    own < 159,
)
print("over nine tenths of J's fall lie before the stop:", share_before > 0.9)
assert own == len(stopped) - 1 < 159 and share_before > 0.9

# %%
on_the_way, after_stop = (
    apart(stopped[-1].picture, photo),
    apart(lbfgs_run[-1].picture, stopped[-1].picture),
)
print(
    f"stopped after {own} steps; X moved by {on_the_way:.2f} before, by {after_stop:.2f} in the steps after"
)

# %% [markdown]
# **Explain.** The last steps cost as much time as the first and bring J little. The picture still drifts in them, along
# J's nearly flat floor; whether it grows more beautiful is for you to see.
#
# Do not read beauty off J: it says how well X fits this α, this β and these layers. Two runs with other weights have J in
# other units.

# %% [markdown]
# ## 11. A mistake on purpose: pictures in the wrong scale
#
# A network was trained on pictures in one scale: here minus a mean, divided by a deviation. The library's `Network`
# does this itself. Many programs leave it to you, and some forget it.
#
# **Predict.** We feed [0, 1] as it is, then 0 to 255. All features exist, no error is raised. Which layer suffers most?

# %%
forgetful, bytes_in = nstlib.networks.load(), nstlib.networks.load()
for careless, deviation in ((forgetful, 1), (bytes_in, 1 / 255)):
    careless.mean.zero_()  # no mean is subtracted
    careless.std.fill_(deviation)


# %%
unscaled, bytes_seen = forgetful(photo[None]), bytes_in(photo[None])
alike = {layer: cosine(unscaled[layer], features_c[layer]) for layer in targets}
strength = {layer: (bytes_seen[layer].norm() / features_c[layer].norm()).item() for layer in targets}

# %% claim="wrong scale" tags=["nbval-check-output"]
print("least alike, by the angle between right and wrong features:", min(alike, key=alike.get))
print("its cosine is below 0.75:", alike["relu1_1"] < 0.75)
print("with 0 to 255 every layer answers over 20 times as strongly:", min(strength.values()) > 20)
assert min(alike, key=alike.get) == "relu1_1" and alike["relu1_1"] < 0.75 and min(strength.values()) > 20

# %% [markdown]
# **Explain.** Without the mean no number is negative: the first layer's filters are shown brightness where they
# expect a difference from grey. And features 20 times as strong make E<sub>l</sub> 20⁴ times as large: a β found for
# one scale means nothing in the other.

# %%
wrong_scale = run(forgetful)[-1].picture
plots.row({"painting": painting, "right scale": result, "[0, 1] as it is": wrong_scale})

# %% [markdown]
# *In the figure:* the painting, the cat with the right scale in bright strokes, and with the wrong one in darker, more
# muted colours, with green eyes.
#
# **Look at** the colours. The wrong picture is plausible, and that is the danger: a program with this mistake runs, and
# its J falls.

# %% claim="wrong scale shows" tags=["nbval-check-output"]
with torch.no_grad():
    right_left, wrong_left = costs(result)[1].item(), costs(wrong_scale)[1].item()
print(
    "judged by the right features, over 1.4 times as much style is missing:",
    wrong_left > 1.4 * right_left,
)
assert wrong_left > 1.4 * right_left

# %% [markdown]
# ## 12. A mistake on purpose: sums in half precision
#
# Half precision (float16) saves memory and time. Its largest number is 65,504.
#
# **Predict.** A strong filter of `relu1_1` answers about 50 at each of 24,576 positions. Does its entry of G fit?
#
# <details><summary>Compare with your prediction</summary>
#
# 24,576 · 50² is 61 million. Every single answer fits with ease; their sum does not.
#
# </details>

# %%
half_x, half_s = features_c["relu1_1"].half(), features_s["relu1_1"].half()
G_x, G_s = (F.flatten(1) @ F.flatten(1).T for F in (half_x, half_s))
E_half = (G_x - G_s).square().sum()
in_float32 = style.layer_style_cost(half_x, half_s)
exact = style.layer_style_cost(features_c["relu1_1"], features_s["relu1_1"])

# %% claim="half precision" tags=["nbval-check-output"]
print("features fit:", half_x.isfinite().all().item(), "  their Gram fits:", G_x.isfinite().all().item())
print("E in half precision:", E_half.item())
print(
    "the library's E, from the same half features, is right within 1 %:",
    abs(in_float32 / exact - 1).item() < 0.01,
)
assert (
    half_x.isfinite().all()
    and G_x.isinf().any()
    and E_half.isnan()
    and abs(in_float32 / exact - 1) < 0.01
)

# %% [markdown]
# **Explain.** Too large a sum becomes infinite (`inf`), and infinite minus infinite is *not a number* (`nan`). One
# `nan` in J makes every pixel `nan` a step later, a black picture, and no error.
#
# The library computes *features* in bfloat16 where that is fast, a half precision that reaches as far as float32, and
# sums every Gram in float32. And it looks at J before it steps. Let us overflow even float32.

# %%
shouting = nstlib.networks.load()
shouting.convolutions["conv1_1"].weight.mul_(1e12)
try:
    nstlib.stylize(photo, painting, Settings(size=side, layer_weights="equal"), shouting)
    said = "nothing"
except nstlib.transfer.DivergedError as error:
    said = str(error)

# %% claim="diverged" tags=["nbval-check-output"]
print(said)
assert "the features overflow" in said and "relu1_1" in said

# %% [markdown]
# **Explain.** A sentence instead of a black picture: what happened, where it was first seen, what to do.

# %% [markdown]
# ## Recap
#
# - **J = α J<sub>content</sub> / K<sub>c</sub> + β J<sub>style</sub> / K<sub>s</sub>**, lowered over the pixels of X.
#   Only α/β counts, and what they multiply.
# - One step: **x ← clamp(x − η ∂J/∂x)**. Adam gives η a meaning; L-BFGS needs none, and is not to be clamped from
#   outside.
# - Start and content layer change the *picture*; Adam or L-BFGS changes the *path*.
# - TV removes grain nearly for free. Stop on a plateau.
# - Scale pictures as the network expects; sum in float32.

# %% [markdown]
# ## On your own
#
# - Write `descend_with_adam` for a cost of your own: only TV; the mean brightness; the distance to another photo.
# - Start from your own picture: `nstlib.transfer.steps` takes `start=`. How much of it survives?
# - Which α/β leaves the cat a cat, for another painting? Is `beta=10` about the same there?
