# %% [markdown]
# # 06 · The studio
#
# **What you will do.** Move every knob of the style cost while the picture follows, and solve three tasks with them.
#
# **You will be able to** say what each knob does before you touch it, read the desk's meters, and keep a picture that
# you like as one line of settings.
#
# **You need** lessons 04 and 05b and 40 minutes.

# %% tags=["nbval-ignore-output"]
from nstlib.studio import Studio

studio = Studio("cat", "night")
studio

# %% [markdown]
# ## 1. Find your way around the desk
#
# The desk is already at work: it paints the cat as a night sky. Each move of a knob ends the run under way and starts
# another. The button at the top left pauses it, or runs it again.

# %% [markdown]
# **The picture.** Drag the handle at its left edge to the right, and the photo appears beside the picture. The slider
# below goes back through the steps of the run. At which step do you see the first strokes?
#
# *mask*, beside that slider, hands you a brush: what you paint stays the photo, the rest takes the style (lesson 07).
# Paint over the eyes. Then press *clear*, or the mask stays for all that follows.

# %% [markdown]
# **The two pictures you start from.** Choose another painting in the row *style*. Then choose a file of your own with
# *+*, or drop one on the desk.

# %% [markdown]
# **α and β.** The desk lowers $J = \alpha J_{\text{content}} + \beta J_{\text{style}}$, and the plot below the picture
# shows $J$ and each of its terms, step by step. Each cost there is divided by its unit, $K_c$ for content and $K_s$ for
# style: what a picture without any features would cost (lesson 05). Click a slider and move it with the arrow keys.

# %% [markdown]
# **Predict.** You move $\beta$ from 10 to 100 and let the run end. Where do the five style curves end, compared with
# the run before?

# %%
from nstlib.predictions import predict, progress

predict("06.terms")

# %% [markdown]
# **The faders.** There is one for each layer. It multiplies the $\lambda_l$ that the chosen rule gives (lesson 04); the
# product stands at the bottom. The bar beside it shows the layer's share of the pull at the picture: $\lambda_l f_l
# \lVert \partial E_l / \partial X \rVert$ over the sum of all five, as in lesson 04. ($f_l$ is the convention's
# constant of lesson 03.) *M* mutes a layer, *S* plays it alone (solo), *reset faders* puts all back.

# %% [markdown]
# Pull the fader of relu4_1 down until × 0.01 stands beside its percentage. Whose bars grow?

# %% [markdown]
# **Your runs.** Small pictures of your runs gather below the curves. Click one to go back to it, with its knobs.
# Shift-click one to lay it beside the present picture; the desk then lists the settings in which the two differ.

# %% [markdown]
# **more** opens a drawer with the other knobs in place of the faders: layer weights, which is the rule for $\lambda_l$
# (lesson 04), statistic (07), convention (03), content layer (01), start and optimizer (05), size and more. With *go on
# from this picture*, a move does not begin anew. For each knob, say first what you expect.

# %% [markdown]
# After a restart of the kernel the desk is disconnected, and says so. Run its cell again.

# %% [markdown]
# ## 2. See what a layer compares
#
# Click the name of a layer. Below the faders you see three matrices, for up to 24 of its filters, the strongest first:
# the style's $G_S / M_S$, the picture's $G_X / M_X$, and their difference. Where it is red, two filters fire together
# more strongly in the picture than in the painting (lesson 02); blue with a white stroke, less strongly. $E_l$ adds up
# the squares of the difference, over all filters (lesson 03).

# %% [markdown]
# The colours of the difference are stretched to its largest entry, so they do not fade as the picture gets closer.
# Compare the first two matrices instead: once they look alike, the layer has little left to ask for.
#
# Now press *reset faders*, and double-click the sliders of α and β (or press 0 on them): that puts each back to where
# it began.

# %% [markdown]
# **Predict.** Press *S* at relu5_1 and let the run end. Then only the deepest layer has pulled. Where do the Gram
# matrices of the first three layers go?

# %%
predict("06.solo")

# %% [markdown]
# Look for yourself: with relu5_1 alone, click relu5_1, then relu2_1. In which of them do style and picture look alike?

# %% [markdown]
# ## 3. See where a layer pulls
#
# Leave the mouse on a fader for a moment, or press `P` while it has the focus. The picture now glows where this layer
# pulls: it shows $\lVert \partial E_l / \partial X \rVert$ at each pixel, the gradient of lesson 03 taken back to the
# picture. Here is the same for the photo, with which each run begins.

# %%
import os

import torch

import nstlib
from nstlib import claim, painted, pictures, plots

side = int(os.environ.get("NST_SIDE", "128"))
photo = pictures.sample("cat", side)
painting = painted.paint("night", tuple(photo.shape[1:]))

# %%
network = nstlib.networks.load()
layers = nstlib.networks.STYLE_LAYERS


def pull(picture, layer):
    """Where a layer pulls at a picture: the length of ∂E_l/∂X over the colours, as a picture from black to white."""
    X = picture.clone().requires_grad_()
    E_l = nstlib.style.layer_style_cost(network(X[None])[layer][0], network(painting[None])[layer][0])
    (gradient,) = torch.autograd.grad(E_l, X)
    strength = gradient.norm(dim=0)
    return (strength / strength.quantile(0.995)).clamp(0, 1).expand(3, -1, -1)


# %%
plots.row(
    {"photo": photo}
    | {layer: pull(photo, layer) for layer in ("relu1_1", "relu3_1", "relu4_1", "relu5_1")},
    alt="A cat, and four maps of it in white on black: relu1_1 draws its eyes, whiskers and outlines; relu3_1 specks, "
    "denser at the eyes; relu4_1 two bright clouds at the eyes; relu5_1 wide faint clouds",
)

# %% [markdown]
# **Look at** the eyes. relu1_1 traces their outlines, since each of its positions sees only 3 × 3 pixels. The positions
# of relu4_1 see far more, and it pulls at each eye as a whole. relu5_1 pulls nearly everywhere. (Each map has a scale
# of its own.)
#
# The bar beside a fader is the length of this whole map, times $\lambda_l f_l$, as a share.

# %% [markdown]
# ## 4. Task: move only the palette
#
# Press *reset faders*, double-click α and β, and choose *palette only* in the menu above the picture. The task appears
# with two meters. They measure the last picture of the run that is shown, at every step and after going back to an
# earlier run:

# %% [markdown]
# - **share left of a layer's cost**: $E_l(X) / E_l(C)$. It is 1 for the photo and 0 once the painting is reached. Above 1 the
#   picture is farther away than the photo was.
# - **content lost**: $J_{\text{content}} / K_c$. A picture whose features are all zero has lost 1.

# %% [markdown]
# The mark on a meter is the goal. Give the cat the painting's blue and yellow, but none of its strokes, until both
# meters show ✓.
#
# The text makes its own runs, on desks of its own that are smaller and stop sooner. So its numbers differ a little
# from those that you see. Here are the meters of a run with all knobs where they begin, and the same by hand.


# %%
def run(**knobs):
    """The last picture of a desk on which these knobs were moved, and what the meters say of it."""
    desk = Studio(photo, painting, size=side, steps=60)
    desk.move(**knobs)
    desk.wait()
    (made,) = desk.history
    desk.close()
    return made.picture, made.left


# %%
plain, plain_left = run()
plots.table({"nothing moved": plain_left}, "left")

# %%
E_l, J_content = nstlib.style.layer_style_cost, nstlib.style.content_cost
X, C, S = (network(picture[None]) for picture in (plain, photo, painting))
by_hand = {layer: E_l(X[layer][0], S[layer][0]) / E_l(C[layer][0], S[layer][0]) for layer in layers}
K_c = J_content(torch.zeros_like(C["relu4_2"]), C["relu4_2"])
by_hand["content"] = J_content(X["relu4_2"], C["relu4_2"]) / K_c
gap = max(abs(by_hand[part].item() - plain_left[part]) for part in by_hand)

# %% claim="meters" tags=["nbval-check-output"]
# The bound is wide: on processors with bfloat16 the desk computes with fewer digits than we did by hand.
claim("largest difference between a meter and its formula", gap, below=0.01)

# %% [markdown]
# <details><summary>One solution</summary>
#
# Press *S* beside relu1_1, with $\lambda$ by the rule. Its positions see 3 × 3 pixels: enough for colours, too little
# for strokes. (*show a solution*, beside the meters, asks once more and then moves the knobs for you.)
#
# </details>

# %%
palette, palette_left = run(solo=["relu1_1"])
deep_left = run(solo=["relu5_1"])[1]
plots.table({"relu1_1 alone": palette_left, "relu5_1 alone": deep_left}, "left")

# %%
plots.row(
    {"photo": photo, "relu1_1 alone": palette, "painting": painting},
    alt="A brown cat; the same cat in the painting's blue and yellow, grainy but without strokes; a night sky in "
    "long strokes",
)

# %% claim="palette only" tags=["nbval-check-output"]
claim("relu1_1 alone leaves of its own cost", palette_left["relu1_1"], below=0.1)
claim("left of the deepest two", min(palette_left["relu4_1"], palette_left["relu5_1"]), above=0.7)

# %% claim="the deepest alone" tags=["nbval-check-output"]
# The bound is wide: nothing holds the shallow layers, so they may end anywhere far away
claim(
    "relu5_1 alone: least left of the first three costs",
    min(deep_left[layer] for layer in layers[:3]),
    above=2,
)

# %% [markdown]
# **Explain.** With relu1_1 alone the colours come and the strokes do not. With relu5_1 alone, the costs of the first
# three layers end at about 9 to 25 times the photo's: nothing holds them. This answers the prediction of section 2.
# (Not every pair does so. Choose the rocket and the waves: one of the three costs falls, to three quarters of the
# photo's.)

# %% [markdown]
# ## 5. Task: lose the palette, keep the strokes
#
# Press *reset faders* and choose *strokes, no palette*. Now the reverse: strokes as in the painting, and colours that
# stay far from it.

# %% [markdown]
# **Predict.** All faders stand at the rule. Which is the smallest change that solves the task?

# %%
predict("06.mute")

# %% [markdown]
# <details><summary>One solution</summary>
#
# Press *M* beside relu1_1. The deeper layers bring the strokes, and hardly anything of the palette. Mute relu2_1 as
# well, and relu1_1 ends farther from the painting than the photo was: no layer is left to hold the colours, so they
# drift.
#
# </details>

# %%
muted = {
    "relu1_1 muted": run(muted=["relu1_1"]),
    "relu2_1 muted": run(muted=["relu2_1"]),
    "both muted": run(muted=["relu1_1", "relu2_1"]),
}
plots.row(
    {name: picture for name, (picture, _) in muted.items()},
    alt="Three cats in the painting's strokes: without relu1_1 mostly brown and green, without relu2_1 in more of the "
    "painting's blue, without both in red and brown, harsher than the photo",
)

# %%
plots.table({name: left for name, (_, left) in muted.items()}, "left")

# %%
first, second, _ = (left for _, left in muted.values())
strokes = max(first[layer] for layer in ("relu3_1", "relu4_1", "relu5_1"))

# %% [markdown]
# **Look at** `relu1_1 muted`: most of its own cost is left, and with it the photo's palette. (With the rocket and
# the waves the layers above bring the palette, too: about a seventh is left.)

# %% claim="strokes only" tags=["nbval-check-output"]
claim("relu1_1 muted: left of its cost", first["relu1_1"], above=0.5)
claim("relu1_1 muted: left of the three deepest layers' costs, at most", strokes, below=0.2)
claim("relu2_1 muted: left of relu1_1's cost", second["relu1_1"], below=0.4)

# %% [markdown]
# ## 6. Task: find the β where the cat is still a cat
#
# Press *reset faders* and choose *still a cat*. Find a $\beta$ at which the strokes are the painting's and you still
# recognise the cat. The meters have an opinion; your eyes may have another.

# %% [markdown]
# **Predict.** For each of seven $\beta$ from 0.1 to 100, we draw a dot: content lost to the right, style missing (the
# mean of what is left of the five costs) upwards. What shape does the curve have?

# %%
predict("06.bend")

# %%
runs = {f"β = {beta}": run(beta=beta) for beta in (0.1, 0.3, 1, 3, 10, 30, 100)}


# %%
def place(left):
    """Content lost, and style missing: the mean over the layers of what is left of E_l."""
    return left["content"], sum(left[layer] for layer in layers) / len(layers)


def curve(runs, joined=None):
    """Draw runs, pairs of a picture and what is left, by the content lost and the style missing."""
    places = {name: place(left) for name, (_, left) in runs.items()}
    shown = {name: picture for name, (picture, _) in runs.items()}
    return plots.frontier(shown, places, ("content lost", "style missing"), joined=joined)


# %%
curve(runs)

# %%
lost, missing = zip(*(place(left) for _, left in runs.values()), strict=True)
cheap, dear = missing[0] - missing[3], missing[3] - missing[6]

# %% claim="alpha against beta" tags=["nbval-check-output"]
claim("content lost at β = 0.1, of β = 3", lost[0] / lost[3], below=0.25)
claim("content lost at β = 3, of β = 100", lost[3] / lost[6], below=0.4)
claim("content lost at β = 3", lost[3], below=0.4)
claim("style missing at β = 3", missing[3], below=0.25)
claim("style won from β = 3 to 100, of that from 0.1 to 3", dear / cheap, below=0.25)

# %% [markdown]
# **Explain.** Up to $\beta \approx 3$ a little content buys most of the style. Beyond, content goes on getting lost,
# but there is hardly any style left to win. So there is no best $\beta$, but there are poor ones: far out on the flat
# part you pay for nothing.

# %% [markdown]
# Now to the first prediction. Compare what is left of each $E_l$ at $\beta = 10$ and at 100:

# %%
plots.table({name: runs[name][1] for name in ("β = 10", "β = 100")}, "left")

# %% [markdown]
# No $E_l$ falls to a tenth, while $\beta$ grows tenfold. So the terms $\beta \lambda_l f_l E_l / K_s$ end higher,
# although the style is matched better.

# %% [markdown]
# A content lost of 1 is as much as a picture without any features loses. At $\beta = 100$ the cat is past that, and yet
# you recognise it. Your eyes are more generous than $J_{\text{content}}$: an outline is enough for them.

# %% [markdown]
# Now draw the curve of *your* runs. Move $\beta$ on your desk at the top, let each run end, and run this cell. The line
# joins the runs in which $\beta$ alone was moved, or *size*; a square is a run with other knobs moved, too. (Runs that
# ended early or are larger than 256 pixels are left out, and pictures beyond eight.)

# %% tags=["nbval-ignore-output"]
ended = [made for made in studio.history if made.left and made.steps == studio.base.steps]
moved = {made.number: set(made.knobs.changes(studio.first_knobs)) - {"size"} for made in ended}
names = {made.number: f"run {made.number}, β = {made.knobs.beta:.3g}" for made in ended}
by_beta = [names[number] for number in names if moved[number] <= {"beta"}]
yours = {names[made.number]: (made.picture, made.left) for made in ended}
print(f"Runs that came to their end: {len(ended)}; a curve needs three.")
curve(yours, by_beta) if len(ended) > 2 else None

# %% [markdown]
# **Look at** the squares. Does one lie below the line of $\beta$ alone, so that it has more style for the same content?
# On this desk, that is what a better setting means.

# %% [markdown]
# ## 7. Keep what you found
#
# *copy code* gives the lines that make your picture without a desk. In the drawer *more*, *save picture* writes it
# beside the notebook, *save GIF* the whole run, and *render large* runs the same knobs at 512 or 1024 pixels. *copy
# line* gives one line that sets another desk's knobs:

# %%
line = '{"content": "cat", "style": "night", "steps": 60, "beta": 3.0, "size": 64, "colour": "photo"}'
again = Studio.from_code(line)
restored = again.knobs

# %%
plots.table(
    {knob: {"stands at": str(vars(restored)[knob])} for knob in ("beta", "size", "colour", "init")},
    "knob",
)

# %% [markdown]
# The last of these was not in the line, so it stands where it always begins. And this is what *copy code* gives:

# %% tags=["nbval-check-output"]
print(again.as_code())

# %% [markdown]
# Run the desk, then give its settings to `nstlib.stylize`.

# %%
again.start()
again.wait()
content = pictures.sample("cat", 512)
style = painted.paint("night", tuple(content.shape[1:]))
without_desk = nstlib.stylize(content, style, again.settings(), network)
differing = int((without_desk != again.picture).sum())

# %% claim="as code" tags=["nbval-check-output"]
claim("β of the desk that the line has set", restored.beta, equals=3)
claim("numbers in which the two pictures differ", differing, equals=0)
again.close()

# %% [markdown]
# Your predictions in this lesson, and the answers:

# %% tags=["nbval-ignore-output"]
progress("06")

# %% [markdown]
# ## Recap
#
# - **solo** shows what a layer brings, **mute** shows what only it brings.
# - relu1_1 brings the palette and no strokes. Mute it, and the strokes come without the palette.
# - The Gram pictures show *what* a layer compares; hovering shows *where* it pulls.
# - **α against β** is a bargain: content lost against style missing. The curve bends, and beyond the bend you pay for
#   nothing.
# - A picture is its settings: keep them with it.

# %% [markdown]
# ## On your own
#
# - Open *more* and choose the convention `keras` with the rule `equal`. Which layers lose their say in the bars? Can
#   $\beta$ bring them back?
# - Bring a photo of your own, and a painting. Is $\beta = 3$ near the bend there, too?
# - Choose a second style and move its share. Which layers' bars change first?
# - Find settings for which *start* does not matter.
