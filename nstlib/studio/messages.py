"""What a studio does when its desk sends a message: play, go back, save, take a file."""

import functools
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from nstlib.errors import NstError, in_words
from nstlib.studio import export, kernel, tasks
from nstlib.studio.desk import Desk
from nstlib.studio.frames import jpeg
from nstlib.studio.history import History, Run
from nstlib.studio.knobs import Knobs
from nstlib.studio.moves import Moves
from nstlib.studio.sources import KINDS, Sources
from nstlib.studio.view import View
from nstlib.studio.worker import Task
from nstlib.terminal import counted
from nstlib.transfer.settings import Settings

LARGE = (512, 1024)  # pixels that a picture can be rendered at
LOST = "lost on the way"  # what a front end has dropped that was sent beside a message
ENDED = ("done", "stopped", "failed")
# What messages besides moves are about: a new run, whether runs go on by themselves, and one step more, of which each
# counts
BEGUN, RUNNING, STEPPED = "begun", "running", "stepped"
_saving = threading.Lock()  # two that save at once would find the same free name


class Studio(Protocol):
    """What a message needs of a studio; `nstlib.studio.panel` has the class itself."""

    base: Settings
    desk: Desk
    first_knobs: Knobs
    history: History
    knobs: Knobs
    lock: AbstractContextManager
    moves: Moves
    playing: bool
    sources: Sources
    task: Task
    view: View

    def as_code(self) -> str:
        """The code that makes the picture that is shown."""

    def as_line(self) -> str:
        """The call that makes a studio like this one."""

    def go_back(self, run: Run) -> None:
        """Show a run from before."""

    def look(self, kind: str, layer: str) -> None:
        """Have a layer looked at."""

    def move(self, **knobs: Any) -> None:
        """Move knobs, and run."""

    def pause_clock(self) -> None:
        """Let no pause count as time of a step."""

    def put(self, knobs: Knobs) -> None:
        """Let the knobs stand here, without a run."""

    def send(self, *, now: bool = False, restart: bool = False, size: int | None = None) -> None:
        """Leave a request with the worker."""

    def show_thumbnails(self, kind: str, names: list[str]) -> None:
        """Have small pictures of these made for the desk."""

    def take(self, changes: dict[str, Any], moves: dict[str, int]) -> None:
        """Move knobs as a browser says, and run."""

    def start(self) -> None:
        """Run from the beginning."""


def on_message(studio: Studio, content: Any, buffers: list) -> None:
    """Do what a message asks; whatever goes wrong is said on the desk."""
    kind = content.get("kind") if isinstance(content, dict) else None
    if kind not in ACTIONS:
        return
    try:
        ACTIONS[kind](studio, content, buffers)
    except Exception as fault:
        with studio.lock:
            words = in_words(fault) or f"{fault}" or f"Something went wrong: {type(fault).__name__}."
            studio.desk.say(words, alert=True)


def _still_new(studio: Studio, content: dict, changes: dict[str, Any]) -> dict[str, Any]:
    """Return what of these changes no later message has overtaken; hold the lock until they are made."""
    moves = content.get("moves", {})
    return studio.moves.still_new(changes, moves) if _are_numbers(moves) else {}


def _are_numbers(moves: Any) -> bool:
    return isinstance(moves, dict) and all(isinstance(each, int) for each in moves.values())


def _newest(*groups: str) -> Callable:
    """Let a message do nothing once a newer one of its groups has arrived; the lock is held meanwhile."""

    def decorate(action: Callable) -> Callable:
        @functools.wraps(action)
        def act(studio: Studio, content: dict, buffers: list) -> None:
            with studio.lock:
                if len(_still_new(studio, content, dict.fromkeys(groups))) == len(groups):
                    action(studio, content, buffers)

        return act

    return decorate


def _move(studio: Studio, content: dict, buffers: list) -> None:
    changes, moves = content.get("changes"), content.get("moves")
    if isinstance(changes, dict) and _are_numbers(moves):
        studio.take(changes, moves)


def _play(studio: Studio, content: dict, buffers: list) -> None:
    with studio.lock:
        goes_on = _go_on(studio, content)
        if content.get("anew"):
            _begin(studio, content)
        elif goes_on:
            studio.desk.say("Running.", state="running")


def _go_on(studio: Studio, content: dict) -> bool:
    """Let runs go on by themselves, and return whether they do: a later message may have paused them."""
    if len(_still_new(studio, content, {RUNNING: None, STEPPED: None})) < 2:
        return False
    _resume(studio)
    return True


def _begin(studio: Studio, content: dict, size: int | None = None) -> None:
    """Run from the beginning, unless a later message has."""
    if _still_new(studio, content, {BEGUN: None}):
        studio.send(now=True, restart=True, size=size)


def _resume(studio: Studio) -> None:
    """Let runs go on by themselves again."""
    studio.playing = True
    studio.view.resume_clock()
    kernel.WORKER.resume(studio.task)


@_newest(RUNNING, STEPPED)
def _pause(studio: Studio, content: dict, buffers: list) -> None:
    if studio.desk.status.get("state") in ENDED and studio.task.run is None and not studio.task.waiting:
        return  # the run ended while this was on its way: the next move is to run
    studio.playing = False
    studio.pause_clock()
    kernel.WORKER.pause(studio.task)


def _step(studio: Studio, content: dict, buffers: list) -> None:
    with studio.lock:
        if studio.moves.overtaken(RUNNING, content.get("moves", {})):
            if content.get("anew"):
                _begin(studio, content)
            return
        _still_new(studio, content, {STEPPED: None})
        studio.playing = False
        studio.pause_clock()
        studio.view.resume_clock()
        kernel.WORKER.advance(studio.task)
        if content.get("anew"):
            _begin(studio, content)


def _restart(studio: Studio, content: dict, buffers: list) -> None:
    with studio.lock:
        _go_on(studio, content)
        _begin(studio, content)


def _large(studio: Studio, content: dict, buffers: list) -> None:
    if content.get("size") in LARGE:
        with studio.lock:
            _go_on(studio, content)
            _begin(studio, content, content["size"])


def _code(studio: Studio, content: dict, buffers: list) -> None:
    line = bool(content.get("line"))
    text = studio.as_line() if line else studio.as_code()
    studio.desk.post("code", text=text, line=line, to_do=export.to_do(text))


def _save(studio: Studio, content: dict, buffers: list) -> None:
    with studio.lock:
        run = studio.view.run
        if run is None:
            studio.desk.say("There is no picture yet: press play.", alert=True)
            return
        picture, film = run.picture, list(run.film)
    try:
        with _saving:
            kind = content.get("film")
            path = export.film_path(Path.cwd(), kind) if kind else export.picture_path(Path.cwd())
            with studio.lock:
                studio.desk.say(f"Writing {path.name} …", passing=True)
            if kind:
                export.film(film, path)
                said = f"Saved {path.name}: {counted(len(film), 'frame')} of this run."
            else:
                export.save(picture, run.request.settings, path, run.request.mask)
                said = f"Saved {path.name}, and its settings as {path.with_suffix('.json').name}."
        with studio.lock:
            studio.desk.say(said, passing=True)
    except OSError as fault:
        with studio.lock:
            studio.desk.say(f"Nothing was saved: {in_words(fault) or fault}", alert=True)


def _back(studio: Studio, content: dict, buffers: list) -> None:
    run, moves = studio.history.find(content.get("number")), content.get("moves", {})
    if not _are_numbers(moves):
        return
    with studio.lock:
        if run is None:
            studio.take({}, moves)  # so that the desk lets go of that run's knobs
            raise NstError("That run is no longer kept: only the newest runs are.")
        knobs = run.knobs.to_dict()
        begun = not _still_new(studio, content, {BEGUN: None})
        new = _still_new(studio, content, knobs)
        if not begun and len(new) == len(knobs):
            studio.moves.arrive(moves)
            studio.go_back(run)
        else:
            studio.take(new, moves)  # what came later stands, and asks for a run


@_newest("focus")
def _focus(studio: Studio, content: dict, buffers: list) -> None:
    layer = content.get("layer")
    if layer in studio.base.style_layers:
        studio.view.focus = layer
        studio.look("gram", layer)


def _pull(studio: Studio, content: dict, buffers: list) -> None:
    if content.get("layer") in studio.base.style_layers:
        studio.look("pull", content["layer"])


@_newest("task")
def _task(studio: Studio, content: dict, buffers: list) -> None:
    names = [task["name"] for task in studio.desk.spec["tasks"]]
    with studio.lock:
        studio.view.task = content["name"] if content.get("name") in names else ""
        studio.view.show_task()


def _solution(studio: Studio, content: dict, buffers: list) -> None:
    task = tasks.named(content.get("name"))
    with studio.lock:
        chosen = {"content": studio.knobs.content, "style": studio.knobs.style, "size": studio.knobs.size}
        solved = studio.first_knobs.moved(**chosen, **task.solution).to_dict()
        new = _still_new(studio, content, {name: value for name, value in solved.items() if name not in chosen})
        studio.put(studio.knobs.moved(**new))
        _go_on(studio, content)
        studio.start()
    studio.desk.post("why", text=task.why)


def _file(studio: Studio, content: dict, buffers: list) -> None:
    side, name = content.get("side"), str(content.get("name", "The file"))
    if "bytes" in content:
        raise NstError(
            f"'{name}' is {content['bytes'] / 1e6:.0f} MB; a picture brought here may be at most "
            f"{studio.desk.spec['max_bytes'] / 1e6:.0f} MB. Make it smaller, or give its path: Studio('…')."
        )
    if not buffers:  # some front ends lose what is sent beside a message
        raise NstError(f"The contents of '{name}' were {LOST}: give its path instead, Studio('…').")
    chosen = studio.sources.take(side, name, bytes(buffers[0]))
    studio.show_thumbnails(side, [chosen])
    with studio.lock:
        if _still_new(studio, content, {side: chosen}):
            studio.move(**{side: chosen})


def _mask(studio: Studio, content: dict, buffers: list) -> None:
    stroke = content.get("stroke")
    try:
        if not buffers:
            raise NstError(f"The mask was {LOST}: give it to nstlib.stylize instead, mask=….")
        name = studio.sources.keep_mask(bytes(buffers[0]))
    except Exception:
        studio.desk.post("mask", name=studio.knobs.mask, stroke=stroke, refused=True)  # the brush waits for an answer
        raise
    with studio.lock:
        overtaken = not _still_new(studio, content, {"mask": name})
        _post_mask(studio, name, stroke=stroke, overtaken=overtaken)
        if not overtaken and name != studio.knobs.mask:
            studio.move(mask=name)


def _post_mask(studio: Studio, name: str, **about: Any) -> None:
    """Show a mask to all views of the desk; the one in which it was painted knows it by its stroke."""
    mask = studio.sources.mask(name)
    studio.desk.post("mask", *([] if mask is None else [jpeg(mask.expand(3, -1, -1), 95)]), name=name, **about)


def _hello(studio: Studio, content: dict, buffers: list) -> None:
    for kind in KINDS:
        studio.show_thumbnails(kind, studio.sources.names(kind))
    with studio.lock:
        for name in studio.sources.masks():  # earlier runs may have others than the present one
            _post_mask(studio, name)
        studio.view.greet()


def _plain(studio: Studio, content: dict, buffers: list) -> None:
    _hello(studio, content, buffers)
    with studio.lock:
        studio.desk.say("This front end drops binary data, so pictures are now sent as text, which is slower.")


ACTIONS: dict[str, Callable] = {
    "move": _move,
    "play": _play,
    "pause": _pause,
    "step": _step,
    "restart": _restart,
    "large": _large,
    "code": _code,
    "save": _save,
    "back": _back,
    "focus": _focus,
    "pull": _pull,
    "task": _task,
    "solution": _solution,
    "file": _file,
    "mask": _mask,
    "plain": _plain,
    "hello": _hello,
}
