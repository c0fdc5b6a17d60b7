import base64
import io
import re

import nbformat
import numpy as np
import pytest
import torch
from PIL import Image

from nstlib import painted, plots
from nstlib.authoring import outputs
from nstlib.authoring.outputs import MOST_BYTES, alike, keep
from nstlib.studio import still
from nstlib.studio.frames import jpeg

MASKS = [re.compile(r"≈ -?\d[\d.]*(e[-+]?\d+)?")]


def shown(figure):
    return nbformat.v4.new_output("display_data", data={"text/html": figure._repr_html_(), "text/plain": "<Plot>"})


def printed(text):
    return nbformat.v4.new_output("stream", name="stdout", text=text)


def image(output):
    (form,) = (form for form in output.data if form.startswith("image/"))
    return form, Image.open(io.BytesIO(base64.b64decode(output.data[form])))


def pictures(noise=0.0):
    picture = painted.paint("night", 128)
    rng = np.random.default_rng(0)
    return plots.row(
        {"night": (picture + torch.from_numpy(noise * rng.standard_normal(picture.shape))).float().clamp(0, 1)}
    )


def test_a_chart_becomes_a_small_png_with_its_description():
    (stored,) = keep([shown(plots.curves({"adam": [4.0, 1.0]}, ylabel="J <1>"))], checked=False)
    form, picture = image(stored)
    assert form == "image/png" and picture.width == round(7.5 * 160)
    assert len(stored.data[form]) * 3 / 4 < MOST_BYTES
    assert stored.metadata[form] == {"alt": "J <1> by step: adam from 4 to 1", "width": 720}
    assert stored.data["text/plain"] == stored.metadata[form]["alt"]


def test_many_pictures_become_a_jpeg_that_is_small_enough():
    painting = painted.paint("night", 128)
    rows = {f"{row}": {f"{turns}": painting.rot90(turns, (1, 2)) for turns in range(4)} for row in range(2)}
    (stored,) = keep([shown(plots.grid(rows))], checked=False)
    form, picture = image(stored)
    assert form == "image/jpeg" and len(stored.data[form]) * 3 / 4 <= MOST_BYTES
    assert picture.width >= 0.8 * stored.metadata[form].width


def test_what_is_stored_is_kept_as_it_is_and_a_table_too():
    table = plots.table({"relu1_1": {"cost": 0.5}})
    output = nbformat.v4.new_output(
        "execute_result", data={"text/markdown": table._repr_markdown_(), "text/plain": repr(table)}, execution_count=7
    )
    first = keep([shown(pictures()), output], checked=False)
    assert [set(each.data) for each in first] == [{"image/jpeg", "text/plain"}, {"text/markdown", "text/plain"}]
    assert keep(first, checked=False) == first


def test_a_studio_leaves_its_picture_and_a_sentence():
    noise = torch.rand(3, 400, 600, generator=torch.Generator().manual_seed(0))
    for picture in (painted.paint("night", 64), noise):  # the JPEG of the second is too large
        data = base64.b64encode(jpeg(picture, 80)).decode()
        page = still.TEMPLATE.format(data=data, alt="cat &lt;1&gt;, 60 steps.", caption="cat &lt;1&gt;. Run the cell.")
        live = nbformat.v4.new_output("display_data", data={"text/html": page, "text/plain": "<HTML>"})
        view = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "Desk"}
        stored, sentence = kept = keep([live, nbformat.v4.new_output("display_data", data=view)], checked=False)
        form, image_kept = image(stored)
        assert stored.metadata[form] == {"alt": "cat <1>, 60 steps.", "width": picture.shape[2]}
        assert len(stored.data[form]) * 3 / 4 <= MOST_BYTES and image_kept.width <= picture.shape[2]
        assert sentence.data["text/markdown"] == "cat <1>. Run the cell."
        assert keep(kept, checked=False) == kept
    nothing = nbformat.v4.new_output(
        "display_data", data={"text/html": still.NOTHING.format(more=""), "text/plain": "<HTML>"}
    )
    assert keep([nothing], checked=False) == []


def test_text_is_kept_of_checked_cells_alone():
    outputs = [printed("50 s\n"), nbformat.v4.new_output("execute_result", data={"text/plain": "42"})]
    assert not keep(outputs, checked=False) and len(keep(outputs, checked=True)) == 2


@pytest.mark.parametrize(
    ("new", "old", "same"),
    [
        ("left: ≈ 0.313, below 0.5", "left: ≈ 0.31, below 0.5", True),
        ("left: ≈ 0.4, below 0.5", "left: ≈ 0.31, below 0.5", False),
        ("gap: ≈ 3.0e-17, below 1e-12", "gap: ≈ 0, below 1e-12", True),
        ("left: ≈ 0.31, below 0.6", "left: ≈ 0.31, below 0.5", False),
        ("gone: ≈ 0.31, below 0.5", "left: ≈ 0.31, below 0.5", False),
        ("left: ≈ 0.31, below 0.5\nand: ≈ 1, above 0", "left: ≈ 0.31, below 0.5", False),
    ],
)
def test_masked_numbers_are_alike_where_they_are_close(new, old, same):
    assert alike([printed(new)], [printed(old)], MASKS) is same


def test_a_value_without_a_mask_must_be_the_same():
    def value(text):
        return [nbformat.v4.new_output("execute_result", data={"text/plain": text}, execution_count=1)]

    assert alike(value("100"), value("100"), MASKS) and not alike(value("100"), value("103"), MASKS)
    assert alike(value("≈ 100"), value("≈ 103"), MASKS)


def test_figures_are_alike_where_they_are_close():
    stored, noisy, other = (
        keep([shown(figure)], checked=False)
        for figure in (pictures(), pictures(0.01), plots.row({"night": painted.paint("mosaic", 128)}))
    )
    assert alike(noisy, stored, MASKS) and not alike(other, stored, MASKS)
    assert not alike(stored, [], MASKS) and not alike(stored, [printed("")], MASKS)


def test_numbers_of_a_table_are_alike_where_they_are_close():
    def table(cost):
        markdown = repr(plots.table({"relu1_1": {"cost": cost}}))
        return [nbformat.v4.new_output("display_data", data={"text/markdown": markdown, "text/plain": markdown})]

    assert alike(table(0.5), table(0.51), MASKS) and not alike(table(0.5), table(0.7), MASKS)


def test_the_masks_are_nbvals_own(tmp_path):
    (tmp_path / "sanitize.cfg").write_text("[a]\nregex: \\d+ s\nreplace: S\n", encoding="utf-8")
    assert [mask.pattern for mask in outputs.read_masks(tmp_path / "sanitize.cfg")] == [r"\d+ s"]
    assert outputs.read_masks(tmp_path / "missing.cfg") == []
