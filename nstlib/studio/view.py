"""What a studio's desk shows of a run: frames, costs, pulls and sentences. Whoever calls it holds the panel's lock."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from nstlib import engine, pictures
from nstlib.errors import in_words
from nstlib.studio import runs, tasks
from nstlib.studio.desk import Desk
from nstlib.studio.frames import jpeg
from nstlib.studio.history import WORTH, History, Run
from nstlib.studio.requests import LARGEST_CACHED
from nstlib.studio.runs import GramPictures, RunStarted
from nstlib.terminal import counted
from nstlib.transfer import Picture, Step

COST_SECONDS = 0.2  # between two messages about costs
GRAM_SECONDS = 0.5  # between two looks at a layer's Gram matrices
READY = "Ready: press play, or step."


class View:
    """The newest run, and what the desk is told of it.

    run: whose picture is shown; the one that has begun takes its place with its first step. focus: the layer whose
    Gram matrices are shown. task: the name of the task whose conditions are measured. look: has a layer's Gram matrices
    looked at, beside the run.
    """

    def __init__(self, desk: Desk, history: History, look: Callable[[], None]) -> None:
        self.desk = desk
        self.history = history
        self.look = look
        self.run: Run | None = None
        self.focus = ""
        self.task = ""
        self.note = ""  # what is said after each sentence, until a run is done
        self._next: Run | None = None
        self._sent = 0  # steps of the run whose costs the browser has
        self._scales: runs.Scales | None = None
        self._playing = True
        self._previewed = False
        self._rule_told = True
        self._photo: tuple[Picture | None, int] = (None, 0)  # that the browser has
        self._clock = self._costs_sent = self._gram_sent = 0.0

    def begin(self, playing: bool) -> None:
        """Say that a run begins."""
        self._playing = playing
        self._previewed = False
        self._next = None
        self.resume_clock()
        self._say("Running." if playing else READY, "running" if playing else "ready")

    def started(self, run: Run, started: RunStarted) -> None:
        """Show the photo beside which the picture will stand; λ_l of the rule come with the picture, lest it wait."""
        self._next = run
        run.settle(started)
        self._scales = runs.Scales(run.request, run.request.settings)
        if self._playing and run.is_large:
            self._say(f"Running at {run.request.settings.size} pixels, which takes longer.", "running")
        self._show_photo(run)
        self._rule_told = False
        if not self._playing:
            self._show_rule(run)

    def preview(self, picture: Picture) -> None:
        """Show what the first step leads to, before it is made; not to somebody who goes step by step."""
        if self._playing:
            self._previewed = True
            # Frames of the run before, still on their way, must not hold it up
            self._next.keep_frame(1, self.desk.show(picture, last=True, run=self._next.number, step=1))
            self._show_rule(self._next)

    def step(self, step: Step) -> None:
        """Show a step, as far as the browser can follow."""
        if self.run is not self._next:
            self._take_over()
        run = self.run
        run.seconds += self.resume_clock()
        run.picture = step.picture
        run.costs.append([step.total, *self._scales.terms(step)])
        run.left = self._scales.left(step)
        self._show(run, step)
        if not self._rule_told:
            self._show_rule(run)
        moment = time.monotonic()
        if moment - self._costs_sent > COST_SECONDS:
            self._costs_sent = moment
            self.send_costs()
        if moment - self._gram_sent > GRAM_SECONDS:
            self._gram_sent = moment
            self.look()

    def resume_clock(self) -> float:
        """Return the seconds since the last step, and count anew: a pause takes no time."""
        before, self._clock = self._clock, time.perf_counter()
        return self._clock - before

    def _show(self, run: Run, step: Step) -> None:
        """Send a step's picture, if there is room and the preview has not shown it, and keep it for the film."""
        if self._previewed and step.index < 2:
            return
        data = self.desk.show(step.picture, now=step.index < 2, run=run.number, step=step.index)
        if data and min(step.picture.shape[1:]) <= LARGEST_CACHED:
            run.keep_frame(step.index, data)

    def _take_over(self) -> None:
        """Let the new run's picture stand where the one before stood."""
        if self.run is not None and self.run.steps >= WORTH:
            self.remember(self.run)
        self.run = self._next
        self._sent = 0
        self.desk.post("costs", run=self.run.number, first=0, rows=[])

    def send_costs(self) -> None:
        """Send the costs that have gathered, the speed, and how far the task is solved."""
        run = self.run
        first, self._sent = self._sent, run.steps
        self.desk.post("costs", run=run.number, first=first, rows=run.costs[first:], speed=self.speed())
        self.show_task()

    def show_task(self) -> None:
        """Measure the task's conditions on the last picture of the run that is shown."""
        if self.task and self.run is not None and self.run.left:
            conditions = tasks.named(self.task).conditions
            found = [[each.measure(self.run.left), each.met(self.run.left)] for each in conditions]
            self.desk.post("task", name=self.task, found=found)

    def show_pulls(self, shares: dict[str, float]) -> None:
        """Show each layer's share of the pull at the picture."""
        self.run.shares = shares
        self.desk.post("pulls", shares=shares)

    def show_gram(self, layer: str, gram: GramPictures) -> None:
        """Show a layer's Gram matrices: of the style, of the picture, and their difference."""
        matrices = [each.tobytes() for each in (gram.style, gram.current, gram.difference)]
        self.desk.post("gram", *matrices, layer=layer, side=len(gram.style), scale=gram.scale)

    def speed(self) -> str:
        """Return steps, steps a second, device, precision and network in a line."""
        plan = engine.plan()
        precision = str(plan.dtype).removeprefix("torch.")
        rate = f"{self.run.steps / self.run.seconds:.0f} steps a second · " if self.run.seconds else ""
        return f"step {self.run.steps} · {rate}{plan.device}, {precision} · {self.run.request.network}"

    def end(self, event: str, fault: Exception | None) -> None:
        """Show the last picture, and say how the run ended."""
        run = self.run if self.run is self._next and event != "dropped" else None
        steps = counted(run.steps if run else 0, "step")
        if run is not None and run.picture is not None:
            run.keep_frame(run.steps - 1, self.desk.show(run.picture, last=True, run=run.number, step=run.steps - 1))
            self.send_costs()
            self.look()
        if event == "done":
            self.remember(run)  # first: whoever hears the end may ask
            size = run.request.settings.size
            large = f" To keep it at {size} pixels, open “more” and press “save picture”." if run.is_large else ""
            self._say(f"Done: {steps} in {run.seconds:.1f} s.{large}", "done")
            self.note = ""  # it has been said
        elif event == "paused":
            self._say(f"Paused after {steps}." if run else READY, "paused" if run else "ready")
        elif event == "stopped":
            self._say(f"Stopped after {steps}.", "stopped")
        elif event == "dropped":
            self._say("Stopped before the first step.", "stopped")
        else:
            self.fail(fault)

    def fail(self, fault: Exception) -> None:
        """Say what went wrong."""
        words = in_words(fault) or f"{fault}" or f"Something went wrong: {type(fault).__name__}."
        self.desk.say(words, alert=True, state="failed")

    def remember(self, run: Run) -> None:
        """Put a run into the row of those before."""
        if self.history.keep(run):
            self._show_remembered(run)

    def greet(self) -> None:
        """Show all that there is to a browser that has just opened the desk, or opened it again."""
        for run in self.history:
            self._show_remembered(run)
        self._photo = (None, 0)
        if self.run is not None and self.run.picture is not None:
            self._show_all(self.run)
        if self._next is not None and self._next is not self.run:  # about to take its place
            self._show_photo(self._next)
            self._show_rule(self._next)

    def back(self, run: Run) -> None:
        """Show a run from before again, with all that belongs to it."""
        if self.run is not None and self.run.steps >= WORTH:
            self.remember(self.run)
        self.run = self._next = run
        self._show_all(run)
        after = f"Back to run {run.place}, after {counted(run.steps, 'step')}."
        self._say(f"{after} Moving a knob starts from its settings.", "done")

    def _show_all(self, run: Run) -> None:
        self._show_photo(run)
        self._show_rule(run)
        if run.shares:
            self.desk.post("pulls", shares=run.shares)
        self.desk.post("film", *(data for _, data in run.film), run=run.number, steps=[index for index, _ in run.film])
        self.desk.show(run.picture, last=True, run=run.number, step=run.steps - 1)
        self._sent = 0
        self.send_costs()
        self.look()

    def _show_photo(self, run: Run) -> None:
        """Send the photo, unless the browser has it."""
        content, size = run.request.content, run.request.settings.size
        if content is not self._photo[0] or size != self._photo[1]:
            self._photo = content, size
            self.desk.post("photo", jpeg(pictures.resize(content, size)))

    def _show_rule(self, run: Run) -> None:
        self._rule_told = True
        self.desk.post("run", number=run.number, layers=list(run.rule), weights=list(run.rule.values()))

    def _show_remembered(self, run: Run) -> None:
        about = {"number": run.number, "place": run.place, "steps": run.steps, "knobs": run.knobs.to_dict()}
        self.desk.post("history", jpeg(run.picture), **about)

    def _say(self, sentence: str, state: str) -> None:
        alt = ""
        if self.run is not None and self.run.picture is not None:
            height, width = self.run.picture.shape[1:]
            alt = f"the picture after {counted(self.run.steps, 'step')}, {height} by {width} pixels"
        self.desk.say(sentence + self.note, state=state, alt=alt)


def look_gram(asked: tuple[Run, str], check: Callable[[], None]) -> Iterator[tuple[str, Any]]:
    """Yield a layer's name and its Gram matrices at a run's picture."""
    run, layer = asked
    yield layer, runs.gram_pictures(run.request, run.request.settings, layer, run.picture, check=check)


def look_pull(asked: tuple[Run, str], check: Callable[[], None]) -> Iterator[tuple[str, Any]]:
    """Yield a layer's name and where it pulls at a run's picture."""
    run, layer = asked
    yield layer, runs.pull_map(run.request, run.request.settings, layer, run.picture, check=check)
