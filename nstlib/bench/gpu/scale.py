"""How large and how long each part is: on a card, and in a rehearsal."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Sizes are shorter sides in pixels.

    painted: sizes of whole pictures, of `passes` passes. stepped: sizes of single steps, timed in `rounds` rounds.
    precise: the size at which precisions are compared, and shortcuts at `short`. studio: size and steps of its
    pictures, and `wishes` how often a slider is moved. raced: size and passes of the race. large: the largest picture.
    """

    painted: tuple[int, ...] = (256, 512, 1024)
    passes: int = 60
    stepped: tuple[int, ...] = (512, 1024, 256, 2048)
    rounds: int = 15
    precise: int = 512
    short: tuple[int, ...] = (256, 512)
    studio: tuple[int, int] = (512, 150)
    wishes: int = 30
    raced: tuple[int, int] = (512, 300)
    large: int = 4096
    network: str = "random-vgg19"  # the full-size one where only time counts


FULL = Scale()
SMALL = Scale(
    painted=(32, 48),
    passes=8,
    stepped=(32, 48),
    rounds=2,
    precise=32,
    short=(32,),
    studio=(48, 12),
    wishes=4,
    raced=(32, 44),
    large=96,
)
