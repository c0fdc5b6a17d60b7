"""Which paintings there are, and what carries each.

All are in the public domain: their painters died more than a hundred years ago, and a faithful photograph of a flat
picture has no copyright of its own (Directive (EU) 2019/790, Article 14; Bridgeman v. Corel, 1999). What the packages
say of their own: wordpress-theme-twentytwentyone names Morisot, "Public domain", and the pages on wikiart.org that its
pictures are from; wordpress-theme-twentytwentytwo names Goyō, "CC0", and rawpixel.com. The two Python packages, Apache
2.0 and MIT, say nothing of the painting that they carry.
"""

from dataclasses import dataclass

from nstlib.paintings.carriers import DebianPackage, PythonPackage

OPENCV = PythonPackage(
    "opencv-python-headless==5.0.0.93", "b82f9831daab90b725c7c1ee1b36cb5732c367096ac76d119e64e14eb70d5f3c", 82
)
ASCII_MONET = PythonPackage("ascii-monet==0.0.6", "f21ba6f9a797beb3b694e314fcc48d26790408674ce7cfd6cee7bdeb549dec06", 4)
MORISOTS = DebianPackage("wordpress-theme-twentytwentyone", 3)
BIRDS = DebianPackage("wordpress-theme-twentytwentytwo", 4)
THEMES = "./usr/share/wordpress/wp-content/themes"


@dataclass(frozen=True)
class Painting:
    """A painting, and where a picture of it lies.

    >>> print(PAINTINGS["starry-night"])
    The Starry Night, Vincent van Gogh (1853–1890), 1889
    """

    title: str
    painter: str
    lived: str
    year: str
    carrier: PythonPackage | DebianPackage
    member: str  # the file in the package
    sha256: str  # of this file
    painted: tuple[int, int, int, int] | None = None  # left, top, right, bottom in pixels, without the canvas's edge

    def __str__(self) -> str:
        return f"{self.title}, {self.painter} ({self.lived}), {self.year}"


def _morisot(title: str, year: str, file: str, sha256: str) -> Painting:
    member = f"{THEMES}/twentytwentyone/assets/images/{file}"
    return Painting(title, "Berthe Morisot", "1841–1895", year, MORISOTS, member, sha256)


PAINTINGS = {
    "starry-night": Painting(
        "The Starry Night",
        "Vincent van Gogh",
        "1853–1890",
        "1889",
        OPENCV,
        "opencv_python_headless-5.0.0.93/opencv/samples/data/starry_night.jpg",
        "accda7a19a90f22a4a922fdc8c230167d7abf5f80882171e2cee125c5f12481d",
        painted=(18, 16, 730, 580),
    ),
    "pearl-earring": Painting(
        "Girl with a Pearl Earring",
        "Johannes Vermeer",
        "1632–1675",
        "about 1665",
        ASCII_MONET,
        "ascii_monet-0.0.6/src/ascii_monet/assets/pearl.png",
        "8d9d0593e1087c19545772ef3f0e0bdff0a2fc086b8c9fb424dc308b3cc66896",
    ),
    "reading": _morisot(
        "Reading", "1888", "Reading.jpg", "e042f6093bffe3b4269bd3daa97d997fdbf09006762f143d41b9b154f2c5e6c4"
    ),
    "hollyhocks": _morisot(
        "Hollyhocks",
        "1884",
        "roses-tremieres-hollyhocks-1884.jpg",
        "d69f58010e361ff3f135998085e6c2d8d22d710730b813c323cd5123b6214360",
    ),
    "orange-trees": _morisot(
        "Villa with Orange Trees, Nice",
        "1882",
        "villa-with-orange-trees-nice.jpg",
        "26c70bfb104df0dcd8e6e1676cc362520ff46194dab7691460744a82316ca225",
    ),
    "ducks": Painting(
        "Ducks (a detail of the woodblock print)",
        "Hashiguchi Goyō",
        "1880–1921",
        "1920",
        BIRDS,
        f"{THEMES}/twentytwentytwo/assets/images/ducks.jpg",
        "3859c3ab11f300e8daff5821a61a3c3ad198ab49c9e201b8ca955c1cac179234",
    ),
}
"""Name -> painting, with its painter and what carries it."""
