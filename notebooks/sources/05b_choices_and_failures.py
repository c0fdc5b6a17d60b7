# %% [markdown]
# # 05b · Choices and failures
#
# **What you will do.** Choose smoothness, start, weights and content layer of a run, see which of them change the
# picture, and make two famous mistakes on purpose.
#
# **You will be able to** say what each choice changes, and explain a run that goes wrong.
#
# **You need** lesson 05 and 35 minutes.

# %%
import os
import re

import torch

import nstlib
from nstlib import Settings, claim, painted, pictures, plots, style
from nstlib.predictions import predict
from nstlib.studio import Live

# %%
side = int(os.environ.get("NST_SIDE", "128"))
photo = pictures.sample("cat", side)
painting = painted.paint("night", tuple(photo.shape[1:]))

# %% [markdown]
# From lesson 05 we need $J = \alpha \, J_{\text{content}} / K_c + \beta \, J_{\text{style}} / K_s$, with the unit $K_c$
# of the content cost and $K_s$ of the style cost, and the preset `relative`. With `relative`, the second fraction is
# the mean over the layers of $E_l / E_l^0$, where $E_l^0$ is the cost of zero features.

# %%
network = nstlib.networks.load(layers=(*nstlib.networks.DEFAULT, "relu2_2"))
layers = nstlib.networks.STYLE_LAYERS


def features(picture):
    """Each layer's features (N, H, W)."""
    return {layer: block[0] for layer, block in network(picture[None]).items()}


# %%
with torch.no_grad():
    features_c, features_s = features(photo), features(painting)
nothing = {layer: torch.zeros_like(block) for layer, block in features_c.items()}
unit = {layer: style.content_cost(nothing[layer], block) for layer, block in features_c.items()}
E_of_nothing = {layer: style.layer_style_cost(nothing[layer], features_s[layer]) for layer in layers}


# %%
def costs(x):
    """J_content / K_c and J_style / K_s of a picture."""
    there = features(x)
    content = style.content_cost(there["relu4_2"], features_c["relu4_2"]) / unit["relu4_2"]
    E = {layer: style.layer_style_cost(there[layer], features_s[layer]) for layer in layers}
    return content, sum(E[layer] / E_of_nothing[layer] for layer in layers) / len(layers)


# %%
def J(x, alpha=1, beta=10):
    j_content, j_style = costs(x)
    return alpha * j_content + beta * j_style


# %%
usual = {"size": side, "scales": 1, "steps": 40, "plateau": 0}  # Adam from the photo, α = 1, β = 10


def run(network=network, **choices):
    """The library's steps for our pair at this one size, with whatever is chosen otherwise."""
    return list(nstlib.transfer.steps(photo, painting, Settings(**usual | choices), network))


# %% [markdown]
# ## 1. Smooth the grain
#
# Total variation (TV) counts how much neighbouring pixels differ. Over the colours $c$, rows $i$ and columns $j$:
#
# $$\text{TV}(X) = \sum_{c,i,j} \left\lvert x_{c,i+1,j} - x_{c,i,j} \right\rvert
# + \sum_{c,i,j} \left\lvert x_{c,i,j+1} - x_{c,i,j} \right\rvert$$
#
# Rudin, Osher and Fatemi (1992) introduced total variation, with the length of both differences, $\sum \sqrt{(\Delta_i
# x)^2 + (\Delta_j x)^2}$. That form treats all directions alike. Ours is simpler and prefers edges along rows and
# columns.


# %%
def total_variation(x):
    return x.diff(dim=1).abs().sum() + x.diff(dim=2).abs().sum()


# %%
small, loops = torch.tensor([[[0.0, 1.0, 1.0], [0.0, 1.0, 0.0]]]), 0.0
for i in range(2):
    for j in range(3):
        loops += abs(small[0, i + 1, j] - small[0, i, j]) if i + 1 < 2 else 0
        loops += abs(small[0, i, j + 1] - small[0, i, j]) if j + 1 < 3 else 0
plots.matrices({"x": small[0], "down": small[0].diff(dim=0).abs(), "across": small[0].diff(dim=1).abs()})

# %% claim="total variation" tags=["nbval-check-output"]
claim("loops", int(loops), equals=4)
claim("one line", int(total_variation(small)), equals=4)
claim("ours and the library's, of the photo", total_variation(photo), equals=style.total_variation(photo))

# %% [markdown]
# TV has a weight $w$ of its own, the setting `total_variation`. The library lowers $J + w \, \text{TV}(X) / (3P)$,
# where $P$ is the number of pixels.
#
# **Predict.** You ask for a smoother picture. What do you pay, in style?

# %%
predict("05b.smooth")

# %%
plain = run()
result = plain[-1].picture
smoother, smoothest = (run(total_variation=weight)[-1].picture for weight in (10, 30))
plots.row(
    {"weight 0": result, "weight 10": smoother, "weight 30": smoothest},
    alt="The painted cat three times: with colourful grain, with less of it, and with flat patches between "
    "which edges remain sharp",
)

# %% [markdown]
# **Look at** the forehead. Grain goes first and strokes last: one sharp edge costs no more than a gentle slope of the
# same height.

# %%
with torch.no_grad():
    style_costs = {
        name: costs(x)[1].item() for name, x in (("0", result), ("10", smoother), ("30", smoothest))
    }
variations = {
    name: total_variation(x) for name, x in (("0", result), ("10", smoother), ("30", smoothest))
}
plots.bars(
    {
        f"weight {name}": {
            "TV": (variations[name] / variations["0"]).item(),
            "style cost": style_costs[name] / style_costs["0"],
        }
        for name in variations
    },
    "as a share of weight 0's",
    line=1,
)

# %% claim="what smoothing costs" tags=["nbval-check-output"]
claim("weight 10 leaves of the variation", variations["10"] / variations["0"], below=0.8)
claim("and of the style cost", style_costs["10"] / style_costs["0"], above=0.85, below=1.15)

# %% [markdown]
# ## 2. Where to start
#
# $X$ may start as the photo, as noise, or as the painting.
#
# **Predict.** Three runs lower the same $J$, for 80 steps. Will they meet in one picture?

# %%
predict("05b.starts")

# %%
names = {"content": "from the photo", "noise": "from noise", "style": "from the painting"}
chosen = {"beta": 3, "total_variation": 3, "steps": 80}
started = {name: run(init=init, **chosen) for init, name in names.items()}

# %%
last = {name: steps[-1].picture for name, steps in started.items()}
plots.row(
    last,
    alt="A cat with strokes in its fur; a grainy cat of which eyes and nose are seen best; the night scene "
    "with its lights, in which the cat's eyes are blue patches",
)

# %% [markdown]
# **Look at** what is *where*. In the third picture the painting's own lights are still in their places, though nothing
# in $J$ asks for them.

# %%
plots.curves({name: [step.total for step in steps] for name, steps in started.items()}, "J")

# %% [markdown]
# **Look at** the run from noise. It begins more than ten times as high as the others, and is still above them at the
# end. The other two end at nearly the same $J$.


# %%
def apart(a, b):
    """The mean absolute difference of two pictures."""
    return (a - b).abs().mean().item()


# %%
compared = last | {"the photo": photo, "the painting": painting}
distances = torch.tensor([[apart(a, b) for b in compared.values()] for a in compared.values()])
plots.table(
    {
        name: dict(zip(compared, row.tolist(), strict=True))
        for name, row in zip(compared, distances, strict=True)
    },
    "mean difference",
)

# %%
left = {name: steps[-1].total / steps[0].total for name, steps in started.items()}
end_photo, _, end_painting = (steps[-1].total for steps in started.values())
ends = end_painting / end_photo
from_photo, from_noise, from_painting = last.values()
between = min(
    apart(from_photo, from_noise), apart(from_photo, from_painting), apart(from_noise, from_painting)
)
photo_shows = apart(from_photo, photo) / apart(from_painting, photo)
painting_shows = apart(from_painting, painting) / apart(from_photo, painting)

# %% claim="starts" tags=["nbval-check-output"]
# On other pairs of pictures the two ends are up to 11 % apart
claim("left of J after 80 steps, at most", max(left.values()), below=0.6)
claim("J at the end, from the painting against from the photo", ends, above=0.85, below=1.2)
claim("yet two results differ, in the mean, by at least", between, above=0.1)
claim("distance to the photo, started there against started at the painting", photo_shows, below=0.7)
claim("distance to the painting, the other way round", painting_shows, below=0.7)

# %% [markdown]
# **Explain.** The start is a choice about the picture, not only about the path. What $J$ hardly mentions, such as the
# colour and brightness of a region, stays as it was. Started at the photo, the cat keeps its light; started at the
# painting, it gets the painter's.
#
# That is why most programs start from the content. The paper starts from noise, to show that $J$ alone is enough.

# %% [markdown]
# ## 3. α against β
#
# One row starts from the photo, the other from the painting. $\beta$ grows from left to right, from a tenth of $\alpha$
# to a hundred times $\alpha$.

# %%
sheet = {"from the photo": {}, "from the painting": {}}
for name, init in (("from the photo", "content"), ("from the painting", "style")):
    for beta in (0.1, 3, 100):
        last_step = run(init=init, beta=beta, steps=25, total_variation=1)[-1]
        sheet[name][f"α = 1, β = {beta}"] = last_step.picture
plots.grid(
    sheet,
    alt="Two rows of three pictures. Above, a cat goes from the fur's own colours to blue and yellow "
    "strokes. Below, hard lines and a blue eye disturb the night scene on the left; on the right they are "
    "nearly gone",
)

# %% [markdown]
# **Look at** the columns. On the left content counts most: above, the fur keeps its own colours; below, an eye and hard
# lines appear in the sky. On the right, each row shows its own start in the painting's style.


# %%
def with_beta(beta):
    """The steps of a run with α = 1."""
    settings = Settings(size=side, beta=beta)
    for step in nstlib.steps(photo, painting, settings):
        yield step.picture, f"step {step.index + 1}, J = {step.total:.3g}"


# %% tags=["nbval-ignore-output"]
Live("β (α = 1)", (0.01, 0.1, 1, 10, 100, 1000), with_beta)

# %% [markdown]
# The panel shows the run for each $\beta$ live. Find where the cat disappears, and where nothing seems to change any
# more.
#
# **Predict.** You double $\beta$. Could you have halved $\alpha$ instead?

# %%
predict("05b.ratio")

# %% [markdown]
# $$\begin{aligned}
# J_{1,20}(X) &= J_{\text{content}} + 20 \, J_{\text{style}} && \text{(each in its unit)} \\
# &= 2 \left( \tfrac12 \, J_{\text{content}} + 10 \, J_{\text{style}} \right) && \text{taking 2 out} \\
# &= 2 \, J_{\frac12,10}(X) && \text{the same ratio} \\
# \frac{\partial J_{1,20}}{\partial X} &= 2 \, \frac{\partial J_{\frac12,10}}{\partial X} && \text{the same direction}
# \end{aligned}$$


# %%
def uphill(alpha, beta, at=result):
    """∂J/∂X at the end of the plain run, all numbers in a row."""
    at = at.clone().requires_grad_()
    return torch.autograd.grad(J(at, alpha, beta), at)[0].flatten()


# %%
turned = 1 - torch.cosine_similarity(uphill(1, 20), uphill(1, 10), dim=0)
against = torch.cosine_similarity(uphill(1, 0), uphill(0, 10), dim=0)

# %% claim="only the ratio" tags=["nbval-check-output"]
claim("gradients of (1, 20) and twice (½, 10)", uphill(1, 20), equals=2 * uphill(0.5, 10))
claim("1 − cosine of (1, 20) and (1, 10)", turned, above=0.15)
claim("cosine of content's pull and style's", against, below=-0.5)

# %% [markdown]
# **Explain.** At the end of a run content and style pull almost against each other, so doubling $\beta$ turns their sum
# by about 40°. A pair with the same ratio does not turn it at all.

# %% [markdown]
# For plain downhill steps, a factor of 2 in $J$ is a factor of 2 in $\eta$, the learning rate. Adam and L-BFGS take it
# out again. Does the library agree, to the last digit?

# %%
same_ratio, other_ratio = run(alpha=10, beta=100), run(alpha=1, beta=20)
near = apart(plain[4].picture, same_ratio[4].picture)
away = apart(plain[4].picture, other_ratio[4].picture)
J_ratio = same_ratio[-1].total / plain[-1].total
after = {f"{n} steps": apart(plain[n - 1].picture, same_ratio[n - 1].picture) for n in (5, 10, 20, 40)}
plots.table(
    {
        "(1, 10) and (10, 100) apart": after,
        "(1, 10) and (1, 20) apart": {
            f"{n} steps": apart(plain[n - 1].picture, other_ratio[n - 1].picture) for n in (5, 10, 20, 40)
        },
    }
)

# %% claim="pictures of one ratio" tags=["nbval-check-output"]
# The bound is wide: rounding errors grow differently on each machine
claim("after 5 steps, another ratio's picture is apart by", away, above=0.002)
claim("the same ratio's, as a share of that", near / max(away, 1e-9), below=1 / 3)
claim("after 40 steps, J of (10, 100) against (1, 10)", J_ratio, above=9, below=11)

# %% [markdown]
# **Explain.** In exact arithmetic they agree, since the library divides $J$ by its first value. On some machines and at
# some sizes $10 J$ is rounded differently from $J$, in the eighth digit, and every step makes the difference grow. $J$
# still ends the same; the pictures are then two of its many low places.
#
# So a program's $\alpha$ and $\beta$ alone say nothing. Ask for their ratio, and for what they multiply.

# %% [markdown]
# ## 4. Which content layer?
#
# In lesson 01 a forum found that "block4 seems to work best" for content. We ask again, with the style on. We start
# from noise, so that all content in the result comes from the content layer.

# %%
told = {}
for content_layer in ("relu2_2", "relu3_2", "relu4_2", "relu5_1"):
    asked = dict(init="noise", steps=30, beta=3, total_variation=3, content_layers=(content_layer,))
    told[content_layer] = run(**asked)[-1].picture
plots.row(
    told,
    alt="Four grainy pictures made from noise. With relu2_2 a cat's eye can be found; with each deeper layer "
    "there are fewer lines of the photo, and with relu5_1 only a few darker strokes",
)

# %% [markdown]
# **Look for** the eyes: one can be found in the first picture. Thirty steps from noise are few, so the bars below will
# tell you more than your eyes.
#
# To measure this we need a yardstick that is no run's own target. We take two style layers: neither was a content
# layer, and all four runs had the same style.


# %%
def cosine(a, b):
    """1 where two lists of numbers point in one direction, however long they are."""
    return torch.cosine_similarity(a.flatten(), b.flatten(), dim=0).item()


# %%
alike = {}
for layer, made in told.items():
    there = features(made)
    alike[layer] = {name: cosine(there[name], features_c[name]) for name in ("relu2_1", "relu4_1")}
plots.bars(alike, "cosine with the photo, by content layer")

# %%
kept = alike["relu5_1"]["relu2_1"] / alike["relu2_2"]["relu2_1"]
block4 = alike["relu4_2"]["relu4_1"] / alike["relu5_1"]["relu4_1"]

# %% claim="content depth" tags=["nbval-check-output"]
claim("relu2_1's cosine with content at relu5_1, against relu2_2", kept, below=0.9)
claim("relu4_1's cosine, content at relu4_2 over at relu5_1", block4, above=1.2)

# %% [markdown]
# **Explain.** A shallow layer holds edges pixel by pixel, so strokes must fit between them. A deep layer knows that
# there is an eye, and leaves open how it is drawn. Block 4 lies between: more of `relu4_1` is kept than with block 5,
# and edges are free to become strokes. Which layer is "best" depends on what you want to keep.

# %% [markdown]
# **Predict.** Why not ask for `relu3_2` *and* `relu4_2`, and add their costs? What will that change?

# %%
predict("05b.two_layers")

# %%
two = ("relu3_2", "relu4_2")


def with_content(weights):
    """Lower Σ weight · J_content + 10 J_style for 25 steps of Adam; return each layer's J_content / K_c."""
    x = photo.clone().requires_grad_()
    adam = torch.optim.Adam([x], lr=0.05, betas=(0.9, 0.99))
    for _ in range(25):
        adam.zero_grad()
        there = features(x)
        content = sum(
            w * style.content_cost(there[name], features_c[name]) for name, w in weights.items()
        )
        (content + 10 * costs(x)[1]).backward()
        adam.step()
        x.data.clamp_(0, 1)
    there = features(x.detach())
    return {name: (style.content_cost(there[name], features_c[name]) / unit[name]).item() for name in two}


# %%
unit_sum = sum(unit[name] for name in two)
deep = with_content({"relu4_2": 1 / unit["relu4_2"]})
added = with_content({name: 1 / unit_sum for name in two})  # as the library does
weighed = with_content({name: 0.5 / unit[name] for name in two})  # each in units of its own
plots.table({"relu4_2 alone": deep, "both, added": added, "both, weighed": weighed}, "J_content / K_c of")

# %% claim="several content layers" tags=["nbval-check-output"]
# The bound is wide: how much louder relu4_2 is depends on the network
claim("K_c of relu4_2 against relu3_2", unit["relu4_2"] / unit["relu3_2"], above=10)
claim("relu3_2's cost, added against left out", added["relu3_2"] / deep["relu3_2"], above=0.85, below=1.1)
claim("relu3_2's cost, weighed against left out", weighed["relu3_2"] / deep["relu3_2"], below=0.9)

# %% [markdown]
# **Explain.** Adding raw costs lets the layer with the largest cost decide alone. (In lesson 01 that was the shallower
# one, `relu2_1`.) Two content layers must be weighed, each in its own units; that gives a compromise.

# %% [markdown]
# Lesson 01 showed why content does not need several layers, as style does.

# %% [markdown]
# ## 5. A mistake on purpose: pictures in the wrong scale
#
# A network was trained on pictures in one scale: here minus a mean, divided by a deviation. The library's `Network`
# does this itself. Many programs leave it to you, and some forget it.
#
# We feed $[0, 1]$ as it is, and then 0 to 255. All features exist, and no error is raised. Which layer suffers most?

# %%
forgetful, bytes_in = nstlib.networks.load(), nstlib.networks.load()
for careless, deviation in ((forgetful, 1), (bytes_in, 1 / 255)):
    careless.mean.zero_()  # no mean is subtracted
    careless.std.fill_(deviation)

# %%
unscaled, bytes_seen = forgetful(photo[None]), bytes_in(photo[None])
similar = {layer: cosine(unscaled[layer], features_c[layer]) for layer in layers}
strength = {layer: (bytes_seen[layer].norm() / features_c[layer].norm()).item() for layer in layers}
plots.bars({layer: {"": value} for layer, value in similar.items()}, "cosine with the right features")

# %%
plots.table({"0 to 255: times as strong": strength})

# %% claim="wrong scale" tags=["nbval-check-output"]
claim("least alike", min(similar, key=similar.get), equals="relu5_1")
claim("its cosine", similar["relu5_1"], below=0.8)
claim("0 to 255: the least that a layer grows by", min(strength.values()), above=20)

# %% [markdown]
# **Explain.** Without the mean no number is negative, so the first layer's filters see brightness where they expect a
# difference from grey. No layer gets back to a cosine of 1, and the deepest comes out worst.
#
# From 0 to 255 every layer answers far louder. Features that are $s$ times as strong multiply $E_l$ by $s^4$: a $\beta$
# found for one scale means nothing in the other.

# %%
wrong_scale = run(forgetful)[-1].picture
plots.row(
    {"painting": painting, "right scale": result, "[0, 1] as it is": wrong_scale},
    alt="The painted night; the cat with the right scale in bright strokes; the cat with the wrong one in "
    "more reddish colours, with less blue",
)

# %% [markdown]
# **Look at** the colours. The wrong picture is plausible, and that is the danger: a program with this mistake runs, and
# its $J$ falls.

# %%
with torch.no_grad():
    right_left, wrong_left = costs(result)[1].item(), costs(wrong_scale)[1].item()

# %% claim="wrong scale shows" tags=["nbval-check-output"]
claim("style cost by the right features, wrong scale against right", wrong_left / right_left, above=1.4)

# %% [markdown]
# ## 6. A mistake on purpose: sums in half precision
#
# Half precision (float16) saves memory and time. Its largest number is 65,504. `relu1_1` answers below 12 everywhere in
# our pictures, so every single answer fits with ease. But $G$ adds up their products over all positions, and twice the
# side makes four times as many positions.

# %%
first = nstlib.networks.load(layers=("relu1_1",))


def first_features(side):
    """relu1_1 of the photo and of the painting, the photo's shorter side being `side`."""
    cat = pictures.sample("cat", side)
    night = painted.paint("night", tuple(cat.shape[1:]))
    return {"photo": first(cat[None])["relu1_1"][0], "painting": first(night[None])["relu1_1"][0]}


# %%
blocks = {each: first_features(each) for each in (64, 128, 256)}
sums = {
    f"side {each}": {name: style.gram_matrix(F).max().item() for name, F in pair.items()}
    for each, pair in blocks.items()
}
plots.bars(sums, "largest entry of G", line=65_504)

# %% [markdown]
# **Look at** the dashed line, float16's largest number. Up to a side of 128 both Gram matrices stay below it; at 256
# both have entries above. Now the cost, in half precision from the features on.


# %%
def in_half(photo, painting):
    """The largest entry of G_X and Σ (G_X − G_S)², in float16, as words."""
    G_x, G_s = (block.half().flatten(1) @ block.half().flatten(1).T for block in (photo, painting))
    return str(G_x.max().item()), str((G_x - G_s).square().sum().item())


# %%
small_cost = in_half(**blocks[128])[1]
entry, large_cost = in_half(**blocks[256])
photo_256, painting_256 = blocks[256].values()
in_float32 = style.layer_style_cost(photo_256.half(), painting_256.half())
exact = style.layer_style_cost(photo_256, painting_256)
loudest = max(block.max().item() for pair in blocks.values() for block in pair.values())

# %% claim="half precision" tags=["nbval-check-output"]
claim("loudest answer of relu1_1", loudest, below=12)
claim("side 128: cost in half precision", small_cost, equals="inf")
claim("side 256: largest entry of the photo's G", entry, equals="inf")
claim("side 256: cost", large_cost, equals="nan")
claim("the library's cost of these half-precision features", in_float32 / exact, above=0.99, below=1.01)

# %% [markdown]
# **Explain.** There are two ways to fail. At 128 the entries fit, but the squares of their differences do not: the cost
# is infinite (`inf`), for every picture alike. At 256 the entries themselves are infinite, and infinite minus infinite
# is *not a number* (`nan`). So a program that was tried on small pictures can fail on large ones.
#
# One `nan` in $J$ makes every pixel `nan` a step later: a black picture, and no error.

# %% [markdown]
# The library computes *features* in bfloat16 where that is fast, a half precision that reaches as far as float32. It
# sums every Gram matrix in float32. And it looks at $J$ before it steps. Let us overflow even float32.

# %% tags=["nbval-check-output"]
shouting = nstlib.networks.load()
shouting.convolutions["conv1_1"].weight.mul_(1e12)
said = "nothing"
try:
    nstlib.stylize(photo, painting, Settings(size=side, layer_weights="equal"), shouting)
except nstlib.transfer.DivergedError as error:
    said = str(error)
named = ", ".join(re.findall(r"the features overflow|relu\d_1", said))
print(said)

# %% claim="diverged" tags=["nbval-check-output"]
claim("named as the cause and the place", named, equals="the features overflow, relu1_1")

# %% [markdown]
# **Explain.** A sentence instead of a black picture: what happened, where it was first seen, and what to do.

# %% [markdown]
# ## Recap
#
# - The start changes the *picture*, because $J$ has many low places. The content layer changes $J$ itself.
# - Only $\alpha / \beta$ counts, and what they multiply. (With total variation, the ratio of its weight to $\alpha$
#   counts, too.)
# - A little TV removes grain nearly for free.
# - Several content layers must be weighed, each in its own unit.
# - Scale pictures as the network expects; sum in float32.

# %% [markdown]
# ## On your own
#
# - Start from your own picture: `nstlib.transfer.steps` takes `start=`. How much of it survives?
# - Which $\alpha / \beta$ still leaves a recognisable cat, with another painting? Is `beta=10` about the same there?
# - Write the total variation that treats all directions alike. Does the result look different?
