"""The desk's own JavaScript, on an empty page: a model notes what is sent, and no kernel answers."""

import base64
import io
import json

import pytest
from PIL import Image

from nstlib import networks
from nstlib.studio import Studio
from nstlib.studio.desk import Desk
from nstlib.studio.panel import SMALLER

pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e '.[test]'")
from playwright.sync_api import expect

pytestmark = pytest.mark.slow
MODEL = """async ([esm, state]) => {
  const heard = {};
  window.sent = [];
  window.state = state;
  window.model = {
    get: (name) => state[name],
    set: (name, value) => (state[name] = value),
    save_changes: () => {},
    send: (content, callbacks, buffers) => window.sent.push({ ...content, buffers: buffers?.length ?? 0 }),
    on: (event, listener) => (heard[event] ??= []).push(listener),
    off: (event, listener) => (heard[event] = heard[event].filter((each) => each !== listener)),
  };
  window.change = (name, value) => {
    state[name] = value;
    for (const listener of heard[`change:${name}`] ?? []) listener();
  };
  window.tell = (content, ...texts) => {
    const buffers = texts.map((text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
    for (const listener of heard['msg:custom'] ?? []) listener(content, buffers.map((each) => new DataView(each)));
  };
  const { default: desk } = await import(URL.createObjectURL(new Blob([esm], { type: 'text/javascript' })));
  window.close = desk.render({ model, el: document.body });
}"""
COVERED = """([x, y]) => {
  const canvas = document.querySelector('canvas.nst-brush');
  return canvas.getContext('2d').getImageData(x * canvas.width, y * canvas.height, 1, 1).data[3];
}"""


def jpeg(width, height, colour="white"):
    """A picture's bytes as text, as `tell` takes them."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "JPEG")
    return base64.b64encode(file.getvalue()).decode()


@pytest.fixture
def desk(browser):
    """Show a studio's desk of 900 pixels, whose photo is 96 × 64 pixels, and give its page."""
    page = browser.new_page(viewport={"width": 1000, "height": 900})
    page.set_content(f"<meta charset=utf-8><style>{Desk._css}</style>")
    studio = Studio("cat", "night", size=64)
    state = {"spec": studio.desk.spec, "knobs": studio.desk.knobs, "status": {"sentence": "", "alert": False}}
    studio.close()
    page.evaluate(MODEL, [Desk._esm, json.loads(json.dumps(state))])
    show(page, 96, 64)
    yield page
    page.close()


def show(page, width, height, step=0):
    """Send a frame, and wait until it is painted."""
    tell(page, {"kind": "frame", "run": 1, "step": step, "number": step + 1}, jpeg(width, height))
    expect(page.locator("canvas.nst-frame")).to_have_attribute("data-frame", f"1:{step}")


def tell(page, content, *texts):
    """Let a message arrive as if from the kernel."""
    page.evaluate("([content, texts]) => tell(content, ...texts)", [content, list(texts)])


def sent(page, kind):
    """What the desk has sent of a kind."""
    return [content for content in page.evaluate("() => sent") if content["kind"] == kind]


def stroke(page, share):
    """Paint a short stroke at this share of the picture's width and height."""
    box = page.locator("canvas.nst-brush").bounding_box()
    x, y = box["x"] + share * box["width"], box["y"] + share * box["height"]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 2, y)
    page.mouse.up()


def paint(page):
    page.get_by_role("button", name="paint a mask: where the photo stays", exact=True).click()


def strokes(page, count):
    """Wait for this many masks on their way, and return their strokes' names."""
    page.wait_for_function("count => sent.filter(({ kind }) => kind === 'mask').length === count", arg=count)
    return [content["stroke"] for content in sent(page, "mask")]


def test_a_second_stroke_before_the_answer_to_the_first_stays_in_the_mask(desk):
    paint(desk)
    for count, share in enumerate((0.3, 0.6), 1):
        stroke(desk, share)
        strokes(desk, count)
    for number, name in enumerate(strokes(desk, 2), 1):
        tell(desk, {"kind": "mask", "name": f"mask {number}", "stroke": name}, jpeg(96, 64))
        desk.evaluate(f"() => change('knobs', {{ ...state.knobs, mask: 'mask {number}' }})")
    for share in (0.3, 0.6):
        assert desk.evaluate(COVERED, [share, share]) == 255
    assert desk.evaluate(COVERED, [0.9, 0.1]) == 0


def test_a_stroke_answered_after_the_clear_that_followed_it_is_not_drawn_again(desk):
    paint(desk)
    stroke(desk, 0.3)
    desk.get_by_role("button", name="clear the mask: style everywhere", exact=True).click()
    first, second = strokes(desk, 2)
    numbers = [list(content["moves"].values()) for content in sent(desk, "mask")]
    assert numbers == sorted(numbers)
    tell(desk, {"kind": "mask", "name": "", "stroke": second})
    tell(desk, {"kind": "mask", "name": "mask 1", "stroke": first}, jpeg(96, 64))
    desk.evaluate("() => change('knobs', { ...state.knobs })")
    assert desk.evaluate(COVERED, [0.3, 0.3]) == 0


def test_all_that_is_asked_for_is_numbered_in_its_order(desk):
    desk.get_by_role("slider", name="style weight β", exact=True).press("ArrowRight")
    desk.get_by_role("button", name="more settings", exact=True).click()
    for name in ("one step", "restart", "save the picture and its settings beside the notebook"):
        desk.get_by_role("button", name=name, exact=True).click()
    chooser = desk.locator(".nst-style input[type=file]")
    chooser.set_input_files({"name": "own.png", "mimeType": "image/png", "buffer": b"any"})
    desk.wait_for_function("() => sent.some(({ kind }) => kind === 'file')")
    kinds = ("move", "step", "restart", "save", "file")
    told = [
        (content["kind"], *content["moves"].values())
        for content in desk.evaluate("() => sent")
        if content["kind"] in kinds
    ]
    assert [kind for kind, _ in told] == list(kinds) and [number for _, number in told] == sorted({n for _, n in told})


HISTORY = {"number": 4, "place": 1, "steps": 150}


@pytest.mark.parametrize("asked", [f"button[aria-label='{name}']" for name in ("run 1, 150 steps", "restart", "play")])
def test_what_is_asked_for_between_two_moves_of_one_frame_is_sent_and_numbered_between_them(desk, asked):
    tell(desk, {"kind": "history", **HISTORY, "knobs": {"beta": 10}}, jpeg(8, 8))
    desk.evaluate(
        """(asked) => {
          const [alpha, beta] = document.querySelectorAll('.nst-amounts input');
          const press = (slider) => slider.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight' }));
          [beta, beta].forEach(press); // the second waits for the next frame
          document.querySelector(asked).click();
          press(alpha);
        }""",
        asked,
    )
    desk.wait_for_function("() => sent.some(({ changes }) => changes?.alpha)")
    told = [content for content in desk.evaluate("() => sent") if content["kind"] not in ("hello", "focus", "seen")]
    moves = [list(content["changes"]) if content["kind"] == "move" else [] for content in told]
    assert moves == [["beta"], ["beta"], [], ["alpha"]]
    numbers = [next(iter(content["moves"].values())) for content in told]
    assert numbers == sorted(set(numbers))


def test_a_move_right_after_going_back_counts_from_the_run_that_comes_back(desk):
    """It is made before Python has answered."""
    desk.evaluate("() => change('knobs', { ...state.knobs, faders: { relu1_1: 2 }, muted: ['relu1_1'] })")
    before = desk.evaluate("() => ({ ...state.knobs, faders: { relu5_1: 4 }, muted: [] })")
    tell(desk, {"kind": "history", **HISTORY, "knobs": before}, jpeg(8, 8))
    desk.locator(".nst-runs button").click()
    expect(desk.get_by_role("button", name="mute relu1_1", exact=True)).to_have_attribute("aria-pressed", "false")
    desk.get_by_role("slider", name="λ relu2_1", exact=True).press("ArrowUp")
    desk.get_by_role("button", name="mute relu3_1", exact=True).click()
    desk.wait_for_function("() => sent.some(({ changes }) => changes?.muted)")
    told = [content["changes"] for content in sent(desk, "move")]
    assert told[0]["faders"] == {"relu2_1": pytest.approx(1.12202), "relu5_1": 4} and told[-1]["muted"] == ["relu3_1"]


def test_a_run_that_could_not_come_back_leaves_the_knobs_however_often(desk):
    before = desk.evaluate("() => ({ ...state.knobs, beta: 100, faders: { relu5_1: 4 } })")
    tell(desk, {"kind": "history", **HISTORY, "knobs": before}, jpeg(8, 8))
    beta = desk.get_by_role("slider", name="style weight β", exact=True)
    for _ in range(2):
        desk.locator(".nst-runs button").click()
        expect(beta).to_have_attribute("aria-valuetext", "100")
        moves = sent(desk, "back")[-1]["moves"]
        desk.evaluate("moves => change('knobs', { ...state.knobs, moves })", moves)
        expect(beta).to_have_attribute("aria-valuetext", "10")
    desk.get_by_role("slider", name="λ relu2_1", exact=True).press("ArrowUp")
    assert list(sent(desk, "move")[-1]["changes"]["faders"]) == ["relu2_1"]


def test_an_alert_of_before_takes_back_no_knob_that_waits_for_its_answer(desk):
    desk.evaluate("() => change('status', { sentence: 'Nothing was saved', alert: true })")
    tell(desk, {"kind": "history", **HISTORY, "knobs": {"beta": 100}}, jpeg(8, 8))
    desk.locator(".nst-runs button").click()
    desk.evaluate("() => change('status', { ...state.status, alt: 'another picture' })")
    beta = desk.get_by_role("slider", name="style weight β", exact=True)
    expect(beta).to_have_attribute("aria-valuetext", "100")


def test_a_move_confirmed_within_its_frame_is_not_sent_twice(desk):
    faults = []
    desk.on("pageerror", lambda fault: faults.append(fault))
    desk.evaluate(
        """async () => {
          const beta = document.querySelector('.nst-amounts .nst-row:last-child input');
          const press = () => beta.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight' }));
          press();
          press(); // this one waits for the next frame
          change('knobs', { ...state.knobs, beta: 11.2202, moves: sent.at(-1).moves });
          press();
          await new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)));
        }"""
    )
    assert [content["changes"]["beta"] for content in sent(desk, "move")] == [11.2202, 14.1254] and not faults


def test_a_desk_that_goes_says_so(desk):
    desk.evaluate("() => close()")
    assert [content["kind"] for content in desk.evaluate("() => sent")][-1] == "gone"


def test_a_desk_whose_kernel_has_ended_goes_quietly(desk):
    desk.evaluate("() => { model.send = () => { throw new Error('Cannot send') }; close() }")
    before = desk.locator("canvas.nst-frame").get_attribute("data-frame")
    tell(desk, {"kind": "frame", "run": 1, "step": 77}, jpeg(96, 64))
    assert desk.locator("canvas.nst-frame").get_attribute("data-frame") == before


def test_a_stroke_that_a_later_message_has_overtaken_is_taken_off_the_picture(desk):
    paint(desk)
    stroke(desk, 0.3)
    (name,) = strokes(desk, 1)
    tell(desk, {"kind": "mask", "name": "mask 1", "stroke": name, "overtaken": True}, jpeg(96, 64))
    assert desk.evaluate(COVERED, [0.3, 0.3]) == 0


def test_a_mute_under_a_solo_says_why_nothing_changes(desk):
    key = desk.locator(".nst-layers .nst-key")
    fader = desk.get_by_role("slider", name="λ relu3_1", exact=True)
    expect(key).to_have_text("bar: share of the pull")
    fader.press("s")
    expect(key).to_have_text("bar: share of the pull")
    fader.press("m")
    expect(key).to_have_text("solo is on: mutes wait")
    expect(desk.locator(".nst-layers [role=status]")).to_have_text("solo is on: mutes wait")
    fader.press("s")
    expect(desk.locator(".nst-layers [role=status]")).to_have_text("")
    expect(key).to_have_text("bar: share of the pull")


def test_a_layers_share_of_the_pull_has_a_name_of_its_own(desk):
    tell(desk, {"kind": "pulls", "shares": {"relu1_1": 0.25}})
    expect(desk.get_by_role("img", name="relu1_1 has 25 % of the pull", exact=True)).to_have_text("25 %")


def test_a_run_has_the_number_of_its_place_in_the_row(desk):
    for place, number in ((1, 4), (2, 9)):
        about = {"number": number, "place": place, "steps": 150, "knobs": {"beta": place}}
        tell(desk, {"kind": "history", **about}, jpeg(8, 8))
    runs = desk.locator(".nst-runs button")
    expect(runs).to_have_text(["1", "2"])
    runs.nth(1).click()
    assert sent(desk, "back")[0]["number"] == 9
    runs.nth(1).press("c")
    expect(desk.locator(".nst-differing")).to_contain_text("run 2 → now")


@pytest.mark.parametrize("how", ["mouse", "keys"])
def test_where_a_layer_pulls_gives_way_to_the_picture_that_its_fader_changes(desk, how):
    heat, fader = desk.locator("canvas.nst-heat"), desk.get_by_role("slider", name="λ relu3_1", exact=True)
    box = fader.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    if how == "mouse":
        desk.mouse.move(x, y)
    else:
        fader.press("p")
    desk.wait_for_function("() => sent.some(({ kind }) => kind === 'pull')")
    tell(desk, {"kind": "pull", "layer": "relu3_1", "width": 1, "height": 1}, base64.b64encode(b"9").decode())
    expect(heat).to_be_visible()
    if how == "mouse":
        desk.mouse.down()
        desk.mouse.move(x, y + 20, steps=4)
    else:
        fader.press("ArrowDown")
    expect(heat).to_be_hidden()
    tell(desk, {"kind": "pull", "layer": "relu3_1", "width": 1, "height": 1}, base64.b64encode(b"9").decode())
    expect(heat).to_be_hidden()  # its answer came late


def show_pull(page, layer):
    """Answer the question where a layer pulls, once it is asked."""
    page.wait_for_function("layer => sent.some(({ kind, layer: of }) => kind === 'pull' && of === layer)", arg=layer)
    tell(page, {"kind": "pull", "layer": layer, "width": 1, "height": 1}, base64.b64encode(b"9").decode())
    expect(page.locator("canvas.nst-heat")).to_be_visible()


def test_where_a_layer_pulls_is_asked_for_at_its_fader_and_its_name_and_nowhere_beside_them(desk):
    channel = desk.get_by_role("group", name="relu3_1", exact=True)
    for beside in (".nst-pull", ".nst-numbers", "[aria-label='solo relu3_1']", "[aria-label='mute relu3_1']"):
        channel.locator(beside).hover()
        desk.wait_for_timeout(400)
    assert not sent(desk, "pull")
    for there in (".nst-layer", "input"):
        channel.locator(there).hover()
        show_pull(desk, "relu3_1")
        desk.locator(".nst-bar").hover()
        expect(desk.locator("canvas.nst-heat")).to_be_hidden()


@pytest.mark.parametrize(("name", "key"), [("λ relu3_1", "s"), ("λ relu3_1", "m"), ("style weight β", "ArrowRight")])
def test_whatever_is_moved_while_the_mouse_rests_on_a_fader_the_picture_is_seen(desk, name, key):
    desk.get_by_role("slider", name="λ relu3_1", exact=True).hover()
    show_pull(desk, "relu3_1")
    desk.get_by_role("slider", name=name, exact=True).press(key)
    expect(desk.locator("canvas.nst-heat")).to_be_hidden()


@pytest.mark.parametrize("width", [320, 1000])
def test_where_a_layer_pulls_says_that_it_is_not_the_picture_and_how_to_see_that(desk, width):
    desk.set_viewport_size({"width": width, "height": 2000})
    fader, said = desk.get_by_role("slider", name="λ relu3_1", exact=True), desk.locator(".nst-heat-name")
    fader.hover()
    show_pull(desk, "relu3_1")
    expect(said).to_have_text("Not the picture: where relu3_1 pulls. Move the mouse away.")
    desk.locator(".nst-bar").hover()
    fader.press("p")
    show_pull(desk, "relu3_1")
    expect(said).to_have_text("Not the picture: where relu3_1 pulls. Press P again.")
    stage, box = desk.locator(".nst-stage").bounding_box(), said.bounding_box()
    assert stage["x"] <= box["x"] and box["x"] + box["width"] <= stage["x"] + stage["width"]
    assert box["height"] < 0.3 * stage["height"]


SLOW = "Done: 150 steps in 182.3 s." + SMALLER.format(network="vgg19", seconds=1.2, size=192, smaller=64)
SENTENCES = {
    "Back to run 1, after 150 steps. Moving a knob starts from its settings.": False,
    SLOW: False,
    f"Expected the name of a network, got 'nothing': choose from {', '.join(networks.ARCHITECTURES)}.": True,
    f"'{'x' * 200}.png' was not taken. It is no picture.": True,
}


@pytest.mark.parametrize("width", [320, 400, 640, 800, 900, 1000, 1050, 1100, 1280])
def test_a_longer_sentence_moves_nothing_and_all_of_it_can_be_read(desk, width):
    desk.set_viewport_size({"width": width, "height": 900})
    stage, status = desk.locator(".nst-stage"), desk.locator(".nst-status")
    before = stage.bounding_box()
    for sentence, alert in SENTENCES.items():
        desk.evaluate("([sentence, alert]) => change('status', { sentence, alert })", [sentence, alert])
        assert stage.bounding_box() == before
        longer = status.evaluate("e => e.scrollHeight > e.clientHeight")
        assert status.evaluate("e => e.matches('[tabindex=\"0\"]')") is longer  # so that arrow keys scroll it
    desk.evaluate("() => change('status', { sentence: 'Running.', alert: false })")
    assert not status.evaluate("e => e.matches('[tabindex]')")


@pytest.mark.parametrize("width", [640, 800, 1000, 1030, 1110, 1280])
def test_what_a_slow_network_leads_to_is_read_as_a_whole(desk, width):
    desk.set_viewport_size({"width": width, "height": 900})
    desk.add_style_tag(content="body { font-size: 13px }")  # JupyterLab's
    desk.evaluate("sentence => change('status', { sentence, alert: false })", SLOW)
    assert desk.locator(".nst-status").evaluate("e => e.scrollHeight <= e.clientHeight")


def test_that_something_was_saved_or_copied_is_said_until_the_next_action_begins(desk):
    said = desk.locator(".nst-said")
    desk.evaluate("() => Object.defineProperty(navigator, 'clipboard', { value: { writeText: async () => {} } })")
    desk.evaluate("() => change('status', { sentence: 'Done: 150 steps in 3.0 s.', alert: false })")
    for begin in (
        lambda: desk.get_by_role("slider", name="style weight β", exact=True).press("ArrowRight"),
        lambda: desk.get_by_role("combobox", name="task", exact=True).select_option("palette only"),
    ):
        desk.evaluate("() => change('status', { sentence: 'Saved studio_3.png.', alert: false, passing: true })")
        expect(said).to_have_text("Saved studio_3.png.")
        begin()
        expect(said).to_have_text("Done: 150 steps in 3.0 s.")
    desk.get_by_role("button", name="copy the code that makes this picture", exact=True).click()
    expect(said).to_have_text("Copying the code …")
    tell(desk, {"kind": "code", "text": "import nstlib", "line": False, "to_do": ""})
    expect(said).to_have_text("Copied the code.")
    tell(desk, {"kind": "code", "text": "import nstlib", "line": False, "to_do": "Put a path in."})
    expect(said).to_have_text("Copied the code. Put a path in.")
    desk.get_by_role("button", name="restart", exact=True).click()
    expect(said).to_have_text("Done: 150 steps in 3.0 s.")


def test_how_to_use_the_runs_is_said_once_there_is_one(desk):
    hint = desk.locator(".nst-history .nst-key")
    expect(hint).to_be_hidden()
    tell(desk, {"kind": "history", **HISTORY, "knobs": {"beta": 10}}, jpeg(8, 8))
    expect(hint).to_be_visible()


def test_the_symbols_of_a_task_have_their_subscripts(desk):
    desk.get_by_role("combobox", name="task", exact=True).select_option("still a cat")
    expect(desk.locator(".nst-meters sub")).to_have_text(["content", "c"])


def test_the_wiper_shows_no_handle_under_the_brush(desk):
    shown = "() => getComputedStyle(document.querySelector('.nst-wipe-line'), '::before').display !== 'none'"
    assert desk.evaluate(shown)
    paint(desk)
    assert not desk.evaluate(shown)


def test_a_mask_of_another_view_is_drawn(desk):
    paint(desk)
    tell(desk, {"kind": "mask", "name": "mask 1", "stroke": "another-1"}, jpeg(96, 64, "black"))
    desk.evaluate("() => change('knobs', { ...state.knobs, mask: 'mask 1' })")
    desk.wait_for_function(f"() => ({COVERED})([0.5, 0.5]) > 250")


def test_a_mask_of_another_view_leaves_a_stroke_under_way(desk):
    paint(desk)
    box = desk.locator("canvas.nst-brush").bounding_box()
    desk.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"])
    desk.mouse.down()
    desk.evaluate("() => change('knobs', { ...state.knobs, mask: 'mask 1' })")
    tell(desk, {"kind": "mask", "name": "mask 1", "stroke": "another-1"}, jpeg(96, 64))
    desk.wait_for_timeout(300)
    assert desk.evaluate(COVERED, [0.3, 0.3]) == 255
    desk.mouse.up()


def test_a_refused_stroke_does_not_bind_the_brush(desk):
    paint(desk)
    stroke(desk, 0.3)
    (name,) = strokes(desk, 1)
    tell(desk, {"kind": "mask", "name": "", "stroke": name, "refused": True})
    assert desk.evaluate(COVERED, [0.3, 0.3]) == 0
    stroke(desk, 0.6)
    (*_, name) = strokes(desk, 2)
    tell(desk, {"kind": "mask", "name": "mask 1", "stroke": name}, jpeg(96, 64))
    desk.evaluate("() => change('knobs', { ...state.knobs, mask: 'mask 1' })")
    desk.evaluate("() => change('knobs', { ...state.knobs, mask: '' })")
    assert desk.evaluate(COVERED, [0.6, 0.6]) == 0


def test_a_mask_covers_a_photo_of_another_shape_as_it_is_stretched(desk):
    paint(desk)
    for count, share in enumerate((0.2, 0.8), 1):
        stroke(desk, share)
        (*_, name) = strokes(desk, count)
    tell(desk, {"kind": "mask", "name": "mask 1", "stroke": strokes(desk, 2)[0]}, jpeg(96, 64))
    tell(desk, {"kind": "mask", "name": "mask 2", "stroke": name}, jpeg(96, 64))
    desk.evaluate("() => change('knobs', { ...state.knobs, mask: 'mask 2' })")
    desk.keyboard.press("Escape")
    show(desk, 64, 64, step=1)  # a square
    paint(desk)
    for share in (0.2, 0.8):
        assert desk.evaluate(COVERED, [share, share]) > 200


def test_an_alert_takes_back_only_what_was_sent(desk):
    desk.evaluate(
        """() => {
          const beta = document.querySelector('.nst-amounts .nst-row:last-child input');
          const key = () => new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true });
          for (let n = 0; n < 2; n++) beta.dispatchEvent(key());
          change('status', { sentence: 'no', alert: true });
        }"""
    )
    desk.wait_for_function("() => sent.filter(({ kind }) => kind === 'move').length === 2")
    assert [content["changes"] for content in sent(desk, "move")] == [{"beta": 11.2202}, {"beta": 12.5893}]


def test_the_last_picture_said_twice_is_one_frame_of_the_timeline(desk):
    timeline = desk.get_by_role("slider", name="frames of this run", exact=True)
    for step in range(1, 150):
        tell(desk, {"kind": "frame", "run": 1, "step": step}, jpeg(8, 8))
    tell(desk, {"kind": "frame", "run": 1, "step": 149}, jpeg(8, 8))
    expect(timeline).to_have_attribute("max", "149")


def test_an_earlier_frame_stays_while_the_run_goes_on(desk):
    timeline = desk.get_by_role("slider", name="frames of this run", exact=True)
    for step in (1, 2, 3):
        show(desk, 96, 64, step)
    timeline.evaluate(
        "range => { range.value = 1; range.dispatchEvent(new Event('input')); "
        f"tell({{ kind: 'frame', run: 1, step: 4, number: 9 }}, '{jpeg(96, 64)}') }}"
    )
    desk.wait_for_function("() => sent.some(({ kind, number }) => kind === 'seen' && number === 9)")
    expect(desk.locator("canvas.nst-frame")).to_have_attribute("data-frame", "1:1")
    expect(timeline).to_have_attribute("aria-valuetext", "step 2; meters show the last")
    timeline.press("End")
    expect(timeline).to_have_attribute("aria-valuetext", "step 5")


@pytest.mark.parametrize("width", [1000, 300])
def test_the_timeline_keeps_its_place_under_the_mouse_when_its_words_change(desk, width):
    desk.set_viewport_size({"width": width, "height": 900})
    timeline = desk.get_by_role("slider", name="frames of this run", exact=True)
    tell(desk, {"kind": "frame", "run": 1, "step": 148}, jpeg(96, 64))
    expect(timeline).to_have_attribute("aria-valuetext", "step 149")
    before = timeline.bounding_box()
    timeline.press("Home")
    expect(timeline).to_have_attribute("aria-valuetext", "step 1; meters show the last")
    assert timeline.bounding_box() == before


def test_a_frame_is_confirmed_where_that_is_asked_for(desk):
    for number in (7, 0, 8):
        tell(desk, {"kind": "frame", "run": 1, "step": 10 + number, "number": number}, jpeg(96, 64))
        expect(desk.locator("canvas.nst-frame")).to_have_attribute("data-frame", f"1:{10 + number}")
    desk.wait_for_function("() => sent.some(({ kind, number }) => kind === 'seen' && number === 8)")
    assert [content["number"] for content in sent(desk, "seen")][-2:] == [7, 8]


def test_a_frame_that_another_takes_the_place_of_is_confirmed_with_it(desk):
    """Else Python waits a second, and the picture stands."""
    desk.evaluate(
        f"() => {{ for (const number of [0, 2, 0]) "
        f"tell({{ kind: 'frame', run: 1, step: 10 + number, number }}, '{jpeg(96, 64)}') }}"
    )
    desk.wait_for_function("() => sent.some(({ kind, number }) => kind === 'seen' && number === 2)")
    timeline = desk.get_by_role("slider", name="frames of this run", exact=True)
    timeline.evaluate(
        f"range => {{ for (const number of [0, 4]) tell({{ kind: 'frame', run: 1, step: 20, number }}, "
        f"'{jpeg(96, 64)}'); range.value = 0; range.dispatchEvent(new Event('input')) }}"
    )
    desk.wait_for_function("() => sent.some(({ kind, number }) => kind === 'seen' && number === 4)")


def test_the_timeline_ends_at_the_last_frame_though_an_earlier_one_was_asked_for_while_it_came(desk):
    timeline = desk.get_by_role("slider", name="frames of this run", exact=True)
    for step in (1, 2):
        show(desk, 96, 64, step)
    timeline.evaluate(  # the last frame waits behind the one that is drawn, and gives way to the first
        f"range => {{ for (const step of [3, 4]) tell({{ kind: 'frame', run: 1, step, number: 0 }}, '{jpeg(96, 64)}'); "
        "range.value = 0; range.dispatchEvent(new Event('input')); }"
    )
    expect(desk.locator("canvas.nst-frame")).to_have_attribute("data-frame", "1:0")
    expect(timeline).to_have_attribute("aria-valuetext", "step 1; meters show the last")
    expect(timeline).to_have_attribute("max", "4")
    timeline.press("End")
    expect(timeline).to_have_attribute("aria-valuetext", "step 5")


def test_a_space_bar_that_is_held_down_plays_once(desk):
    fader = desk.get_by_role("slider", name="style weight β", exact=True)
    fader.focus()
    for _ in range(4):
        desk.keyboard.down(" ")
    assert len(sent(desk, "play")) == 1


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_the_wiper_is_dragged_at_any_height_of_the_picture(desk, share):
    tell(desk, {"kind": "photo"}, jpeg(96, 64, "black"))
    wiper = desk.get_by_role("slider", name="compare with the photo", exact=True)
    box, stage = wiper.bounding_box(), desk.locator(".nst-stage").bounding_box()
    assert box["height"] > 0.9 * stage["height"]
    y = stage["y"] + share * stage["height"]
    desk.mouse.move(stage["x"] + 6, y)  # the handle
    desk.mouse.down()
    desk.mouse.move(stage["x"] + stage["width"] / 2, y, steps=4)
    desk.mouse.up()
    assert 40 <= float(wiper.input_value()) <= 60


@pytest.mark.parametrize(("name", "down"), [("style weight β", False), ("λ relu3_1", True)])
def test_a_slider_is_dragged_by_the_mouse_and_its_thumb_rests_on_a_step(desk, name, down):
    slider = desk.get_by_role("slider", name=name, exact=True)
    box = slider.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    desk.mouse.move(x, y)
    desk.mouse.down()
    desk.mouse.move(x + (0 if down else 40.3), y + (20.3 if down else 0), steps=5)
    desk.mouse.up()
    before, place = 0.0 if down else 1.0, float(slider.input_value())
    assert (place < before if down else place > before) and place == pytest.approx(round(place / 0.05) * 0.05)
    assert sent(desk, "move")


def test_bytes_that_are_lost_are_said_once(desk):
    for _ in range(3):
        tell(desk, {"kind": "thumbnail", "side": "style", "name": "night"})
    assert len(sent(desk, "plain")) == 1


def test_a_knob_that_changes_nothing_is_idle_and_says_why(desk):
    desk.get_by_role("button", name="more settings", exact=True).click()
    seed = desk.get_by_role("slider", name="seed", exact=True)
    chroma = desk.get_by_role("slider", name="chroma smoothness", exact=True)
    expect(seed).to_be_disabled()
    expect(chroma).to_be_enabled()
    desk.evaluate("() => change('knobs', { ...state.knobs, init: 'noise', colour: 'photo' })")
    expect(seed).to_be_enabled()
    expect(chroma).to_be_disabled()
    assert "colours stay" in chroma.get_attribute("title")


@pytest.mark.parametrize(
    ("role", "name", "words"),
    [
        ("slider", "chroma smoothness", "leaves light and dark"),
        ("slider", "total variation", "neighbouring pixels"),
        ("combobox", "convention", "five families of programs"),
        ("checkbox", "go on from this picture", "instead of starting anew"),
    ],
)
def test_a_knob_whose_name_says_little_is_explained_to_eyes_and_ears(desk, role, name, words):
    desk.get_by_role("button", name="more settings", exact=True).click()
    control = desk.get_by_role(role, name=name, exact=True)
    assert words in control.get_attribute("aria-description")
    assert words in control.evaluate("e => e.closest('.nst-row').title")
    desk.evaluate("() => change('knobs', { ...state.knobs, colour: 'photo' })")
    desk.evaluate("() => change('knobs', { ...state.knobs, colour: 'style' })")
    assert words in control.get_attribute("aria-description")  # not lost by having rested for a reason


def test_the_head_of_the_faders_is_a_key_to_them(desk):
    expect(desk.locator(".nst-layers .nst-head")).to_contain_text("fader: × the rule's λ")
    assert "compare the bars" in desk.locator(".nst-layers .nst-head > span").first.get_attribute("title")
    assert "compare the bars" in desk.locator(".nst-lambda").first.get_attribute("title")


def test_the_bound_of_a_task_is_said_of_a_number_that_is_named(desk):
    desk.get_by_role("combobox", name="task", exact=True).select_option("palette only")
    words = "share left of relu4_1's cost and of relu5_1's, the smaller of the two: above 0.7"
    expect(desk.locator(".nst-meter").last).to_contain_text(words)


def test_small_numbers_are_said_rightly(desk):
    tell(desk, {"kind": "run", "layers": ["relu1_1"], "weights": [1e-12]})
    expect(desk.locator(".nst-lambda").first).to_have_text("λ 1 × 10⁻¹²")
