"""Record the README's picture of the studio, docs/studio.gif, in JupyterLab and Chromium: python -m docs.studio.

The film shows the desk at little more than half its size while β moves, one layer plays solo, the photo slides over the
picture, and two runs are compared.
"""

import contextlib
import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from nstlib.files import replacing
from tests.browser.opening import run, started_browser, started_lab, visit, write

SHOW = "from nstlib.studio import Studio\nstudio = Studio('cat', 'night', size=160, steps=60)\nstudio"
SECONDS = 0.2  # between two pictures
COLOURS = 64
WIDTH = 720


def main() -> None:
    """Open the studio, move its knobs, and save the film."""
    with contextlib.ExitStack() as stack:
        folder, home = (Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2))
        write(folder, SHOW)
        address, token = stack.enter_context(started_lab(folder, home))
        browser = stack.enter_context(started_browser(stack.enter_context(sync_playwright())))
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        visit(page, address, token, "test.ipynb")
        page.evaluate("() => jupyterapp.commands.execute('application:toggle-left-area')")
        run(page, 0)
        page.wait_for_function("() => document.querySelector('.nst-status').innerText.startsWith('Done')")
        frames = film(page, 3)
        press(page, "style weight β", "ArrowRight", 12)
        frames += film(page, 12)
        press(page, "style weight β", "ArrowLeft", 24)
        frames += film(page, 12)
        page.get_by_role("button", name="solo relu1_1", exact=True).click()
        frames += film(page, 12)
        press(page, "compare with the photo", "PageUp", 4)
        frames += film(page, 5)
        press(page, "compare with the photo", "Home", 1)
        page.get_by_role("button", name="solo relu1_1", exact=True).click()
        frames += film(page, 10)
        page.locator(".nst-runs button").first.click(modifiers=["Shift"])
        frames += film(page, 6)
    frames = [as_high(frame, max(each.height for each in frames)) for frame in frames]
    with replacing(Path(__file__).with_name("studio.gif")) as part:
        frames[0].save(
            part, "GIF", save_all=True, append_images=frames[1:], duration=int(SECONDS * 1000), loop=0, optimize=True
        )


def press(page, name: str, key: str, times: int) -> None:
    """Press a key on a slider."""
    page.get_by_role("slider", name=name, exact=True).focus()
    for _ in range(times):
        page.keyboard.press(key)


def film(page, count: int) -> list[Image.Image]:
    """Take pictures of the panel."""
    frames = []
    for _ in range(count):
        page.wait_for_timeout(SECONDS * 1000)
        picture = Image.open(io.BytesIO(page.locator(".nst-studio").screenshot())).convert("RGB")
        height = round(picture.height * WIDTH / picture.width)
        frames.append(picture.resize((WIDTH, height), Image.LANCZOS))
    return frames


def as_high(frame: Image.Image, height: int) -> Image.Image:
    """Lay a frame on white of this height: a comparison adds a line to the panel. Take few colours."""
    page = Image.new("RGB", (WIDTH, height), "white")
    page.paste(frame)
    return page.quantize(COLOURS)


if __name__ == "__main__":
    main()
