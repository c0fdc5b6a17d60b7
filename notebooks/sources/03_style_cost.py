# %% [markdown]
# # 03 · The style cost and where its constants come from
#
# **What you will do.** Test every constant of the style cost by an experiment, then find out what five well-known
# programs really compute.
#
# **You will be able to** derive the gradient of $E_l$ by hand, say what $\tfrac14$, $N^2$ and $M^2$ are for, tell which
# constants $\beta$ absorbs, and convert one program's weights into another's.
#
# **You need** lesson 02 and 45 minutes.

# %%
import os

import torch

import nstlib
from nstlib import Settings, claim, painted, pictures, plots
from nstlib.predictions import predict
from nstlib.studio import Live

# %%
side = int(os.environ.get("NST_SIDE", "128"))
photo = pictures.sample("cat", side)
painting = painted.paint("night", tuple(photo.shape[1:]))


# %%
def repainted(convention, beta):
    """The photo, repainted with the constants of one family of programs."""
    return nstlib.stylize(photo, painting, Settings(size=side, convention=convention, beta=beta))


# %%
paper = repainted("gatys", beta=10)  # each layer's own N and M
keras = repainted("keras", beta=1)  # 3 and the size of the picture, in every layer
plots.row(
    {"N and M of the layer": paper, "3 and size of the picture": keras},
    alt="A cat repainted as a night sky, twice: covered with brush strokes; in the painting's colours, its own stripes kept",
)

# %% [markdown]
# **Look at** the fur. On the left, brush strokes cover it. On the right, it has taken the painting's colours but kept
# its own stripes.
#
# The two runs use the same network, photo, painting and optimiser. Only the constants in the style cost differ. By the
# end of this lesson you will know which ones, and whether some value of $\beta$ turns the right picture into the left
# one.

# %% [markdown]
# ## A puzzle to begin with
#
# A forum once praised a program for moving $1/(N^2 M^2)$ *inside* the Gram matrix. The program divides $G$ by $N M$,
# and squaring the difference then gives just that factor. After that, the program takes the *mean* over the entries
# of $G$.

# %% [markdown]
# **Predict.** Is the result the paper's cost, up to one number in front?

# %%
predict("03.puzzle")

# %%
network = nstlib.networks.load(layers=nstlib.networks.STYLE_LAYERS)


def blocks(picture):
    """Each style layer's features (N, H, W), in float64 so that rounding does not blur the constants."""
    return {layer: block[0].double() for layer, block in network(picture[None]).items()}


features_x, features_s = blocks(photo), blocks(painting)

# %% [markdown]
# For now $X$, the picture being made, is the photo itself, because that is where a run starts. $S$ is the painting, at
# the same size.
#
# ## 1. Turn two matrices into one number
#
# Here are two Gram matrices of a layer with two filters. Square each entry of their difference and add up the squares.

# %%
G_x = torch.tensor([[5, 2], [2, 10]])
G_s = torch.tensor([[4, 0], [0, 10]])
plots.matrices({"G_X": G_x, "G_S": G_s, "G_X − G_S": G_x - G_s})

# %% [markdown]
# $1 + 4 + 4 + 0 = 9$. The two entries off the diagonal are equal, so each pair of filters counts twice.
#
# In index notation this sum is the square of the *Frobenius norm*, the ordinary length of a matrix read as one long
# vector:
#
# $$\lVert G_X - G_S \rVert_F^2 = \sum_{k=1}^{N} \sum_{k'=1}^{N} \left(G_{X,kk'} - G_{S,kk'}\right)^2$$

# %%
loops = 0
for k in range(2):
    for k2 in range(2):
        loops += (G_x[k, k2] - G_s[k, k2]) ** 2
one_line = (G_x - G_s).square().sum()
frobenius = torch.linalg.matrix_norm((G_x - G_s).double()) ** 2

# %% claim="frobenius" tags=["nbval-check-output"]
claim("sum by loops", loops, equals=9)
claim("sum in one line", one_line, equals=loops)
claim("Frobenius norm, squared", frobenius, equals=loops)

# %% [markdown]
# The paper (Gatys, Ecker and Bethge, [2015](https://arxiv.org/abs/1508.06576)) puts a fraction in front:
#
# $$E_l = \frac{1}{4 N^2 M^2} \sum_{k,k'} \left(G_{X,kk'} - G_{S,kk'}\right)^2$$
#
# It gives no reason for any of the three constants. The lecture writes the same fraction with other letters:
#
# $$\begin{aligned}
# \frac{1}{(2\, n_H\, n_W\, n_C)^2} &= \frac{1}{(2 M N)^2} && n_H n_W = M \text{ positions, } n_C = N \text{ filters} \\
# &= \frac{1}{4 N^2 M^2} && \text{each factor is squared}
# \end{aligned}$$
#
# We write the formula down as it stands, then take it apart.


# %%
def cost(F_x, F_s):
    """E_l of the paper, for two pictures of one size."""
    N, M = F_x.shape
    return (F_x @ F_x.T - F_s @ F_s.T).square().sum() / (4 * N**2 * M**2)


# %%
library = nstlib.style.layer_style_cost
ours = {layer: cost(features_x[layer].flatten(1), S.flatten(1)) for layer, S in features_s.items()}
ratios = torch.stack([ours[layer] / library(features_x[layer], S) for layer, S in features_s.items()])

# %% claim="own function" tags=["nbval-check-output"]
claim("our cost over the library's, in every layer", ratios, equals=torch.ones_like(ratios))

# %% [markdown]
# ## 2. Why 4?
#
# Start with the smallest layer there is: one filter and one position. Then $F$ is one number $f$, the style's Gram
# matrix is one number $g$, and $N = M = 1$:
#
# $$\begin{aligned}
# E &= \tfrac14 (f^2 - g)^2 \\
# \frac{dE}{df} &= \tfrac14 \cdot 2 (f^2 - g) \cdot 2f && \text{because of the outer square, then } f^2 \\
# &= (f^2 - g)\, f && \text{because } \tfrac14 \text{ cancels the two 2s}
# \end{aligned}$$
#
# With many filters, the second 2 is harder to find. Change one number of $F$. Which entries of $G$ move?

# %%
F_x, F_s = features_x["relu3_1"].flatten(1), features_s["relu3_1"].flatten(1)
N, M = F_x.shape
nudged = F_x.clone()
nudged[7, F_x.sum(0).argmax()] += 1  # filter 7, at the position where the layer answers most
change = nudged @ nudged.T - F_x @ F_x.T

# %%
rest = change.clone()
rest[7, :] = rest[:, 7] = 0
plots.matrices(
    {"change of G_X": change},
    alt="The change of a Gram matrix: zero everywhere but in one row and the column of the same number, equal to each other",
)

# %% claim="row and column" tags=["nbval-check-output"]
claim("largest change outside row 7 and column 7", rest.abs().max(), below=1e-6)
claim("row 7 of the change, beside column 7", change[7], equals=change[:, 7])
claim("share of row 7 that moved", (change[7].abs() > 1e-6).double().mean(), above=0.3)

# %% [markdown]
# One number of $F$ moves one row of $G$ and, by symmetry, one column. (Where another filter is silent at that position,
# the entry stays.) Now as a formula. Let $\delta_{ak}$ be 1 where $a = k$ and 0 otherwise (the *Kronecker delta*):
#
# $$\begin{aligned}
# \frac{\partial G_{ab}}{\partial F_{ki}} &= \frac{\partial}{\partial F_{ki}} \sum_j F_{aj} F_{bj}
# && \text{the definition of } G \\
# &= \sum_j \left(\delta_{ak}\delta_{ij} F_{bj} + F_{aj}\, \delta_{bk}\delta_{ij}\right)
# && \text{product rule, and } \partial F_{aj} / \partial F_{ki} = \delta_{ak}\delta_{ij} \\
# &= \delta_{ak} F_{bi} + \delta_{bk} F_{ai} && \text{only the term } j = i \text{ remains}
# \end{aligned}$$
#
# The first term is the row, $a = k$. The second is the column, $b = k$.

# %% [markdown]
# Write $\Delta = G_X - G_S$ for the difference. It is symmetric. Then for pictures of equal size:
#
# $$\begin{aligned}
# \frac{\partial E_l}{\partial F_{ki}}
# &= \frac{1}{4 N^2 M^2} \sum_{a,b} 2\, \Delta_{ab} \frac{\partial G_{ab}}{\partial F_{ki}}
# && \text{chain rule: the first 2} \\
# &= \frac{1}{2 N^2 M^2} \sum_{a,b} \Delta_{ab} \left(\delta_{ak} F_{bi} + \delta_{bk} F_{ai}\right)
# && \text{the line above} \\
# &= \frac{1}{2 N^2 M^2} \Big( \sum_b \Delta_{kb} F_{bi} + \sum_a \Delta_{ak} F_{ai} \Big)
# && \text{each } \delta \text{ picks one index} \\
# &= \frac{1}{N^2 M^2} \sum_b \Delta_{kb} F_{bi} && \Delta \text{ is symmetric: the second 2}
# \end{aligned}$$
#
# In matrix form no 2 and no 4 is left:
#
# $$\frac{\partial E_l}{\partial F} = \frac{(G_X - G_S)\, F}{N^2 M^2}$$

# %% [markdown]
# Autograd has never heard of this formula, so it can judge.

# %%
F = F_x.clone().requires_grad_()
(by_autograd,) = torch.autograd.grad(cost(F, F_s), F)
by_hand = (F_x @ F_x.T - F_s @ F_s.T) @ F_x / (N**2 * M**2)

# %% claim="quarter" tags=["nbval-check-output"]
claim("∂E/∂F by hand, beside autograd's", by_hand, equals=by_autograd)

# %% [markdown]
# **A filter that is silent.** Look again at $(f^2 - g)\, f$. At $f = 0$ it is zero, however much the style wants this
# filter: its own entry on the diagonal cannot wake it. With more filters, $\sum_b \Delta_{kb} F_{bi}$ also holds the
# entries *off* the diagonal. Silence filter 7 and see who pushes.

# %%
silent = F_x.clone()
silent[7] = 0
difference = silent @ silent.T - F_s @ F_s.T
from_itself = difference[7, 7] * silent[7]
from_all = difference[7] @ silent

# %% claim="silent filter" tags=["nbval-check-output"]
claim("largest push from its own entry", from_itself.abs().max(), equals=0.0)
claim("share of positions where the other entries push it up", (from_all < 0).double().mean(), above=0.9)

# %% [markdown]
# The minus sign is right: the optimiser walks *against* the gradient, so a negative one makes the answer grow. Keep
# this in mind for lesson 07, which tries the diagonal alone.
#
# The paper's gradient has one more line, "0 where $F < 0$". But features after a ReLU are never negative! That line
# belongs one step further back, to the numbers $z$ that the convolution gives to the ReLU:
#
# $$\begin{aligned}
# F_{ki} &= \max(0, z_{ki}) && \text{the ReLU} \\
# \frac{\partial E_l}{\partial z_{ki}} &= \frac{\partial E_l}{\partial F_{ki}} \cdot \frac{\partial F_{ki}}{\partial z_{ki}}
# && \text{chain rule} \\
# &= \begin{cases} \partial E_l / \partial F_{ki} & \text{where } z_{ki} > 0 \\ 0 & \text{elsewhere} \end{cases}
# && \text{a ReLU's slope is 1 or 0}
# \end{aligned}$$

# %%
before_relu = nstlib.networks.load(layers=["conv3_1"])(photo[None])["conv3_1"][0].double().flatten(1)
z = before_relu.requires_grad_()
(by_z,) = torch.autograd.grad(cost(z.relu(), F_s), z)
off = z <= 0

# %% claim="mask" tags=["nbval-check-output"]
claim("∂E/∂z, beside ∂E/∂F times the mask", by_z, equals=by_hand * ~off)
claim("largest ∂E/∂z where the ReLU is off", by_z[off].abs().max(), equals=0.0)
claim("share of these places where ∂E/∂F is not zero", (by_hand[off] != 0).double().mean(), above=0.9)

# %% [markdown]
# So $\partial E_l/\partial F$ is *not* zero where $F$ is zero. It is the ReLU that stops the gradient there. So a
# filter that is silent everywhere gets no push. It answers again only when the other filters change the pixels that it
# sees.
#
# The 4 makes the derivative pretty. Does it do anything else? Without it, every layer's cost is four times as large.
# Then $\beta = 10$ should do what $\beta = 40$ did before.

# %%
with_4 = repainted("gatys", beta=40)
without_4 = repainted("mean_hw", beta=10)  # 4 · E_l in every layer
plots.row(
    {"with the 4, β = 40": with_4, "without it, β = 10": without_4, "with the 4, β = 10": paper},
    alt="Three repainted cats: the first two are the same picture, the third is painted a little less strongly",
)

# %% claim="beta takes the 4" tags=["nbval-check-output"]
same, other = (with_4 - without_4).abs().max(), (with_4 - paper).abs().mean()
claim("largest difference of a pixel between the first two", same, below=1e-4)
claim("mean difference between the first and the third", other, above=0.06)

# %% [markdown]
# The $\tfrac14$ is cosmetic. Leaving it out multiplies $\beta$ by four, in every layer alike, and changes nothing else.
#
# ## 3. Why $M^2$?
#
# $M$ is the number of positions. Take one lawn: a square piece $S$, another piece of the same size, and a piece twice
# as wide *and* high. Take a piece of gravel, too.

# %%
lawn, stones = pictures.sample("grass", None), pictures.sample("gravel", None)
pieces = {
    "S": lawn[:, :128, :128],
    "same size": lawn[:, 128:256, :128],
    "four times the area": lawn[:, 128:384, 128:384],
    "gravel": stones[:, :128, :128],
}
plots.row(
    pieces,
    alt="Three pieces of one lawn, the third twice as wide and high and therefore finer, and a piece of grey gravel",
)

# %% [markdown]
# All are drawn at one height, so the third looks finer. It holds four times as many blades of the same kind.
#
# **Predict.** Compare each piece with $S$ by $\lVert G_X - G_S \rVert_F^2$, without any constant, in `relu1_1`. Which
# is farthest from $S$?

# %%
predict("03.lawn")

# %%
lawns = {name: blocks(piece) for name, piece in pieces.items()}


def distances(layer, by_area):
    """Each piece's ‖G_X − G_S‖² to S, in units of gravel's; `by_area` divides each Gram by its own M."""
    G = {name: nstlib.style.gram_matrix(block[layer]) for name, block in lawns.items()}
    if by_area:
        G = {name: G[name] / block[layer][0].numel() for name, block in lawns.items()}
    away = {name: (gram - G["S"]).square().sum().item() for name, gram in G.items()}
    return {name: value / away["gravel"] for name, value in away.items()}


# %%
larger = "four times the area"
raw = {layer: distances(layer, by_area=False)[larger] for layer in features_x}
divided = {layer: distances(layer, by_area=True)[larger] for layer in features_x}
same_size = {layer: distances(layer, by_area=True)["same size"] for layer in features_x}
heights = {layer: {"raw": raw[layer], "each by its own M": divided[layer]} for layer in features_x}
plots.bars(heights, "squared distance: large lawn / gravel", line=1, log=True)

# %%
upper = min(raw[layer] for layer in raw if layer != "relu5_1")
shrinks = min(raw[layer] / divided[layer] for layer in raw)

# %% claim="area" tags=["nbval-check-output"]
claim("raw, down to relu4_1, the large lawn in gravel's distances, at least", upper, above=7)
claim("raw over divided by M, the large lawn, at least", shrinks, above=5)
claim("divided by M, the large lawn, at most", max(divided.values()), below=0.4)
claim("divided by M, the lawn of equal size, at most", max(same_size.values()), below=0.4)

# %% [markdown]
# The dashed line is gravel. By the raw cost, a larger lawn is less like a lawn than gravel is. Only in `relu5_1` does
# the large lawn come out slightly nearer.
#
# Each position adds its products to $G$, so four times the area gives four times $G$. The *mean* over positions,
# $G / M$, does not grow with the area. And since the difference of the Grams is squared, $M$ arrives in the denominator
# as $M^2$.

# %% [markdown]
# So for pictures of unequal sizes, each Gram matrix is divided by **its own** $M$:
#
# $$E_l = \frac{1}{4 N^2} \sum_{k,k'} \left(\frac{G_{X,kk'}}{M_X} - \frac{G_{S,kk'}}{M_S}\right)^2$$

# %%
tiled = F_s.repeat(1, 4)  # the same columns, four times: a 2 × 2 tiling
G, G_tiled = F_s @ F_s.T, tiled @ tiled.T
own = G / F_s.shape[1]
right = G_tiled / tiled.shape[1]
wrong = G / tiled.shape[1]  # the mistake: the tiling's M for both

# %% claim="tiling" tags=["nbval-check-output"]
claim("G of the tiling, beside 4 G", G_tiled, equals=4 * G)
claim("each by its own M, tiling beside texture", right, equals=own)
claim("one M for both, gap as a share of the Gram", (right - wrong).norm() / own.norm(), equals=3 / 4)

# %% [markdown]
# **A mistake made on purpose.** Use the $M$ of $X$ for both, where $S$ is only half as wide and high. The target is
# then a quarter of what it should be. A program that insists on two pictures of one size hides this mistake. What does
# it do to a picture? We repaint the photo twice, once towards each target, with style alone.

# %%
small = blocks(pictures.resize(painting, side // 2))  # a quarter of the photo's positions
grams = {layer: nstlib.style.gram_matrix(block).float() for layer, block in small.items()}
own_m = {layer: gram / small[layer][0].numel() for layer, gram in grams.items()}
one_m = {layer: gram / features_x[layer][0].numel() for layer, gram in grams.items()}


# %%
def towards(targets):
    """The photo after 60 steps of Adam towards G/M of each layer, every layer relative to its target."""
    X = photo.clone().requires_grad_()
    adam = torch.optim.Adam([X], lr=0.02)
    for _ in range(60):
        means = {layer: nstlib.style.mean_gram(block[0]) for layer, block in network(X[None]).items()}
        J = sum(((means[layer] - G) / G.norm()).square().sum() for layer, G in targets.items())
        adam.zero_grad()
        J.backward()
        adam.step()
        X.data.clamp_(0, 1)
    return X.detach()


# %%
toward = {"each by its own M": towards(own_m), "one M for both": towards(one_m)}
plots.row(
    {"photo": photo} | toward,
    alt="The photo of a cat; the cat in strong blue and yellow strokes; the same with one M for both, pale and grey",
)

# %%
shown = {"photo": photo} | toward
light = {name: {"mean brightness": x.mean(), "contrast": x.std()} for name, x in shown.items()}
plots.table(light, "picture")

# %% claim="one M for both" tags=["nbval-check-output"]
good, grey = (picture.std() for picture in toward.values())
claim("contrast that one M for both leaves of the right one's", grey / good, below=0.85)

# %% [markdown]
# The picture does not get darker: its mean brightness hardly moves. It *greys out*. A picture with less contrast has
# weaker features, and that is the easiest way to the wrong target.
#
# What becomes of the gradient? With $\Delta = G_X/M_X - G_S/M_S$, the same steps as before give
#
# $$\begin{aligned}
# \frac{\partial E_l}{\partial F_{ki}}
# &= \frac{1}{4 N^2} \sum_{a,b} 2\, \Delta_{ab} \cdot \frac{1}{M_X} \frac{\partial G_{X,ab}}{\partial F_{ki}}
# && G_S / M_S \text{ does not depend on } F \\
# &= \frac{1}{4 N^2 M_X} \cdot 4 \sum_b \Delta_{kb} F_{bi} && \text{the two 2s of section 2} \\
# \frac{\partial E_l}{\partial F} &= \frac{1}{N^2 M_X} \left(\frac{G_X}{M_X} - \frac{G_S}{M_S}\right) F
# && \text{in matrix form}
# \end{aligned}$$
#
# $M_S$ stays inside the target. Only $M_X$ stands outside, and for equal sizes the two give back $M^2$.

# %%
large = blocks(painted.paint("night", side + side // 2))["relu3_1"]
x = features_x["relu3_1"].clone().requires_grad_()
(by_autograd_too,) = torch.autograd.grad(library(x, large), x)
G_large, M_x, M_s = nstlib.style.gram_matrix(large), F_x.shape[1], large[0].numel()
by_hand_too = (F_x @ F_x.T / M_x - G_large / M_s) @ F_x / (N**2 * M_x)

# %% claim="unequal sizes" tags=["nbval-check-output"]
claim("positions of S for each one of X", M_s / M_x, above=1)
claim("∂E/∂F by hand, beside autograd's", by_hand_too, equals=by_autograd_too.flatten(1))

# %% [markdown]
# ## 4. Why $N^2$?
#
# $N$ is the number of filters, and $G$ has $N^2$ entries.
#
# **Predict.** Let every filter of a layer exist twice, with the same answers. That says nothing new about the picture.
# How many times as large is the sum of squares now? And $E_l$?

# %%
predict("03.twice")

# %%
twice_x, twice_s = torch.cat([F_x, F_x]), torch.cat([F_s, F_s])
once = (F_x @ F_x.T - F_s @ F_s.T).square().sum()
twice = (twice_x @ twice_x.T - twice_s @ twice_s.T).square().sum()

# %% claim="filters twice" tags=["nbval-check-output"]
claim("the sum of squares grows, times", twice / once, equals=4.0)
claim("E_l grows, times", cost(twice_x, twice_s) / cost(F_x, F_s), equals=1.0)

# %% [markdown]
# Dividing by $N^2$ turns the sum over entries into their mean. A layer with more filters has more entries to add up,
# and should not count more for that reason alone.

# %% [markdown]
# ## 5. $N$ is not 3
#
# A picture has three colour channels. A layer has $N$ filters, 64 to 512 in VGG-19. A widely read program (the Keras
# example) writes `channels = 3` and `size = height * width` *of the picture* into the formula, the same in every layer.

# %% [markdown]
# Let $P$ be the number of pixels of the picture. Then this program's cost, as a multiple of the paper's, is
#
# $$\frac{\lVert G_X - G_S \rVert_F^2 \,/\, (4 \cdot 3^2 P^2)}{\lVert G_X - G_S \rVert_F^2 \,/\, (4 N^2 M^2)}
# = \frac{N^2 M^2}{9 P^2} = \left(\frac{N M}{3 P}\right)^2$$
#
# Only shapes are needed for it, no weights and no picture. Here it is for VGG-19 and a picture of 400 × 400 pixels.

# %%
picture_size = 400 * 400
factors, rows = [], {}
for block, n_filters in enumerate(nstlib.networks.ARCHITECTURES["vgg19"].widths):
    n_positions = picture_size // 4**block  # each pooling step halves height and width
    factors.append(n_filters**2 * n_positions**2 / (3**2 * picture_size**2))
    rows[f"relu{block + 1}_1"] = {"N": n_filters, "M": n_positions, "Keras over paper": factors[-1]}
plots.table(rows, "VGG-19")

# %% claim="picture's constants" tags=["nbval-check-output"]
multiples = [round(factor / factors[-1]) for factor in factors]
claim("the last column, as multiples of its last entry", multiples, equals=[1024, 256, 64, 16, 1])

# %% [markdown]
# Relative to the deepest layer, the first one counts 1024 times as much as in the paper. The table says why:
#
# $$\begin{aligned}
# NM &\to 2N \cdot \tfrac14 M = \tfrac12 NM && \text{up to the fourth block: the factor falls to } \tfrac14 \\
# NM &\to N \cdot \tfrac14 M = \tfrac14 NM && \text{into the fifth, } N \text{ stays 512: to } \tfrac{1}{16} \\
# 1024 &= 4 \cdot 4 \cdot 4 \cdot 16 && \text{three such steps, and one}
# \end{aligned}$$
#
# Those who noticed it in a forum thread of 2017 were right: it matters "because the filter number changes as the
# network moves to the deeper layer".

# %% [markdown]
# ## 6. Read other people's code
#
# Here are five ways to write the same idea, each in a line or two. All take the matrices $F_X$ and $F_S$ (`X` and `S`
# in the code), at one size. Before you read on, try to tell which of them are the paper's cost times one fixed number,
# and which is the puzzle's.


# %%
def gatys(X, S):  # A: the paper, DeepLearning.AI
    N, M = X.shape
    return (X @ X.T - S @ S.T).square().sum() / (4 * N**2 * M**2)


# %%
def mean_hw(X, S):  # B: TensorFlow's tutorial, pystiche, fastai's notebook 22p2
    M = X.shape[1]
    return (X @ X.T / M - S @ S.T / M).square().mean()


# %%
def sum_chw(X, S):  # C: Johnson et al. (2016), CS231n
    return ((X @ X.T - S @ S.T) / X.numel()).square().sum()


# %%
def mean_chw(X, S):  # D: neural-style, PyTorch's tutorial, Dive into Deep Learning
    return ((X @ X.T - S @ S.T) / X.numel()).square().mean()


# %%
def picture_constants(X, S):  # E: the Keras example
    return (X @ X.T - S @ S.T).square().sum() / (4 * 3**2 * (side * photo.shape[2]) ** 2)


# %% [markdown]
# With $\Delta = G_X - G_S$, and $E_l = \sum \Delta^2 / (4 N^2 M^2)$:
#
# $$\begin{aligned}
# \text{B} &= \frac{1}{N^2} \sum \frac{\Delta^2}{M^2} = 4\, E_l && \text{a mean divides by } N^2 \text{; no 4} \\
# \text{C} &= \sum \frac{\Delta^2}{N^2 M^2} = 4\, E_l && \text{dividing inside comes to the same} \\
# \text{D} &= \frac{1}{N^2} \sum \frac{\Delta^2}{N^2 M^2} = \frac{4}{N^2}\, E_l && \text{both: } N^2 \text{ divides twice} \\
# \text{E} &= \frac{\sum \Delta^2}{4 \cdot 9\, P^2} = \frac{N^2 M^2}{9 P^2}\, E_l && \text{section 5}
# \end{aligned}$$

# %%
HW = side * photo.shape[2]  # P, the picture's pixels
families = {"A": gatys, "B": mean_hw, "C": sum_chw, "D": mean_chw, "E": picture_constants}
measured, derived = {}, {}
for layer in features_x:
    X, S = features_x[layer].flatten(1), features_s[layer].flatten(1)
    N, M = X.shape
    measured[layer] = {name: (family(X, S) / gatys(X, S)).item() for name, family in families.items()}
    derived[layer] = {"A": 1, "B": 4, "C": 4, "D": 4 / N**2, "E": (N * M) ** 2 / (3 * HW) ** 2}
plots.table(measured, "cost over A's")

# %% claim="families" tags=["nbval-check-output"]
ratio = torch.tensor([[measured[layer][f] / derived[layer][f] for f in families] for layer in measured])
claim("largest relative gap between a measured and a derived factor", (ratio - 1).abs().max(), below=1e-6)

# %% [markdown]
# B and C are one cost. D divides by $N^2$ twice (it is the puzzle's program), and E leaves out each layer's own $N$ and
# $M$. So their columns change from layer to layer.

# %% [markdown]
# **Mean or sum?** A careful reader of B once asked where the $\tfrac14$ was. `reduce_mean` gives $1/N^2$, $G/M$ gives
# $1/M^2$, and the $\tfrac14$ is nowhere. He was right: it is missing, and section 2 says why nobody noticed. The answer
# he got went further: mean or sum, it makes no big difference either. That can be measured, too.


# %%
def get_style_loss(a, b):  # as in that program; "expects two images", said its docstring
    return (a - b).square().mean()


def with_sum(a, b):  # reduce_sum in place of reduce_mean
    return (a - b).square().sum()


# %%
rows = {}
for layer in features_x:
    X, S = features_x[layer].flatten(1), features_s[layer].flatten(1)
    N, M = X.shape
    a, b, E = X @ X.T / M, S @ S.T / M, gatys(X, S)
    rows[layer] = {"N": N, "reduce_mean": get_style_loss(a, b) / E, "reduce_sum": with_sum(a, b) / E}
plots.table(rows, "cost over A's")

# %% claim="mean or sum" tags=["nbval-check-output"]
sums = [row["reduce_sum"].item() / (4 * row["N"] ** 2) for row in rows.values()]
widths = nstlib.networks.ARCHITECTURES["vgg19"].widths
claim("reduce_sum over 4 N² E_l, in every layer", torch.tensor(sums), equals=torch.ones(len(sums)))
claim(
    "VGG-19: the sum favours the deepest layer over the first, times",
    widths[-1] ** 2 // widths[0] ** 2,
    equals=64,
)

# %% [markdown]
# `reduce_mean` is $4 E_l$ in every layer: $\beta$ takes the 4. `reduce_sum` is $4 N^2 E_l$, which grows with the layer.
# In VGG-19, with 64 filters in the first style layer and 512 in the last, the change shifts their balance 64 times.
# No single $\beta$ undoes that.

# %% [markdown]
# And the docstring that "expects two images"? Give the function both kinds of input: two Grams, and two feature
# matrices. The second of each has the same columns in another order.

# %%
F_s, M = features_s["relu3_1"].flatten(1), features_s["relu3_1"][0].numel()
shuffled = F_s[:, torch.randperm(F_s.shape[1], generator=torch.Generator().manual_seed(0))]
given_grams = get_style_loss(F_s @ F_s.T / M, shuffled @ shuffled.T / M)
given_features = get_style_loss(F_s, shuffled)
plots.table(
    {"two Grams": {"loss": given_grams}, "two feature matrices": {"loss": given_features}}, "given"
)

# %% claim="two images" tags=["nbval-check-output"]
claim(
    "given two Grams, of their mean square", given_grams / (F_s @ F_s.T / M).square().mean(), below=1e-12
)
claim("given two feature matrices, of their variance", given_features / F_s.var(), above=1)

# %% [markdown]
# The function compares whatever it is given, entry by entry. Given two Grams, it measures style, and order does not
# matter. Given two images or their features, it measures content. What a function computes depends on what is passed to
# it, not on its name or its docstring.

# %% [markdown]
# ## 7. Which constants can $\beta$ absorb?
#
# Loss values of different layers are in different units. What moves the picture is the gradient with respect to $X$. So
# compare its size: how hard does each layer pull at the pixels, as a share of all?

# %%
X = photo.clone().requires_grad_()
targets = {layer: nstlib.style.mean_gram(block).float() for layer, block in features_s.items()}
pull = {}
for layer, block in network(X[None]).items():
    E = nstlib.style.style_distance(nstlib.style.mean_gram(block[0]), targets[layer])
    pull[layer] = torch.autograd.grad(E, X, retain_graph=True)[0].norm().item()


# %%
def shares(name):
    """Each layer's share of the pull, if its cost is multiplied by the family's factor."""
    pulls = {}
    for layer, block in features_x.items():
        N, M = block.shape[0], block[0].numel()
        pulls[layer] = nstlib.conventions.factor(name, N, M, HW) * pull[layer]
    return {layer: value / sum(pulls.values()) for layer, value in pulls.items()}


# %%
names = {
    "A paper": "gatys",
    "B mean, /M": "mean_hw",
    "C sum, /NM": "sum_chw",
    "D mean, /NM": "mean_chw",
    "E Keras": "keras",
}
by_family = {name: shares(key) for name, key in names.items()}
plots.shares(by_family, "who pulls at the photo, λ = 1 in every layer")

# %%
A, B, C, D, E = by_family.values()
first, *_, deepest = A
apart = max(abs(A[layer] - other[layer]) for layer in A for other in (B, C))
tilt = (D[first] / D[deepest]) / (A[first] / A[deepest])
N_first, N_deepest = features_x[first].shape[0], features_x[deepest].shape[0]

# %% claim="beta cannot" tags=["nbval-check-output"]
claim("largest difference between a share in A and in B or C", apart, below=1e-9)
claim(
    "D tilts A towards relu1_1 by (N of relu5_1 / N of relu1_1)²", tilt, equals=(N_deepest / N_first) ** 2
)
claim("relu1_1's share in E over that in A", E[first] / A[first], above=10)
claim("relu5_1's share in E over that in A", E[deepest] / A[deepest], below=1 / 8)

# %% [markdown]
# A, B and C divide alike. In D and E, the shallow layers take a larger part and the deepest one nearly vanishes.
# $\beta$ multiplies all parts of a bar alike, so the shares stay.

# %% [markdown]
# The lecture says that a normalisation constant does not matter much, since it is multiplied by a hyperparameter
# anyway. That is true of a factor that is the same number in every layer. A factor that contains $N$ or $M$ is a *layer
# weight in disguise*: only the $\lambda_l$ can undo it.

# %% [markdown]
# Does the disguise show in a picture? If it does, no $\beta$ can bring E's picture to A's. (Both runs take the
# library's own $\lambda_l$, which lesson 04 explains.)

# %% [markdown]
# **Predict.** Take A's picture at $\beta = 10$, and try E with $\beta$ from 0.1 to 100. Where will E's best picture
# miss A's?

# %%
predict("03.sweep")

# %%
sweep = {f"E, β = {beta}": repainted("keras", beta=beta) for beta in (0.1, 1, 10, 100)}
plots.row(
    {"A, β = 10": paper} | sweep,
    alt="A repainted cat with the paper's constants, then four with Keras's: as β grows from 0.1 to 100, its colours turn blue and yellow, but no brush strokes like the first one's appear",
)


# %%
def left(picture):
    """E_l of the picture as a share of the photo's, by layer."""
    there = blocks(picture)
    return {
        layer: (library(there[layer], S) / library(features_x[layer], S)).item()
        for layer, S in features_s.items()
    }


# %%
A_left, E_left = left(paper), {name: left(picture) for name, picture in sweep.items()}
lines = {"A, β = 10": A_left} | E_left
figure = plots.curves(
    {name: list(line.values()) for name, line in lines.items()}, "share of E_l that is left", "layer"
)
figure.axes[0].set_xticks(range(len(A_left)), list(A_left))
figure

# %% [markdown]
# **Look at** the slopes. With A, the deep layers come as low as the middle ones, within a factor of three. Every line
# of E climbs more than tenfold from the second layer to the last. A larger $\beta$ moves the line down but does not
# make it flat.

# %%
off_by = {
    name: max(max(E[layer] / A_left[layer], A_left[layer] / E[layer]) for layer in A_left)
    for name, E in E_left.items()
}
plots.table(
    {
        name: {
            "left in relu5_1, of that in relu2_1": line["relu5_1"] / line["relu2_1"],
            "largest factor between it and A, over the layers": off_by.get(name, 1),
        }
        for name, line in lines.items()
    },
    "run",
)

# %% claim="per-layer factors show" tags=["nbval-check-output"]
claim("the best β of E still misses A in some layer, times", min(off_by.values()), above=5)

# %% [markdown]
# See all five live, with $\beta = 10$ and $\lambda_l = 1$ in every layer. First say for each whether its picture will
# be nearer to A's or to E's.


# %%
def with_constants(name):
    """The steps of a run with one family's constants."""
    weights = dict.fromkeys(features_s, 1.0)
    settings = Settings(size=side, convention=names[name], layer_weights=weights)
    for step in nstlib.steps(photo, painting, settings):
        yield step.picture, f"step {step.index + 1}, J = {step.total:.3g}"


# %% tags=["nbval-ignore-output"]
Live("family", tuple(names), with_constants)

# %% [markdown]
# ## 8. Close with another view: style is a distribution
#
# Take the $M$ columns of $F$ as $M$ samples, each holding what all filters answer at one place. How far apart are two
# *sets of samples*? Statistics has the *maximum mean discrepancy* (MMD) for that. It compares samples in pairs, by a
# kernel. Ours is $(x^\top y)^2$, for two columns $x$ and $y$:
#
# $$\begin{aligned}
# (x^\top y)^2 &= \Big(\sum_a x_a y_a\Big) \Big(\sum_b x_b y_b\Big) && \text{the inner product, twice} \\
# &= \sum_{a,b} (x_a x_b)(y_a y_b) && \text{the same factors, regrouped} \\
# &= \langle x x^\top, y y^\top \rangle && \text{entry by entry, then summed}
# \end{aligned}$$
#
# So the kernel is an inner product of outer products. And $G$ is a sum of outer products!

# %% [markdown]
# With columns $x, x'$ of $F_X$ and $s, s'$ of $F_S$, and each mean over all pairs of columns:
#
# $$\begin{aligned}
# \text{MMD}^2 &= \operatorname{mean} (x^\top x')^2 + \operatorname{mean} (s^\top s')^2 && \\
# &\quad - 2 \operatorname{mean} (x^\top s)^2
# && \text{the definition} \\
# &= \langle \overline{x x^\top}, \overline{x x^\top} \rangle + \langle \overline{s s^\top}, \overline{s s^\top} \rangle && \\
# &\quad - 2 \langle \overline{x x^\top}, \overline{s s^\top} \rangle && \text{the lines above; a bar is a mean} \\
# &= \lVert\, \overline{x x^\top} - \overline{s s^\top} \,\rVert_F^2 && p^2 + q^2 - 2pq = (p - q)^2 \\
# &= \lVert G_X / M_X - G_S / M_S \rVert_F^2 && \text{because } G = \textstyle\sum_i x_i x_i^\top \\
# &= 4 N^2 E_l && \text{section 3}
# \end{aligned}$$


# %%
def mean_kernel(A, B):
    """The mean of (aᵀb)² over all pairs of columns."""
    return (A.T @ B).square().mean()


# %%
F_x, F_s = features_x["relu3_1"].flatten(1), features_s["relu3_1"].flatten(1)
mmd2 = mean_kernel(F_x, F_x) + mean_kernel(F_s, F_s) - 2 * mean_kernel(F_x, F_s)

# %% claim="mmd" tags=["nbval-check-output"]
claim("MMD² / (4 N²), beside E_l", mmd2 / (4 * F_x.shape[0] ** 2), equals=cost(F_x, F_s))

# %% [markdown]
# The code above computes no Gram matrix, only pairs of places. So the style cost asks: *could these two sets of local
# impressions come from one source?* Seen this way, $M^2$ belongs to the means over samples, and $4 N^2$ is only a scale
# (Li, Wang, Liu and Hou, [2017](https://arxiv.org/abs/1701.01036)).

# %% [markdown]
# ## 9. Does it hold on the true network?
#
# On ImageNet's VGG-16 the direction of every finding is the same. Three effects are weaker than here:
#
# | what was measured | on minivgg | on VGG-16 |
# |---|---:|---:|
# | raw squared distance, large lawn / gravel: the least of `relu1_1` to `relu4_1` (section 3) | 12.5 | 2.3 |
# | mean change of a pixel's value where the 4 is left out and $\beta$ stays (section 2) | 0.11 | 0.05 |
# | `relu5_1`'s share of the pull in E, as a part of its share in A (section 7) | 0.07 | 0.13 |
#
# So on VGG-16, too, the raw cost takes a large lawn for something that is farther from the small one than gravel; and
# in E, `relu1_1` has 134 times its share in A, where minivgg has 18. The whole table is in
# [docs/true_network.md](../docs/true_network.md).

# %% [markdown]
# ## Recap
#
# $$E_l = \frac{1}{4 N^2} \left\lVert \frac{G_X}{M_X} - \frac{G_S}{M_S} \right\rVert_F^2 \qquad
# \frac{\partial E_l}{\partial F} = \frac{1}{N^2 M_X} \left(\frac{G_X}{M_X} - \frac{G_S}{M_S}\right) F$$
#
# - **4** cancels the two 2s of the gradient and does nothing else.
# - **$M$** makes pictures of different sizes comparable; each Gram takes its own.
# - **$N^2$** makes a mean of the entries; $N$ counts filters, never colours.
# - $\beta$ absorbs a factor that all layers share. One that contains $N$ or $M$ is a layer weight in disguise.

# %% [markdown]
# ## On your own
#
# - Find $\lambda_l$ that make D divide as A does. Check with `shares`.
# - Open any style-transfer program you like. Which family is it? Which $\beta$ would give the paper's picture?
# - The kernel $(x^\top y)^2$ led to the Gram matrix. What does $x^\top y$ lead to?
