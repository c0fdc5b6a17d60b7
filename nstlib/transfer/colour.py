"""Keep a photo's colours: the style is transferred in grey, and each pixel keeps its own chroma.

Luma is Y = 0.299 red + 0.587 green + 0.114 blue (ITU-R BT.601, the Y of YIQ); chroma is what a pixel has beyond it, the
picture minus its luma. A run with the colour "photo" sees content and style as their luma alone, the style's with the
content's mean and standard deviation, and only the luma moves; the photo's chroma is added to each picture that it
shows. This is the luminance-only transfer of Gatys et al., "Controlling Perceptual Factors in Neural Style Transfer"
(2017), arXiv:1611.07865, section 5.
"""

import torch

from nstlib.transfer.shapes import Picture

LUMA = (0.299, 0.587, 0.114)


def grey(picture: Picture) -> Picture:
    """Return the luma Y = 0.299 R + 0.587 G + 0.114 B as three equal channels: (3,H,W) in [0,1] to the same.

    >>> grey(torch.tensor([1.0, 0.5, 0.0]).view(3, 1, 1)).flatten()  # 0.299 + 0.587 / 2
    tensor([0.5925, 0.5925, 0.5925])
    """
    weights = torch.tensor(LUMA).to(picture).view(3, 1, 1)
    return (weights * picture).sum(0, keepdim=True).expand(3, -1, -1).contiguous()


def match_luma(style: Picture, content: Picture) -> Picture:
    """Return the style's luma with mean and spread of the content's, σ_C / σ_S · (Y_S − μ_S) + μ_C, in three channels.

    Both are (3,H,W) in [0,1] of any two sizes; the result has the style's, and is clamped to [0,1]. A style of one luma
    stays so, at the content's mean.

    >>> style = torch.tensor([0.0, 0.2]).expand(3, 1, 2)
    >>> match_luma(style, torch.tensor([0.3, 0.7, 0.3, 0.7]).expand(3, 2, 4))[0]
    tensor([[0.3000, 0.7000]])
    """
    y_s, y_c = grey(style), grey(content)
    spread_s, spread_c = y_s.std(correction=0), y_c.std(correction=0)
    ratio = spread_c / spread_s if spread_s > 1e-4 else 0.0  # below that a style's luma is rounding errors
    return (ratio * (y_s - y_s.mean()) + y_c.mean()).clamp(0, 1)


def keep_colours(picture: Picture, photo: Picture) -> Picture:
    """Return the picture's luma with the photo's chroma, Y_X + s · (C − Y_C), for two pictures (3,H,W) of one size.

    s is 1 wherever that lies in [0,1], and elsewhere the largest number with which it does: so a stroke that is too
    light or too dark for the photo's colour is paler, and has the luma that the picture has. Grey stays grey.

    >>> colours = torch.tensor([[[0.8, 0.8]], [[0.4, 0.4]], [[0.4, 0.4]]])  # luma 0.5196, twice
    >>> strokes = torch.tensor([0.5196, 0.9]).expand(3, 1, 2)
    >>> keep_colours(strokes, colours).flatten(1)
    tensor([[0.8000, 1.0000],
            [0.4000, 0.8573],
            [0.4000, 0.8573]])
    """
    y = grey(picture)
    chroma = photo - grey(photo)
    room = torch.where(chroma > 0, 1 - y, y)  # towards white or black, in each channel
    s = (room / chroma.abs().clamp(min=1e-6)).amin(0).clamp(max=1)
    return (y + s * chroma).clamp(0, 1)
