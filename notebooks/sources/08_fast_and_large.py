# %% [markdown]
# # 08 · Fast and large
#
# **What you will do.** Turn the loop of the tutorials into this library's engine, one change at a time, count what each
# change saves, and then run a large picture in memory that you forecast.
#
# **You will be able to** tell what a step computes for nothing, measure it, use half precision without `nan`, and say
# beforehand how much memory a picture needs.
#
# **You need** the loop and J of lesson 05 and 45 minutes.

# %%
import copy
import math
import os
import subprocess
import sys

import torch
from torch.utils.flop_counter import FlopCounterMode

import nstlib
from nstlib import Settings, bench, engine, pictures, plots

# %%
side = int(os.environ.get("NST_SIDE", "128"))
original, whole_painting = nstlib.pictures.sample("cat"), nstlib.painted.paint("night")
photo = pictures.resize(original, side)
painting = nstlib.transfer.resample_to(whole_painting, photo)  # of the photo's shape

# %% [markdown]
# Two networks: the course's small one, and VGG-19 in full width. VGG-19's weights are random here, so nothing needs a
# download: what a step *computes* does not depend on the weights' values.
#
# The steps that this lesson writes itself run on the CPU, with as many threads as the library's engine uses. Rows
# called `nstlib` run where the engine runs: on a GPU, if there is one. For a fair race set `NST_DEVICE=cpu` before
# JupyterLab starts.

# %%
layers = (*nstlib.networks.STYLE_LAYERS, "relu4_2")
minivgg = nstlib.networks.load("minivgg", layers)

# %%
whole = nstlib.networks.load("random-vgg19", (*layers, "pool5"))  # down to the last layer there is
half_size = [pictures.resize(picture, side // 2) for picture in (photo, painting)]  # for the wide network

# %%
plan = engine.plan()
print(plan)

# %% [markdown]
# ## 1. The loop as tutorials print it
#
# J is lesson 05's, with α = 1, β = 10 and every layer in units of its E<sub>l</sub> of nothing:


# %%
def gram(block):
    """G / M of a layer's block."""
    F = block.flatten(1).float()
    return F @ F.T / F.shape[1]


def E(block, goal):
    """E_l, for a goal of G_S / M_S."""
    return (gram(block) - goal).square().sum() / (4 * len(goal) ** 2)


# %%
def J(features, content, goals, E=E):
    """J of features by layer, given the content's block and G_S / M_S by layer."""
    kept = (features["relu4_2"].float() - content).square().sum() / content.square().sum()
    nothing = {layer: goal.square().sum() / (4 * len(goal) ** 2) for layer, goal in goals.items()}
    missing = sum(E(features[layer], goal) / nothing[layer] for layer, goal in goals.items())
    return kept + 10 * missing / len(goals)


# %% [markdown]
# And this is a step. With the network as it comes from most libraries it does four things that can be read in
# well-known programs, and all four cost time. (The one in Keras's example, by F. Chollet, shows all three pictures to
# the network in every step.)
#
# **Predict.** Which four?


# %%
def all_again(network, photo, painting):
    """A function that computes J and its gradient once."""
    x = photo.clone().requires_grad_()

    def step():
        x.grad = None
        seen = network(torch.stack([photo, painting, x]))
        content, style, generated = ({layer: seen[layer][i] for layer in layers} for i in range(3))
        goals = {layer: gram(style[layer]) for layer in nstlib.networks.STYLE_LAYERS}
        J(generated, content["relu4_2"], goals).backward()
        return x.grad

    return step


# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# The weights still ask for gradients; the network goes on below the deepest layer that J uses; photo and painting are
# shown again in each step, though they never change; and their targets are made anew from that. Three changes mend all
# four: whoever computes the targets once need not show their pictures again.
#
# </details>
#
# The optimiser is left out: it only touches the pixels, few beside the features.

# %% [markdown]
# Now the yardsticks. Times differ from machine to machine and from minute to minute. Counts do not.
#
# A *FLOP* is one operation on numbers with a decimal point. A multiplication and an addition are two, so a product of
# matrices, N × M times M × N, takes 2 N² M. A convolution is such a product, of weights and neighbourhoods. PyTorch's
# counter counts products and convolutions alone; a ReLU or a pool counts as nothing.


# %%
def flops(work):
    """Floating-point operations of a call."""
    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops()


# %%
def alike(a, b):
    """Whether two tensors are equal but for rounding."""
    return ((a - b).norm() < 1e-3 * b.norm()).item()


# %%
def race(**work):
    """Print median times of a call, taken in turns, and how often each goes into the first."""
    seconds = bench.interleaved(work, rounds=3)
    first = next(iter(seconds.values()))
    for name, each in seconds.items():
        print(f"{name:>14} {1000 * each:6.0f} ms   {first / each:5.2f} ×")


# %%
tutorial = all_again(
    copy.deepcopy(whole).requires_grad_(), *half_size
)  # weights as torchvision gives them
three_steps = Settings(size=side // 2, scales=1, steps=3)
library = list(nstlib.transfer.steps(*half_size, three_steps, whole))[-1]

# %%
with torch.no_grad():
    answers = whole(torch.stack([*half_size, library.picture]))
    of_c, of_s, of_x = ({layer: each[i] for layer, each in answers.items()} for i in range(3))
    grams_s = {layer: gram(of_s[layer]) for layer in nstlib.networks.STYLE_LAYERS}
    by_formula = J(of_x, of_c["relu4_2"], grams_s).item()

# %% claim="same J" tags=["nbval-check-output"]
print("J is the library's J:", abs(by_formula / library.total - 1) < 0.02)
assert abs(by_formula / library.total - 1) < 0.02 and tutorial().abs().max() > 0

# %%
running = nstlib.transfer.steps(
    *half_size, Settings(size=side // 2, scales=1, steps=10**6, plateau=0), whole
)
race(plain=tutorial, nstlib=lambda: next(running))

# %% [markdown]
# **Look at** the ratio: the same J, and a multiple of the time. Where does it go? We take it apart,
# change by change.

# %% [markdown]
# ## 2. Freeze the weights
#
# `backward()` fills the gradient of *everything* that asks for one. We move pixels; nobody needs ∂J/∂weights.
#
# **Predict.** A convolution takes some FLOPs forward. On the way back the gradient by its input takes as many again,
# and so does the gradient by its weights. What share of a step's FLOPs is for nothing?
#
# (`whole.with_layers(layers)` stops after relu5_1, the deepest layer that J uses. Here it is only a measure; section 3 makes a
# step of it.)

# %%
frozen = all_again(whole, *half_size)  # the library loads every network frozen
until_relu5_1 = whole.with_layers(layers)
three = torch.stack([*half_size, half_size[0]])

# %% claim="weights' gradients" tags=["nbval-check-output"]
saved = flops(tutorial) - flops(frozen)
print(f"{saved / flops(tutorial):.0%} of the FLOPs were for the weights' gradients")
print("as many as one pass forward takes:", saved == flops(lambda: until_relu5_1(three)))
print("the pixels' gradient is the same:", alike(frozen(), tutorial()))
assert saved == flops(lambda: until_relu5_1(three)) and 0.3 < saved / flops(tutorial) < 0.34
assert alike(frozen(), tutorial())

# %% [markdown]
# **Explain.** Forward, back to the input, back to the weights: three nearly equal parts, and the last was thrown away.
# (Forward goes on below relu5_1, so it is a little more than a third.) One line mends it:
# `network.requires_grad_(False)`.
#
# **Predict.** In place of `j.backward()` some programs ask for `torch.autograd.grad(j, x)`. Does that help, with a
# network that is not frozen?

# %%
asking, begin = copy.deepcopy(whole).requires_grad_(), half_size[0].clone().requires_grad_()
deep = asking(begin[None])["relu5_1"].sum()

# %% claim="asked for x only" tags=["nbval-check-output"]
everything = flops(lambda: deep.backward(retain_graph=True))
x_only = flops(lambda: torch.autograd.grad(deep, begin, retain_graph=True))
print("FLOPs on the way back, grad(j, x) against backward():", x_only / everything)
assert everything == 2 * x_only

# %% [markdown]
# **Explain.** Yes: autograd computes only what leads to x. Both ways are right, and with both no memory goes to the
# gradients of 20 million weights.

# %% [markdown]
# ## 3. Cut below the deepest layer
#
# J uses nothing deeper than relu5_1. VGG-19 has three more convolutions there, of 512 filters on 512.
#
# **Predict.** Are these 7 of 20 million weights worth much time?

# %%
cut = all_again(until_relu5_1, *half_size)

# %% claim="the cut" tags=["nbval-check-output"]
saved = flops(frozen) - flops(cut)
below = flops(lambda: whole(three)) - flops(lambda: until_relu5_1(three))
print(f"the cut saves {saved / flops(frozen):.1%} of the FLOPs, all of them forward: {saved == below}")
assert saved == below and 0.02 < saved / flops(frozen) < 0.05

# %% claim="a cut higher up" tags=["nbval-check-output"]
one_pass = {layer: flops(lambda: whole.with_layers([layer])(three)) for layer in layers[:5]}
part = {layer: count / flops(lambda: whole(three)) for layer, count in one_pass.items()}
print("of a pass through all of VGG-19:", {layer: f"{each:.0%}" for layer, each in part.items()})
assert part["relu3_1"] < 1 / 3 and part["relu5_1"] > 0.9

# %%
race(plain=tutorial, frozen=frozen, cut=cut)

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# Hardly. So deep the map has few positions, and the gradient never came that way.
#
# </details>
#
# **Explain.** Weights are not time: a convolution's FLOPs are weights *times positions*, and each pool leaves a quarter
# of the positions. The cut pays when you ask for less: a run that needs nothing below relu3_1 saves more than two
# thirds of a pass.

# %% [markdown]
# ## 4. Compute the targets once
#
# F<sub>C</sub> and G<sub>S</sub>/M<sub>S</sub> never change during a run.


# %%
def once(network, photo, painting, pick=lambda block: block[0], E=E):
    """The step of a loop whose targets were computed before it began."""
    with torch.no_grad():
        content = pick(network(photo[None])["relu4_2"]).float()
        goals = {
            layer: gram(block[0])
            for layer, block in network(painting[None]).items()
            if layer != "relu4_2"
        }
    x = photo.clone().requires_grad_()

    def step():
        x.grad = None
        J({layer: pick(block) for layer, block in network(x[None]).items()}, content, goals, E).backward()
        return x.grad

    return step


# %% [markdown]
# Is each picture shown as often as we think? A *hook* is a function of ours that PyTorch calls whenever a module runs;
# this one notes how many pictures the network was given.


# %%
def shown(network, step):
    """How many pictures a step shows to the network."""
    sizes = []
    hook = network.register_forward_pre_hook(lambda module, given: sizes.append(len(given[0])))
    step()
    hook.remove()
    return sum(sizes)


# %%
ready = once(until_relu5_1, *half_size)

# %% claim="targets once" tags=["nbval-check-output"]
print(
    "pictures shown in a step, before:", shown(until_relu5_1, cut), "after:", shown(until_relu5_1, ready)
)
print(f"FLOPs fall to {flops(ready) / flops(cut):.0%}, the gradient stays:", end=" ")
print(alike(ready(), cut()))
assert shown(until_relu5_1, cut) == 3 and shown(until_relu5_1, ready) == 1
assert abs(flops(cut) / flops(ready) - 3) < 0.1 and alike(ready(), cut())

# %%
race(cut=cut, targets_once=ready)

# %% [markdown]
# **Explain.** One picture in place of three, forward *and* back: in a batch the gradient runs back through all of them.
# In FLOPs this is the largest saving, and no number changed.
#
# So far we left out work. Now the same work is done better: in another order, with fewer digits, and at last by a
# formula that saves one more product. We go on with the small network, in which other things than products take time,
# too.

# %% [markdown]
# ## 5. Put a position's filters side by side
#
# A block (N, H, W) is one long row of numbers. PyTorch's own order goes filter by filter. *Channels-last* stores all N
# filters of one position, then the next position. A tensor's *strides* tell: how far is it to the next filter, row,
# column?

# %%
in_rows = once(minivgg, photo, painting)
last = copy.deepcopy(minivgg).to(memory_format=torch.channels_last)  # the weights; features follow
blocks = [network(photo[None])["relu3_1"] for network in (minivgg, last)]

# %% claim="memory format" tags=["nbval-check-output"]
by_filter, by_position = blocks
_, N, H, W = by_filter.shape
print("strides are H·W, W, 1 by filter:", by_filter.stride()[1:] == (H * W, W, 1))
print("and 1, N·W, N by position:", by_position.stride()[1:] == (1, N * W, N))
print("the same numbers:", alike(by_filter, by_position))
assert by_filter.stride()[1:] == (H * W, W, 1) and by_position.stride()[1:] == (1, N * W, N)
assert alike(by_filter, by_position)

# %% [markdown]
# A convolution mixes the filters of a position. Where PyTorch's routine for it wants them side by side and gets another
# order, it sorts first, in every layer. And the order must survive the way *back*, too.
#
# **Predict.** A network gives (1, N, H, W). Two ways to lose the 1: `block[0]` and `block.squeeze(0)`. Both give the
# same tensor, with the same strides. Which of them spoils the order of the gradient?

# %% [markdown]
# To see it we hang a hook on each layer, called with its output, and on the output another, called with the gradient as
# it arrives.


# %%
def squeezed(block):
    """A layer's block without the batch of one."""
    return block.squeeze(0)


# %%
def in_order(network, step):
    """How many of the gradients that arrive at the layers are channels-last, and of how many."""
    orders = []

    def watch(stage, given, output):
        if output.requires_grad:
            output.register_hook(
                lambda g: orders.append(g.is_contiguous(memory_format=torch.channels_last))
            )

    hooks = [stage.register_forward_hook(watch) for stage in network.stages.values()]
    step()
    for hook in hooks:
        hook.remove()
    return sum(orders), len(orders)


# %%
indexed = once(last, photo, painting)
by_squeeze = once(last, photo, painting, squeezed)

# %% claim="a view on the way back" tags=["nbval-check-output"]
n_indexed, n_all = in_order(last, indexed)
n_squeezed, _ = in_order(last, by_squeeze)
print(f"gradients in channels-last order, with block[0]: {n_indexed} of {n_all}")
print(f"with squeeze(0): {n_squeezed} of {n_all}")
assert n_squeezed == n_all == n_indexed + len(layers)
assert alike(by_squeeze(), indexed())

# %%
race(by_filter=in_rows, index=indexed, squeeze=by_squeeze)

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# `block[0]`. The gradient of an index is a new block of zeros in PyTorch's own order, into which the slice is copied:
# at each of the six layers that J looks at. `squeeze` only changes the shape.
#
# </details>

# %% [markdown]
# **Explain.** Same numbers, another order, and the layers on the way back sort again. On the machine where this was
# written channels-last with `block[0]` won nothing, and with `squeeze` a tenth or more.

# %% [markdown]
# ## 6. Fewer digits for the features
#
# bfloat16 has float32's range and only 8 of its 24 binary digits: half the bytes, and on some CPUs and GPUs products
# several times as fast. Where they are *not* fast it is slower than float32. So the engine asks the hardware first:

# %%
on_cpu = plan.device.type == "cpu"
dtype = plan.dtype if on_cpu else torch.float32
reason = plan.reason if on_cpu else "the engine's plan is for the GPU and says nothing of the CPU"
print(f"Features of the row `engine` below: {dtype}, because: {reason}")

# %% [markdown]
# **Predict.** 8 digits are one part in 256. The network has eleven convolutions in a row. How far is J off: 0.1 %, 1 %,
# 10 %?

# %%
short_digits = copy.deepcopy(last)
short_digits.stages.to(torch.bfloat16)  # the pictures' scaling stays float32
exact, rounded = (once(each, photo, painting, squeezed) for each in (last, short_digits))
angle = torch.cosine_similarity(exact().flatten(), rounded().flatten(), dim=0).item()

# %% claim="few digits" tags=["nbval-check-output"]
with torch.no_grad():
    goal, seen = ({n: squeezed(b) for n, b in last(each[None]).items()} for each in (painting, photo))
    few = {name: squeezed(block) for name, block in short_digits(photo[None]).items()}
    goals = {layer: gram(goal[layer]) for layer in nstlib.networks.STYLE_LAYERS}
    error = abs(J(few, goal["relu4_2"], goals) / J(seen, goal["relu4_2"], goals) - 1).item()
print("J is off by less than 1 %:", error < 0.01, "  but not by nothing:", error > 0)
print("the gradient points the same way, cosine above 0.99:", angle > 0.99)
assert 0 < error < 0.01 and 0.99 < angle < 0.99999

# %% [markdown]
# **Explain.** Each rounding is off by chance, up or down, and J sums over thousands of positions: errors cancel. A
# whole run of the library ends within 3 % of float32's J, now above and now below; a float32 run whose photo got a
# thousandth of noise ends as far away.

# %%
placed = copy.deepcopy(last)
placed.stages.to(dtype)
lean = once(placed, photo, painting, squeezed)
race(float32=exact, engine=lean)

# %% [markdown]
# (Where the engine chose float32 both are the same step.)
#
# Features may be short. Their *sums* may not. Add a thousand ones in bfloat16, one after the other:

# %% claim="ones" tags=["nbval-check-output"]
total = torch.tensor(0, dtype=torch.bfloat16)
for _ in range(1000):
    total = total + torch.tensor(1, dtype=torch.bfloat16)
print("1 + 1 + … + 1, a thousand times:", total.item())
assert total == 256

# %% [markdown]
# With 8 digits, 256 + 1 is 256. A Gram entry is a sum over all positions, so the library sums in float32, and this
# lesson's `gram` says `.float()`.

# %% [markdown]
# ## 7. A mistake on purpose: float16
#
# float16 has 11 digits, but ends at 65,504. Lesson 05 saw a sum of it overflow. People then divide *first*: each F by
# √M, so that their product is G/M at once.
#
# **Predict.** At 512 × 512 positions, filters answer 100 everywhere, or 500. Is G/M finite, if divided so?

# %%
M = 512 * 512
hundred, five_hundred = (torch.full((2, M), value, dtype=torch.float16) for value in (100.0, 500.0))

# %% claim="divide first" tags=["nbval-check-output"]
for answer, F in ((100, hundred), (500, five_hundred)):
    summed, divided, single = F @ F.T, (F / M**0.5) @ (F / M**0.5).T, F.float() @ F.float().T / M
    finite = [matrix.isfinite().all().item() for matrix in (summed, divided, single)]
    print(f"{answer}: G finite: {finite[0]}, divided first: {finite[1]}, in float32: {finite[2]}")
    assert finite == [False, answer == 100, True] and abs(single[0, 0] / answer**2 - 1) < 0.01

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# 100² fits. 500² = 250,000 does not: even a *mean* square can be too large.
#
# </details>
#
# **Explain.** Dividing first mends small answers and makes `nan` rare enough to surprise you later. Summing in float32
# mends all of them. If you see `nan` in half precision: float32 sums first, then bfloat16 in place of float16.

# %% [markdown]
# ## 8. The gradient by hand
#
# Lesson 03 derived, and autograd agreed:
#
# ∂E<sub>l</sub>/∂F = (G<sub>X</sub>/M<sub>X</sub> − G<sub>S</sub>/M<sub>S</sub>) F / (N² M<sub>X</sub>)
#
# **Predict.** Autograd does not know that G is symmetric. For G = F Fᵀ it has a gradient by the left F and one by the
# right. How many products (N × N times N × M, forward or back) does it need, and how many does the formula?

# %% [markdown]
# A `torch.autograd.Function` brings its own gradient. `forward` leaves in `ctx` what `backward` will need; `backward`
# is given ∂J/∂E<sub>l</sub> and returns the gradient by each argument, `None` for one that needs none.


# %%
class StyleCost(torch.autograd.Function):
    """E_l with its gradient in closed form."""

    @staticmethod
    def forward(ctx, F, goal):
        D = gram(F) - goal
        ctx.save_for_backward(F, D)
        return D.square().sum() / (4 * len(goal) ** 2)

    @staticmethod
    def backward(ctx, slope):
        F, D = ctx.saved_tensors
        by_position = F.T @ D.to(F.dtype)  # (M, N): a position's filters side by side
        return slope * by_position.T / (F.shape[0] ** 2 * F.shape[1]), None


# %%
def closed(block, goal):
    return StyleCost.apply(block.flatten(1), goal)


# %% [markdown]
# And who keeps less? `saved_tensors_hooks` hands us every tensor that autograd keeps for the way back. Two of them may
# be views of one piece of memory, so we count each piece once, known by its address, `data_ptr()`.


# %%
def kept(work, but=()):
    """Bytes that the forward pass keeps for the backward pass, each once, without the tensors in `but`."""
    held, known = {}, {tensor.untyped_storage().data_ptr() for tensor in but}

    def pack(tensor):
        held[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result = work()  # noqa: F841  as long as it lives, no storage is used twice
    return sum(size for pointer, size in held.items() if pointer not in known)


# %%
with torch.no_grad():
    seen, goal = (squeezed(last(each[None])["relu2_1"]) for each in (photo, painting))
    goal = gram(goal)
block = seen.clone().requires_grad_()
short_block = seen.bfloat16().requires_grad_()
N, M = block.shape[0], block[0].numel()

# %% claim="closed form" tags=["nbval-check-output"]
by_autograd, by_hand = (torch.autograd.grad(cost(block, goal), block)[0] for cost in (E, closed))
products = [flops(lambda: cost(block, goal).backward()) / (2 * N * N * M) for cost in (E, closed)]
print("the same gradient:", alike(by_hand, by_autograd))
print(f"products: autograd {products[0]:g}, by hand {products[1]:g}")
assert alike(by_hand, by_autograd)
assert products == [3, 2]

# %% claim="kept by a cost" tags=["nbval-check-output"]
autograd_kept, hand_kept = (kept(lambda: cost(short_block, goal)) for cost in (E, closed))
print(
    f"bytes kept beside D, for each number of F in bfloat16: autograd {(autograd_kept - 4 * N * N) / (N * M):g},",
    end=" ",
)
print(f"by hand {(hand_kept - 4 * N * N) / (N * M):g}")
assert autograd_kept - 4 * N * N == 4 * N * M and hand_kept - 4 * N * N == 2 * N * M

# %%
formula = once(placed, photo, painting, squeezed, closed)
race(autograd=lean, closed=formula)

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# Autograd: one forward, two back. By hand one forward, one back.
#
# </details>
#
# **Explain.** Symmetry is knowledge that autograd lacks. The formula also keeps F as the network gave it, while
# autograd keeps the float32 copy that went into the sum. This is the last change: `nstlib.style.gram_matrix` does the
# same for a whole G.

# %% [markdown]
# ## 9. Large pictures hardly change?
#
# Learners ask why a large photo hardly changes where a small one was repainted. A filter looks at a fixed number of
# pixels: strokes of ten pixels are broad on a small picture and hair-thin on a large one.
#
# **Predict.** Twenty steps at three sizes, each at its full size alone. Shrink the results to 16 pixels, so that only
# large areas remain. Which moved farthest?


# %%
def run(size, scales, steps):
    """The library's steps, with nothing but these three chosen."""
    settings = Settings(size=size, scales=scales, steps=steps, plateau=0)
    return list(nstlib.transfer.steps(original, whole_painting, settings, minivgg))


def moved(steps):
    """How far a run moved the large areas: mean difference of its first and last picture at 16 pixels."""
    first, final = (pictures.resize(steps[i].picture, 16) for i in (0, -1))
    return (final - first).abs().mean().item()


# %%
at_full_size = {size: moved(run(size, 1, 20)) for size in (side // 2, side, 2 * side)}

# %% claim="larger moves less" tags=["nbval-check-output"]
smallest, middle, largest = at_full_size.values()
print("the larger the picture, the less its large areas moved:", smallest > middle > largest)
assert smallest > middle > largest

# %% [markdown]
# **Explain.** So begin small: there strokes reach across the cheek, and a step is cheap. Enlarge the result, go on, and
# add finer strokes. That is *coarse to fine*; each scale has √2 times the side of the one before, twice the pixels.
#
# **Predict.** 40 steps over four scales. How many steps at full size compute as many pixels? And who has the lower J
# then?


# %%
def pixels(steps):
    """All pixels that went through the network in a run."""
    return sum(step.picture[0].numel() for step in steps)


# %%
coarse_first = run(2 * side, scales=4, steps=40)
as_many = round(pixels(coarse_first) / coarse_first[-1].picture[0].numel())
full_only = run(2 * side, scales=1, steps=as_many)

# %%
plots.row(
    {"full size alone": full_only[-1].picture, "coarse to fine": coarse_first[-1].picture}, height=3.5
)

# %% [markdown]
# *In the figure:* two cats made from the same number of pixels. Left every hair and stripe is still the cat's own, with
# a fine relief over it. Right the fur is laid in broad strokes, with blue around the eyes and on the chin.
#
# **Look at** the forehead: the fur's dark stripes are still there on the left, and painted over on the right.

# %% claim="coarse to fine" tags=["nbval-check-output"]
far, near = moved(coarse_first), moved(full_only)
print(f"40 steps over four scales: as many pixels as {as_many} steps at full size")
print("large areas moved over 1.4 times as far:", far > 1.4 * near)
assert 17 <= as_many <= 21 and far > 1.4 * near

# %%
longer = run(2 * side, scales=1, steps=40)
for title, taken in (
    ("coarse to fine", coarse_first),
    ("full size", full_only),
    ("full size, 40", longer),
):
    print(f"{title:>15}: J {taken[-1].total:.2f}, {pixels(taken) / 1e6:.1f} million pixels")

# %% [markdown]
# **Explain.** For the same pixels coarse to fine moved the large areas farther. And mostly it has the lower J then:
# 0.53 to 1.03 times that of full size alone (three pairs, two seeds each). With *as many steps* full size has the lower
# J, for twice the work. Broad strokes are what only coarse to fine brings.
#
# The library does it by itself: `scales=None` begins near 180 pixels.

# %% [markdown]
# ## 10. Your own table
#
# All changes together, in turns, for both networks.


# %%
def ladder(network, photo, painting):
    """Each variant's step by name: one change more in each."""
    needed = network.with_layers(layers)
    ordered = copy.deepcopy(needed).to(memory_format=torch.channels_last)
    precise = copy.deepcopy(ordered)
    precise.stages.to(dtype)
    variants = {"plain": all_again(copy.deepcopy(network).requires_grad_(), photo, painting)}
    variants |= {"weights frozen": all_again(network, photo, painting)}
    variants |= {"cut": all_again(needed, photo, painting), "targets once": once(needed, photo, painting)}
    variants |= {"channels-last": once(ordered, photo, painting, squeezed)}
    variants |= {f"in {str(dtype)[6:]}": once(precise, photo, painting, squeezed)}
    return variants | {"gradient by hand": once(precise, photo, painting, squeezed, closed)}


# %%
all_of_minivgg = nstlib.networks.load("minivgg", (*layers, "pool5"))

# %%
ladders = {"VGG-19": ladder(whole, *half_size), "minivgg": ladder(all_of_minivgg, photo, painting)}

# %%
own = nstlib.transfer.steps(
    photo, painting, Settings(size=side, scales=1, steps=10**6, plateau=0), minivgg
)
ladders["VGG-19"]["nstlib"], ladders["minivgg"]["nstlib"] = lambda: next(running), lambda: next(own)

# %%
times = {title: bench.interleaved(rungs, rounds=3) for title, rungs in ladders.items()}

# %%
for title, rungs in ladders.items():
    print(f"\n{title}: how many times fewer FLOPs than plain, and how many times faster")
    done, needed = {variant: flops(step) for variant, step in rungs.items()}, times[title]
    for variant in rungs:
        fewer, faster = done["plain"] / done[variant], needed["plain"] / needed[variant]
        print(f"{variant:>18} {fewer:6.2f} × {faster:6.1f} ×")

# %% claim="every change" tags=["nbval-check-output"]
every = list(ladder(all_of_minivgg, photo, painting).values())
counts = [flops(each) for each in every]
angles = [torch.cosine_similarity(every[0]().flatten(), each().flatten(), dim=0).item() for each in every]
print("no change adds FLOPs:", counts == sorted(counts, reverse=True))
print(f"the last has {counts[-1] / counts[0]:.0%} of the first one's")
print("and every gradient points the same way, cosine above 0.99:", min(angles) > 0.99)
assert counts == sorted(counts, reverse=True) and counts[-1] < 0.25 * counts[0] and min(angles) > 0.99

# %% [markdown]
# **Look at** the two columns. Where work is left out, both rise, though not by the same factor: what is no product takes
# time, too. Memory order and precision leave the FLOPs as they are, and may still change the time. So FLOPs are not all.
# (Three rounds each: a tenth up or down means nothing.)

# %% [markdown]
# (`nstlib` may be slower than the row above it: it also moves the picture, copies it for you and reports every cost.
# Where there is a GPU it runs there. With AMX it takes a Gram matrix's product twice, in bfloat16 each, for float32's
# digits: hence its FLOPs. A row `in float32`, on a machine without fast bfloat16, is the same step as the row above it.)

# %% [markdown]
# ## 11. Where the rest goes
#
# A processor computes, and it fetches numbers. A layer that does few FLOPs for each byte may wait for memory, however
# fast the products are. Let us count both for each layer of minivgg as loaded: in float32, forward.
#
# **Predict.** Which block takes most of the time: the first, with 16 filters at every pixel, or the fourth, with 160
# filters on a map of 1/64?

# %%
given, calls = (photo[None] - minivgg.mean) / minivgg.std, {}
for layer, stage in minivgg.stages.items():
    calls[layer] = (stage, given)
    given = stage(given)


# %%
def cost_of(stage, given):
    """FLOPs, and bytes read and written, of one layer."""
    result = stage(given)
    weights = sum(weight.numel() for weight in stage.parameters())
    return flops(lambda: stage(given)), 4 * (given.numel() + result.numel() + weights)


# %%
costs = {layer: cost_of(*call) for layer, call in calls.items()}
intensity = {layer: count / size for layer, (count, size) in costs.items() if count}

# %% claim="FLOPs for each byte" tags=["nbval-check-output"]
print({layer: round(each) for layer, each in intensity.items()})
first = {layer: each for layer, each in costs.items() if layer[4] == "1"}
share = [
    sum(pair[i] for pair in first.values()) / sum(pair[i] for pair in costs.values()) for i in (0, 1)
]
print(f"block 1 has {share[0]:.0%} of the FLOPs and {share[1]:.0%} of the bytes")
assert min(intensity, key=intensity.get) == "conv1_1" and intensity["conv3_2"] > 6 * intensity["conv1_1"]
assert share[0] < 0.2 and share[1] > 2.5 * share[0]

# %%
matrix = torch.rand(768, 768)
works = {layer: lambda call=call: call[0](call[1]) for layer, call in calls.items()}
with torch.no_grad():
    spent = bench.interleaved(works | {"product": lambda: matrix @ matrix}, rounds=9)
peak = 2 * 768**3 / spent["product"]

# %%
for layer in intensity:
    speed = costs[layer][0] / spent[layer]
    print(
        f"{layer}: {intensity[layer]:4.0f} FLOPs a byte, {speed / peak:4.0%} of a large product's speed"
    )


# %%
def by_block(numbers):
    return {
        f"block {block}": sum(numbers[name] for name in costs if name[4] == str(block))
        for block in range(1, 6)
    }


# %%
counted = [by_block({layer: pair[i] for layer, pair in costs.items()}) for i in (0, 1)]
tables = {"FLOPs": counted[0], "bytes": counted[1], "time": by_block(spent)}
for name, table in tables.items():
    print(f"{name:>5}:", {block: f"{each / sum(table.values()):.0%}" for block, each in table.items()})
plots.shares(tables)

# %% [markdown]
# *In the figure:* three bars, divided among five blocks. Of the FLOPs block 4 has the most, of the bytes block 1.
#
# **Look at** block 1 in each bar. It computes little and moves much. Is its share of the time nearer to its FLOPs or to
# its bytes?

# %% [markdown]
# <details><summary>Compare with your prediction</summary>
#
# That depends on the machine. Where this was written the two were nearly even: block 4, with three times the FLOPs of
# block 1, took little more of the time (29 % against 26 %).
#
# </details>

# %% [markdown]
# **Explain.** By its FLOPs alone block 1 would take an eighth. `conv1_1`, with the fewest FLOPs a byte, reached 30 % of
# a large product's speed there, the convolutions of block 4 nearly all of it: waiting for memory would look just so. A
# small network has more of such layers, and is not as much faster as its FLOPs promise.

# %% [markdown]
# ## 12. Large, in a known amount of memory
#
# The way back needs what the way forward computed, so it is kept. That, not the weights, is what runs out.
#
# **Predict.** Which tensors of a layer are kept: the convolution's result, the ReLU's, the pool's? And how do they grow
# with the picture?


# %%
def kept_by(network, height, width):
    """Bytes kept by a forward pass of a picture of this size, without the weights."""
    x = torch.rand(3, height, width).requires_grad_()
    return kept(lambda: network(x[None]), but=(*network.parameters(), network.mean, network.std))


# %% claim="memory grows with pixels" tags=["nbval-check-output"]
small, double = kept_by(minivgg, 64, 96), kept_by(minivgg, 128, 192)
print("twice the side keeps", double / small, "times the bytes, and takes", end=" ")
work = [flops(lambda: minivgg(torch.rand(1, 3, *size))) for size in ((64, 96), (128, 192))]
print(work[1] / work[0], "times the FLOPs")
assert double == 4 * small and work[1] == 4 * work[0]

# %% [markdown]
# Proportional to the pixels, exactly so where both sides divide by 16. So one number says it all: bytes *a pixel*.

# %% [markdown]
# Each ReLU's result is kept, for its own mask and as the next convolution's input; the convolution's own is not. A
# block's last ReLU comes behind the pool in the library, max(ReLU(a), ReLU(b)) being ReLU(max(a, b)): a quarter as many
# numbers. For each of them the pool keeps, in 8 bytes, where the maximum was. Block 1 of minivgg in float32:
# 16 · (4 + ¼ · (4 + 8)) = 112 bytes a pixel.


# %%
def bytes_a_pixel(architecture, bytes_each):
    """What is kept for each pixel until relu5_1; a number takes `bytes_each`: 4 in float32, 2 in bfloat16."""
    total = 3 * bytes_each  # the picture itself, scaled
    for block, (N, depth) in enumerate(zip(architecture.widths, architecture.depths, strict=True)):
        pooled = (bytes_each + 8) / 4
        # Block 5 ends with its first ReLU
        kept_here = (depth - 1) * bytes_each + pooled if block < 4 else bytes_each
        total += N * kept_here / 4**block
    return total


# %% claim="bytes a pixel" tags=["nbval-check-output"]
for network in (minivgg, until_relu5_1):
    found = kept_by(network, 64, 96) / (64 * 96)
    print(f"{network.name} in float32: counted {found:g}, by the formula", end=" ")
    print(f"{bytes_a_pixel(network.architecture, 4):g} bytes a pixel")
    assert found == bytes_a_pixel(network.architecture, 4)

# %%
for network, height, width in ((until_relu5_1, 1024, 1536), (minivgg, 1024, 1536), (minivgg, 2048, 3072)):
    for short, bytes_each in (("float32", 4), ("bfloat16", 2)):
        need = bytes_a_pixel(network.architecture, bytes_each) * height * width / 1e9
        print(
            f"{network.name} at {height} × {width} in {short}: {need:.2f} GB kept, {4 * need:.1f} for the run"
        )

# %% [markdown]
# What is kept is the *floor*: a step also holds blocks on their way, gradients, the optimiser, and what was freed, since
# asking Linux for it anew costs time. Measured where this was written, in bytes a pixel: minivgg 660 to 830 in float32
# and 470 to 560 in bfloat16, VGG-19 2,200 and 1,400 to 1,700. That is 2.1 to 3.5 times the floor (on Linux). Reckon
# with 4, and with 0.5 to 0.7 GB for Python and PyTorch.

# %% [markdown]
# Above four million pixels the library keeps nothing freed: minivgg in bfloat16 at 2048 × 3072 took 330 bytes a pixel,
# and twice the time.

# %% [markdown]
# **Predict.** minivgg in float32, the cat at four times `side`, 512 × 770 here. Write down the megabytes. Then
# we make a few steps and look.
#
# A process counts Python and PyTorch, too, and does not give back all that it once held. So each run has a process of
# its own, and a small picture's is subtracted. `NST_TEST=1` makes the library compute in float32, on one thread of the
# CPU.


# %%
def alone(size):
    """Pixels and the most bytes of a process that made seven steps at this size, and nothing else."""
    script = f"from nstlib.bench import limits; print(*limits.measure('minivgg', {size}).values())"
    command, fixed = [sys.executable, "-c", script], os.environ | {"NST_TEST": "1"}
    done = subprocess.run(command, env=fixed, stdout=subprocess.PIPE, text=True, check=True)
    n_pixels, _, most = map(float, done.stdout.split())
    return n_pixels, most


# %%
small_pixels, small_bytes = alone(side)

# %%
large_pixels, large_bytes = alone(4 * side)

# %%
floor = bytes_a_pixel(minivgg.architecture, 4)
measured = (large_bytes - small_bytes) / (large_pixels - small_pixels)

# %% claim="a large picture's memory" tags=["nbval-check-output"]
print("more than the floor, less than four times the floor:", floor < measured < 4 * floor)
assert floor < measured < 4 * floor

# %%
for title, each in (("floor", floor), ("reckoned", 4 * floor), ("measured", measured)):
    print(
        f"{title:>9}: {each:4.0f} bytes a pixel, {each * large_pixels / 1e6:5.0f} MB for the large picture"
    )

# %% [markdown]
# **Explain.** The forecast needed no run: filters, layers and pixels gave it. Where this was written the measured was
# 2.6 to 3.2 times the floor. (`python -m nstlib.bench.limits` measures other networks and sizes, in the engine's own
# precision.)
#
# **Out of memory?** Take minivgg in place of VGG-19, then a smaller size. bfloat16 is no choice of yours: the engine
# takes it where the hardware has it. And look at your own loop:

# %% claim="pictures kept" tags=["nbval-check-output"]
at_once = sum(step.picture.nbytes for step in longer) / longer[-1].picture[0].numel()
print(f"list(steps) of {len(longer)} steps holds {at_once:g} bytes a pixel", end=", ")
print(f"the network {bytes_a_pixel(minivgg.architecture, 4):g}")
assert at_once == 12 * len(longer) > bytes_a_pixel(minivgg.architecture, 4)

# %% [markdown]
# **Explain.** This course writes `list(nstlib.transfer.steps(…))`, which keeps *every* picture. For a large one write
# `for step in steps(…): pass`, or `nstlib.stylize`, and keep the last.
#
# **Predict.** FLOPs and bytes grow with the pixels. And the time of a step? Say it grows as pixels^p. Twice the side is
# four times the pixels, so p = log(ratio of the times) / log 4. Is p 1, below, or above?

# %%
sizes = {small: pictures.resize(original, small) for small in (side // 2, side, 2 * side)}
looks = {small: nstlib.transfer.resample_to(whole_painting, picture) for small, picture in sizes.items()}
growing = {small: once(placed, sizes[small], looks[small], squeezed, closed) for small in sizes}
took = list(bench.interleaved(growing, rounds=5).values())

# %%
for fewer, more, small in zip(took, took[1:], sizes, strict=False):
    p = math.log(more / fewer) / math.log(4)
    print(f"from {small} to {2 * small} pixels: {more / fewer:.1f} times the time, p = {p:.2f}")

# %% [markdown]
# **Explain.** p is below 1 as long as a step's fixed costs show, and nears 1 as pictures grow: from then on twice the side
# takes four times as long. It is above 1 where blocks no longer fit the processor's cache.

# %% [markdown]
# ## 13. A GPU, where there is one
#
# The engine takes it by itself. The FLOPs stay the same; the order and the precision are what the engine chose for that
# GPU, and what is kept lies in *its* memory, with each pool's input: only on the CPU does the library pool by itself. A
# GPU returns before it has finished, so whoever times it must wait (`torch.cuda.synchronize()`), as `bench.interleaved`
# does.

# %%
if plan.device.type == "cpu":
    print("The engine's device is the CPU here, so there is nothing to compare.")
else:
    there = engine.place(minivgg, plan)
    on_gpu = once(there, photo.to(plan.device), painting.to(plan.device), squeezed, closed)
    race(cpu=formula, gpu=on_gpu)

# %% [markdown]
# ## Recap
#
# - Leave out work first: **freeze the weights** (a third), **compute targets once** (two thirds of the rest), cut below
#   the deepest layer.
# - Then compute the same better: **channels-last** there *and back*, **bfloat16 features with float32 sums**, the
#   **gradient by hand**.
# - Count FLOPs and bytes; race times in turns, as ratios.
# - Large: **coarse to fine** for broad strokes; memory is **bytes a pixel** times pixels, up to 4 times over.

# %% [markdown]
# ## On your own
#
# - Run the lesson with `NST_SIDE=256` set before JupyterLab starts. Which ratios change with the size?
# - `torch.utils.checkpoint` keeps only a block's input and computes the block again on the way back. Count what that
#   saves in `kept` and costs in FLOPs.
# - Compare J after as many steps by Adam and by `nstlib.Settings(optimizer="pyramid")`.
# - How large a picture does your memory allow? Compute its side; let `nst stylize --size` try half of it, a quarter of
#   the pixels.
