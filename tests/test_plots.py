"""Figures: what they show is what was given, each is described, and what cannot be drawn is refused in a sentence."""

import itertools

import matplotlib.style
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg

from nstlib import plots

PICTURE, WIDE = torch.rand(3, 20, 30), torch.rand(3, 20, 40)


def test_a_grid_has_a_name_for_each_row_and_column():
    figure = plots.grid({"β = 1": {"a": PICTURE, "b": WIDE}, "β = 10": {"a": PICTURE, "b": WIDE}})
    assert [axes.get_title() for axes in figure.axes] == ["a", "b", "", ""]
    assert [text.get_text() for text in figure.texts] == ["β = 1", "β = 10"]
    assert "Rows: β = 1, β = 10. Columns: a, b" in figure.alt
    for rows in ({}, {"x": {}}, {"x": {"a": PICTURE}, "y": {"b": PICTURE}}):
        with pytest.raises(ValueError, match="rows with the same names"):
            plots.grid(rows)


def test_long_names_of_a_grids_rows_are_not_cut_off():
    figure = plots.grid({"from the painting": {"a": PICTURE}, "its wide strokes alone": {"a": PICTURE}})
    FigureCanvasAgg(figure).draw()
    assert all(text.get_window_extent().x0 >= 0 for text in figure.texts)


def test_slabs_lie_one_behind_the_other():
    figure = plots.slabs(torch.rand(6, 8, 10), [0, 4, 5])
    lefts = [axes.get_position().x0 for axes in figure.axes]
    assert lefts == sorted(lefts, reverse=True) and "0, 4, 5" in figure.alt


def test_small_matrices_show_their_numbers():
    figure = plots.matrices({"G": torch.tensor([[5.0, -2.0], [-2.0, 10.0]])})
    assert [text.get_text() for text in figure.axes[0].texts] == ["5", "-2", "-2", "10"]
    assert figure.alt == "G: 5, -2 / -2, 10"
    assert figure.axes[0].images[0].norm.vmin == -10
    large = plots.matrices({"G": torch.ones(9, 9)})
    assert not large.axes[0].texts and "9 rows" in large.alt


def test_matrices_on_one_scale_have_one_colour_for_each_number():
    pair = {"small": torch.ones(2, 2), "large": torch.full((2, 2), -4.0)}
    own, shared = (plots.matrices(pair, one_scale=each).axes for each in (False, True))
    assert [(axes.images[0].norm.vmin, axes.images[0].norm.vmax) for axes in own] == [(0, 1), (-4, 4)]
    assert [(axes.images[0].norm.vmin, axes.images[0].norm.vmax) for axes in shared] == [(-4, 4)] * 2
    assert own[0].images[0].cmap != shared[0].images[0].cmap == shared[1].images[0].cmap


def test_rows_and_columns_of_a_matrix_have_names():
    (axes,) = plots.matrices({"cosine": torch.eye(2)}, rows=["a", "b"], columns=["c", "d"]).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["c", "d"]


def test_routes_end_where_they_end():
    route = torch.tensor([[0.5, 0.5], [0.2, 1.0]])
    figure = plots.paths(torch.rand(5, 5), {"downhill": route})
    line, end = figure.axes[0].lines
    assert line.get_xydata().tolist() == route.double().tolist() and end.get_xydata().tolist() == [route[-1].tolist()]
    with pytest.raises(ValueError, match="by name"):
        plots.paths(torch.rand(5, 5), {})


def test_gram_maps_share_a_scale_and_sort_by_the_second(unchecked):
    x, s = torch.diag(torch.tensor([1.0, 2.0, 3.0])), torch.diag(torch.tensor([4.0, 9.0, 1.0]))
    first, second, third = (axes.images[0] for axes in plots.gram_maps(x, s).axes[:3])
    assert second.get_array().diagonal().tolist() == [9, 4, 1] and first.get_array().diagonal().tolist() == [2, 1, 3]
    assert first.norm.vmax == second.norm.vmax == 9 and third.norm.vmin == -third.norm.vmax == -7
    with pytest.raises(ValueError, match="two Grams of one layer"):
        plots.gram_maps(x, torch.eye(2))


def test_shares_fill_each_bar():
    figure = plots.shares({"A": {"relu1_1": 1, "relu5_1": 3}, "B": {"relu1_1": 0.02, "relu5_1": 0.98}})
    widths = [bar.get_width() for bar in figure.axes[0].patches]
    assert widths == pytest.approx([0.25, 0.75, 0.02, 0.98])
    assert [text.get_text() for text in figure.axes[0].texts] == ["25%", "75%", "98%"]  # no room for 2 %
    assert "A: relu1_1 25%, relu5_1 75%" in figure.alt
    for tables in ({"A": {"a": -1, "b": 2}}, {"A": {"a": 0}}, {"A": {"a": 1}, "B": {"b": 1}}):
        with pytest.raises(ValueError, match="Expected the parts"):
            plots.shares(tables)


def test_the_dataflow_shows_each_picture_and_names_each_part():
    axes = plots.dataflow(PICTURE, WIDE, torch.rand(3, 30, 20)).axes[0]
    shapes = [image.get_extent() for image in axes.images]
    assert [round((right - left) / (top - bottom), 2) for left, right, bottom, top in shapes] == [1.5, 0.67, 2]
    words = " ".join(text.get_text() for text in axes.texts).replace("\n", " ")
    for part in ("C, the photo", "X, being made", "S, the painting", "network", "features of X", "Gram matrices of S"):
        assert part in words


def test_lines_differ_in_more_than_colour():
    figure = plots.curves({"a": [4.0, 2.0], "b": [3.0, 1.0]}, "E_l")
    styles = {(line.get_linestyle(), line.get_color()) for line in figure.axes[0].lines}
    assert len(styles) == 2 and len({style for style, _ in styles}) == 2
    assert figure.axes[0].get_yscale() == "log" and "a from 4 to 2" in figure.alt
    assert plots.curves({"a": [1.0]}, "J", log=False).axes[0].get_yscale() == "linear"


def test_a_scatter_has_a_dot_for_each_position():
    figure = plots.scatter({"cat": torch.rand(2, 50), "night": torch.rand(2, 7)}, ("filter 0", "filter 1"))
    assert [len(axes.collections[0].get_offsets()) for axes in figure.axes] == [50, 7]
    assert figure.axes[0].get_xlim() == figure.axes[1].get_xlim() and "mean product" in figure.alt


def test_histograms_share_bins_and_axes_and_count_parts_of_unequal_length_alike():
    before = {"S": torch.linspace(-1, 1, 400), "X": torch.full((7,), 0.3)}
    figure = plots.histograms({"before": before, "after": before | {"X": before["S"]}}, "number along θ")
    left, right = figure.axes
    assert left.get_xlim() == right.get_xlim() and left.get_ylim() == right.get_ylim()
    heights = [patch.get_xy()[:, 1].max() for patch in (*left.patches, *right.patches)]
    assert heights == pytest.approx([0.025, 1, 0.025, 0.025], abs=1e-3)
    assert (left.get_xlabel(), left.get_title(), right.get_title()) == ("number along θ", "before", "after")
    assert "before: S " in figure.alt and "X 0.3 ± 0;" in figure.alt


@pytest.mark.usefixtures("unchecked")
def test_histograms_of_unlike_panels_are_refused():
    with pytest.raises(ValueError, match=r"Expected the parts \['S'\] in every panel"):
        plots.histograms({"before": {"S": torch.ones(2)}, "after": {"X": torch.ones(2)}}, "number")
    with pytest.raises(ValueError, match="Expected parts of a panel by name, got nothing"):
        plots.histograms({"before": {}}, "number")


@pytest.mark.parametrize("line", [torch.zeros(0), torch.tensor([1.0, torch.nan])])
def test_histograms_of_no_numbers_are_refused(line):
    with pytest.raises(ValueError, match="Expected finite numbers in 'before'"):
        plots.histograms({"before": {"S": torch.ones(2), "X": line}}, "number")


def test_histograms_take_parts_in_any_order():
    one, two = torch.zeros(3), torch.ones(3)
    left, right = plots.histograms({"a": {"S": one, "X": two}, "b": {"X": two, "S": one}}, "number").axes
    assert [patch.get_label() for patch in left.patches] == [patch.get_label() for patch in right.patches]


def test_a_frontier_has_a_dot_for_each_picture_from_left_to_right():
    points = {"b": (0.5, 0.1), "a": (0.1, 0.7)}
    figure = plots.frontier({"a": PICTURE, "b": WIDE}, points, ("content lost", "style missing"))
    chart, *thumbnails = figure.axes
    assert chart.lines[0].get_xydata().tolist() == [[0.1, 0.7], [0.5, 0.1]]
    assert [axes.get_title() for axes in thumbnails] == ["a", "b"]
    shapes = [axes.get_window_extent() for axes in thumbnails]
    assert [round(box.width / box.height, 2) for box in shapes] == [1.5, 2]
    assert figure.alt == "content lost across and style missing up: a 0.1 and 0.7; b 0.5 and 0.1"


def test_a_frontier_of_many_pictures_shows_eight_of_them_the_first_and_last_too():
    points = {f"{n}": (n / 10, 1 / (n + 1)) for n in range(20)}
    chart, *thumbnails = plots.frontier(dict.fromkeys(points, PICTURE), points, ("x", "y")).axes
    titles = [axes.get_title() for axes in thumbnails]
    assert len(chart.lines[0].get_xydata()) == 20 and len(set(titles)) == 8
    assert titles[0] == "0" and titles[-1] == "19"


def test_a_frontier_needs_a_point_for_each_picture():
    with pytest.raises(ValueError, match="a point for each of a, b, got a"):
        plots.frontier({"a": PICTURE, "b": WIDE}, {"a": (0.0, 1.0)}, ("x", "y"))


def test_a_frontier_joins_whom_it_is_told_and_marks_the_others():
    points = {"a": (0.1, 0.7), "b": (0.2, 0.9), "c": (0.5, 0.1), "d": (0.2, 0.9)}
    figure = plots.frontier(dict.fromkeys(points, PICTURE), points, ("x", "y"), joined=["a", "c", "b"])
    line, squares = figure.axes[0].lines
    assert figure.alt == "x across and y up: a 0.1 and 0.7; b 0.2 and 0.9; d 0.2 and 0.9, a square; c 0.5 and 0.1"
    assert [tuple(xy) for xy in line.get_xydata()] == [(0.1, 0.7), (0.2, 0.9), (0.5, 0.1)]
    assert [tuple(xy) for xy in squares.get_xydata()] == [(0.2, 0.9)] and squares.get_linestyle() == "None"


@pytest.mark.parametrize(
    "draw",
    [
        plots.matrices,
        plots.shares,
        lambda given: plots.curves(given, "J"),
        lambda given: plots.histograms(given, "number"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_nothing_to_draw_is_refused(draw):
    for given in ({}, [1.0]):
        with pytest.raises(ValueError, match=r"Expected .* by name, got "):
            draw(given)


def test_whole_numbers_are_drawn_as_well():
    assert plots.matrices({"F": torch.tensor([[1, 2], [3, 4]])}).alt == "F: 1, 2 / 3, 4"


SQUARE = torch.tensor([[5.0, -2.0], [-2.0, 10.0]])
DRAWN = {
    "curves": lambda: plots.curves({"a": [4.0, 2.0], "b": [3.0, 1.0]}, "E_l"),
    "frontier": lambda: plots.frontier({"a": PICTURE}, {"a": (0.1, 0.2)}, ("x", "y")),
    "gram_maps": lambda: plots.gram_maps(SQUARE.abs(), SQUARE.abs() * 2),
    "grid": lambda: plots.grid({"β = 1": {"a": PICTURE}}),
    "histograms": lambda: plots.histograms({"a": {"S": SQUARE[0], "X": SQUARE[1]}}, "number"),
    "matrices": lambda: plots.matrices({"G": SQUARE}),
    "row": lambda: plots.row({"a": PICTURE}),
    "scatter": lambda: plots.scatter({"cat": SQUARE}, ("filter 0", "filter 1")),
    "shares": lambda: plots.shares({"A": {"relu1_1": 1, "relu5_1": 3}}),
    "slabs": lambda: plots.slabs(SQUARE.abs().expand(2, 2, 2), [0, 1]),
}


@pytest.mark.parametrize("name", DRAWN)
def test_a_dark_style_of_matplotlib_leaves_the_light_card_as_it_is(name):
    light = DRAWN[name]()._repr_html_()
    with matplotlib.style.context("dark_background"):
        dark = DRAWN[name]()._repr_html_()
    assert dark == light


def test_a_style_with_a_grid_puts_none_on_the_card():
    with matplotlib.style.context("ggplot"):
        axes = plots.curves({"a": [4.0, 2.0]}, "E_l").axes[0]
    assert not any(line.get_visible() for line in (*axes.get_xgridlines(), *axes.get_ygridlines()))


def test_a_dashed_line_goes_behind_the_numbers_on_the_bars():
    figure = plots.bars({"kept": {"share": 0.97}}, "share", line=1.0)
    FigureCanvasAgg(figure).draw()
    (axes,) = figure.axes
    (number,), (line,) = axes.texts, axes.lines
    ground, height = number.get_bbox_patch(), axes.transData.transform((0, 1))[1]
    box = number.get_window_extent()
    assert box.y0 < height < box.y1, "the line crosses no number: another line is needed here"
    assert ground.get_facecolor()[3] == 1 and number.get_zorder() > line.get_zorder()


def test_numbers_on_many_bars_do_not_run_into_each_other():
    rules = ("equal", "relative", "balanced")
    costs = {f"relu{n}_1": dict(zip(rules, (0.04160 * n, 0.04301 * n, 0.04288 * n), strict=True)) for n in range(1, 6)}
    figure = plots.bars(costs, "cost that is left")
    FigureCanvasAgg(figure).draw()
    boxes = sorted((text.get_window_extent() for text in figure.axes[0].texts), key=lambda box: box.x0)
    assert len(boxes) == 15 and all(one.x1 < other.x0 for one, other in itertools.pairwise(boxes))
    many = plots.bars({f"relu{n}_1": dict.fromkeys(rules, 124.0) for n in range(1, 6)}, "cost")
    assert {text.get_text() for text in many.axes[0].texts} == {"124"}
