import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nstlib import painted, pictures
from nstlib.transfer import Settings, steps, stylize
from nstlib.transfer.colour import grey, keep_colours, match_luma


def picture(seed, height=12, width=9):
    return torch.rand(3, height, width, generator=torch.Generator().manual_seed(seed))


def chroma(picture):
    return picture - grey(picture)


@given(st.integers(0, 10**6))
def test_the_luma_is_the_pictures_and_the_hue_the_photos(seed):
    x, photo = picture(seed), picture(seed + 1)
    kept = keep_colours(x, photo)
    assert torch.allclose(grey(kept), grey(x), atol=1e-5)
    assert kept.min() >= 0 and kept.max() <= 1
    ratio = (chroma(kept) * chroma(photo)).sum(0) / chroma(photo).square().sum(0)  # s
    assert torch.allclose(chroma(kept), ratio * chroma(photo), atol=1e-5)
    assert ratio.min() >= -1e-4 and ratio.max() <= 1 + 1e-4
    as_it_was = chroma(photo) + grey(x)
    inside = ((as_it_was >= 0) & (as_it_was <= 1)).all(0)
    assert torch.allclose(kept[:, inside], as_it_was[:, inside], atol=1e-5)


def test_a_photo_keeps_itself():
    photo = picture(3)
    assert torch.allclose(keep_colours(photo, photo), photo, atol=1e-5)


@pytest.mark.parametrize("light", [0.0, 1.0])
def test_black_and_white_have_no_colour(light):
    flat = torch.full((3, 12, 9), light)
    assert torch.allclose(keep_colours(flat, picture(1)), flat, atol=1e-5)


def test_the_styles_luma_gets_the_contents_mean_and_spread():
    style, content = 0.4 + 0.1 * picture(1), 0.3 + 0.4 * picture(2, 20, 30)
    matched = match_luma(style, content)
    assert matched.shape == style.shape and torch.allclose(matched[0], matched[2])
    for of in (torch.mean, lambda y: y.std(correction=0)):
        assert of(matched[0]) == pytest.approx(of(grey(content)[0]).item(), abs=1e-5)
    brighter = style[0] > style[0].median()
    assert matched[0][brighter].mean() > matched[0][~brighter].mean()  # not turned into its negative


def test_a_style_of_one_luma_has_the_contents_mean():
    content = picture(2)
    matched = match_luma(torch.full((3, 4, 4), 0.9), content)
    assert torch.allclose(matched, grey(content).mean().expand(3, 4, 4))


@pytest.fixture(scope="module")
def pair():
    return pictures.sample("cat", 48), painted.paint("night", 48)


def kept(**values):
    return Settings(**{"size": 48, "steps": 25, "scales": 1, "colour": "photo"} | values)


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
@pytest.mark.parametrize("init", ["content", "style", "noise"])
def test_a_run_moves_the_light_and_keeps_the_colours(pair, optimizer, init):
    seen = list(steps(*pair, kept(optimizer=optimizer, init=init)))
    assert seen[-1].total < 0.9 * seen[0].total
    photo = pair[0]
    for step in (seen[0], seen[-1]):
        assert torch.allclose(step.picture, keep_colours(step.picture, photo), atol=1e-4)
    if init == "content":
        assert torch.allclose(seen[0].picture, photo, atol=1e-4)
    assert (grey(seen[-1].picture) - grey(photo)).abs().mean() > 0.02


def test_the_costs_are_those_of_the_grey_picture(pair):
    *_, last = steps(*pair, kept(steps=4))
    grey_pair = grey(pair[0]), match_luma(pair[1], pair[0])
    again = next(steps(*grey_pair, kept(colour="style"), start=grey(last.picture)))
    assert again.total == pytest.approx(last.total, rel=1e-3)
    assert again.style_costs == pytest.approx(last.style_costs, rel=1e-3)


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
@pytest.mark.parametrize("scales", [1, 2])
def test_grey_stays_grey(pair, optimizer, scales):
    photo = pictures.sample("camera", 48)
    pixels = pictures.to_pil(stylize(photo, pair[1], kept(optimizer=optimizer, scales=scales))).convert("RGB")
    red, green, blue = pixels.split()
    assert red.tobytes() == green.tobytes() == blue.tobytes()
    red, green, blue = pictures.to_pil(stylize(photo, pair[1], kept(colour="style"))).split()
    assert red.tobytes() != blue.tobytes()


def test_every_size_has_the_photos_colours(pair):
    for step in steps(*pair, kept(scales=2, steps=4)):
        photo = pictures.resize(pair[0], min(step.picture.shape[1:]))
        assert torch.allclose(step.picture, keep_colours(step.picture, photo), atol=1e-4)
