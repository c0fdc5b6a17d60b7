"""Make docs/large.jpg, the performance page's large pictures: python docs/large.py."""

from pathlib import Path

from nstlib import Settings, painted, pictures, stylize
from nstlib.files import replacing
from nstlib.plots import sheets

SIDE = 1024
STEPS = 120
RUNS = {
    f"{SIDE // 4} px, full size alone": Settings(size=SIDE // 4, steps=STEPS, plateau=0, scales=1),
    f"{SIDE} px, full size alone": Settings(size=SIDE, steps=STEPS, plateau=0, scales=1),
    f"{SIDE} px, coarse to fine": Settings(size=SIDE, steps=STEPS, plateau=0),
}


def eye(picture: sheets.Picture) -> sheets.Picture:
    """Cut out a fifth of the height and of the width, around the cat's left eye."""
    height, width = picture.shape[1:]
    top = round(0.38 * height)
    left = round(0.53 * width)
    return picture[:, top : top + height // 5, left : left + width // 5]


def main() -> None:
    """Paint the cat three times, and lay each picture above a part of it."""
    photo = pictures.sample("cat", SIDE)
    style = painted.paint("night", SIDE)
    results = {name: stylize(photo, style, settings) for name, settings in RUNS.items()}
    sheet = sheets.grid({"whole": results, "a part": {name: eye(picture) for name, picture in results.items()}})
    with replacing(Path(__file__).with_suffix(".jpg")) as part:
        sheet.savefig(part, format="jpg", dpi=180, pil_kwargs={"quality": 88})


if __name__ == "__main__":
    main()
