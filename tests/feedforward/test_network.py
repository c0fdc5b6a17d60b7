import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nstlib.feedforward.network import EPSILON, Generator, InstanceNorm, seeded_generator, still_noise


def by_formula(features, sigma_s, mu_s):
    """σ_S (F − μ) / σ + μ_S, a picture and a filter at a time, in float64."""
    result = torch.empty_like(features)
    for b, picture in enumerate(features):
        for k, F in enumerate(picture):
            mu = F.sum() / F.numel()
            sigma = ((F - mu).square().sum() / F.numel() + EPSILON).sqrt()
            result[b, k] = sigma_s[k] * (F - mu) / sigma + mu_s[k]
    return result


@given(st.integers(1, 3), st.integers(1, 5), st.integers(1, 6), st.integers(2, 6), st.booleans())
def test_instance_norm_is_its_formula(n_pictures, n_filters, height, width, by_position):
    torch.manual_seed(0)
    features = 5 * torch.randn(n_pictures, n_filters, height, width, dtype=torch.float64) + 3
    norm = InstanceNorm(n_filters).double()
    with torch.no_grad():
        norm.sigma_s.normal_()
        norm.mu_s.normal_()
        given_one = features.contiguous(memory_format=torch.channels_last) if by_position else features
        torch.testing.assert_close(norm(given_one), by_formula(features, norm.sigma_s, norm.mu_s))


def test_instance_norm_has_the_gradient_of_its_formula():
    torch.manual_seed(0)
    features = torch.randn(2, 3, 4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(InstanceNorm(3).double(), features)


def test_a_picture_is_painted_alike_whatever_stands_beside_it():
    generator = seeded_generator(0)
    photos = torch.rand(3, 3, 16, 20, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        together, alone = generator(photos), torch.cat([generator(photo[None]) for photo in photos])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("height", "width"), [(8, 8), (8, 40), (36, 20)])
def test_the_picture_has_the_photo_s_size(height, width):
    assert seeded_generator(0)(torch.rand(1, 3, height, width)).shape == (1, 3, height, width)


def test_widths_and_blocks_are_as_asked():
    generator = Generator((4, 6, 10), 2)
    assert [block.convolution.out_channels for block in generator.shrink] == [4, 6, 10] and len(generator.work) == 2


def test_the_seed_alone_decides_the_weights_and_torch_s_own_generator_stays_where_it_was():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    one, other, third = seeded_generator(1), seeded_generator(1), seeded_generator(2)
    assert torch.equal(torch.rand(1), expected)
    assert torch.equal(one.to_picture.weight, other.to_picture.weight)
    assert not torch.equal(one.to_picture.weight, third.to_picture.weight)


def test_where_a_photo_is_flat_the_noise_alone_makes_strokes():
    generator, flat = seeded_generator(0), torch.full((1, 3, 48, 48), 0.5)
    with torch.no_grad():
        still, even = generator(flat), generator(flat, torch.full((48, 48), 0.5))
    assert even.std(dim=(2, 3)).max() < 1e-5 < 1e-3 < still.std(dim=(2, 3)).min()


def test_noise_is_the_same_at_every_call_comes_again_and_is_shifted():
    noise = still_noise(300, 520)
    assert torch.equal(noise, still_noise(300, 520)) and noise.min() >= 0 and noise.max() <= 1
    assert torch.equal(noise[:44], noise[256:]) and torch.equal(noise[:, :256], noise[:, 256:512])
    steps = noise.diff(dim=0).abs().mean(1)
    assert steps[255] < 1.5 * steps.mean(), "there is a seam where the noise comes again"
    assert torch.equal(still_noise(256, 256, (3, 5)), still_noise(256, 256).roll((3, 5), (0, 1)))


def test_a_paler_photo_is_painted_alike():
    generator = seeded_generator(0)
    photo = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        torch.testing.assert_close(generator(0.4 * photo + 0.5), generator(photo), atol=1e-2, rtol=0)
