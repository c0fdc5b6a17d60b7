"""The worker without widgets or torch: newest request wins, stops inside a step, never dies, leaves nothing behind."""

import contextvars
import gc
import threading
import time
import weakref

import pytest

from nstlib.studio import worker as module
from nstlib.studio.worker import Stopped, Task, Worker
from tests.studio.waiting import until


class Panel:
    """A panel that writes down what is reported to it."""

    def __init__(self, worker, length=5, pause=0.005, fail=None, patient=False):
        self.events = []
        self.length = length
        self.pause = pause
        self.fail = fail
        self.worker = worker
        self.task = Task(self.make, self.report, patient=patient)

    def make(self, request, check):
        for number in range(self.length):
            for _ in range(10):
                check()
                time.sleep(self.pause / 10)
            if self.fail == number:
                raise ValueError("the solver's own fault")
            yield request, number

    def report(self, event, value):
        self.events.append((event, value))

    def submit(self, request, **how):
        self.worker.submit(self.task, request, **how)

    def kinds(self):
        return [event for event, _ in list(self.events)]


@pytest.fixture
def worker():
    made = Worker()
    yield made
    made.stop_all()


def test_a_request_runs_to_its_end(worker):
    panel = Panel(worker)
    panel.submit("a")
    until(lambda: "done" in panel.kinds())
    assert panel.events == [("started", "a"), *(("item", ("a", n)) for n in range(5)), ("done", None)]
    assert not worker.busy()


def test_a_thousand_requests_end_in_the_last_and_few_runs(worker):
    panel = Panel(worker, length=3)
    for number in range(1000):
        panel.submit(number)
    until(lambda: "done" in panel.kinds())
    started = [value for event, value in panel.events if event == "started"]
    assert started[-1] == 999 and panel.kinds().count("done") == 1 and len(started) < 100


def test_a_new_request_stops_the_old_run_inside_its_step(worker):
    panel = Panel(worker, length=1000, pause=1.0)
    panel.submit("slow", now=True)
    until(lambda: "started" in panel.kinds())
    panel.pause = 0.001
    panel.submit("next", now=True)
    until(lambda: ("started", "next") in panel.events)
    assert ("item", ("slow", 0)) not in panel.events


def test_what_was_made_when_the_run_was_stopped_is_not_reported(worker):
    panel = Panel(worker)
    begun = threading.Event()

    def make(request, check):
        begun.set()
        until(lambda: panel.task.run.cancelled.is_set())
        yield "too late"

    panel.task.make = make
    panel.submit("a")
    begun.wait()
    worker.stop_all()
    until(lambda: "stopped" in panel.kinds())
    assert panel.events == [("started", "a"), ("stopped", None)]


def test_a_long_drag_still_starts_runs(worker, monkeypatch):
    monkeypatch.setattr(module, "LONGEST_WAIT", 0.05)
    monkeypatch.setattr(module, "PAUSE", 60.0)
    panel = Panel(worker, length=1)
    for number in range(60):
        panel.submit(number)
        time.sleep(0.005)
    until(lambda: "started" in panel.kinds())
    panel.task.due = 0
    worker.pause(panel.task)


def test_pause_step_and_resume(worker):
    panel = Panel(worker, length=6)
    worker.pause(panel.task)
    panel.submit("a")
    worker.advance(panel.task)
    until(lambda: "paused" in panel.kinds())
    time.sleep(0.05)
    assert panel.kinds() == ["started", "item", "paused"]
    worker.advance(panel.task)
    until(lambda: panel.kinds().count("paused") == 2)
    assert panel.kinds().count("item") == 2
    worker.resume(panel.task)
    until(lambda: "done" in panel.kinds())
    assert panel.kinds().count("item") == 6


def test_a_pause_is_told_also_when_it_comes_in_another_task_s_turn(worker):
    busy, panel = Panel(worker, length=400), Panel(worker, length=10**6, pause=0)
    busy.submit("a")
    panel.submit("b")
    until(lambda: panel.kinds().count("item") > 3)
    for _ in range(20):
        told = panel.kinds().count("paused")
        until(lambda: any(task is busy.task for task in worker._tasks))
        worker.pause(panel.task)
        until(lambda told=told: panel.kinds().count("paused") == told + 1)
        count = panel.kinds().count("item")
        time.sleep(0.01)
        assert panel.kinds().count("item") == count
        worker.resume(panel.task)


def test_a_paused_run_takes_a_new_request(worker):
    panel = Panel(worker, length=50)
    panel.submit("a")
    until(lambda: "item" in panel.kinds())
    worker.pause(panel.task)
    panel.submit("b")
    worker.advance(panel.task)
    until(lambda: ("started", "b") in panel.events)


def test_two_panels_take_turns_on_one_thread(worker):
    before = set(threading.enumerate())
    first, second = Panel(worker, length=40), Panel(worker, length=40)
    first.submit("a", now=True)
    second.submit("b", now=True)
    until(lambda: "done" in first.kinds() and "done" in second.kinds())
    assert first.kinds().count("item") == second.kinds().count("item") == 40
    assert [thread.name for thread in set(threading.enumerate()) - before] == ["nst-studio"]


def test_a_fault_of_the_solver_is_reported_and_the_next_request_runs(worker):
    panel = Panel(worker, fail=2)
    panel.submit("a")
    until(lambda: "failed" in panel.kinds())
    assert str(panel.events[-1][1]) == "the solver's own fault"
    panel.fail = None
    panel.submit("b")
    until(lambda: "done" in panel.kinds())


def test_a_panel_that_fails_to_show_is_closed_and_harms_no_other(worker):
    broken, sound = Panel(worker), Panel(worker)

    def report(event, value):
        raise RuntimeError("the widget is gone")

    broken.task.report = report
    broken.submit("a", now=True)
    sound.submit("b", now=True)
    until(lambda: "done" in sound.kinds())
    assert broken.task.closed


def test_reports_speak_in_the_context_that_made_the_task(worker):
    message = contextvars.ContextVar("message", default="the last one of all")
    messages = []

    def made():
        message.set("the cell's")
        return Task(lambda request, check: iter([1]), lambda event, value: messages.append(message.get()))

    worker.submit(contextvars.Context().run(made), "a", now=True)
    until(lambda: len(messages) == 3)
    assert set(messages) == {"the cell's"}


def test_a_closed_task_reports_nothing_and_is_forgotten(worker):
    panel = Panel(worker, length=1000)
    panel.submit("a", now=True)
    until(lambda: "item" in panel.kinds())
    worker.close(panel.task)
    until(lambda: not worker.busy())
    count = len(panel.events)
    panel.submit("b", now=True)
    time.sleep(0.05)
    assert len(panel.events) == count
    alive = weakref.ref(panel)
    del panel
    gc.collect()
    assert alive() is None


def test_stop_all_stops_every_run(worker):
    panels = [Panel(worker, length=1000) for _ in range(3)]
    for panel in panels:
        panel.submit("a", now=True)
    until(lambda: all("item" in panel.kinds() for panel in panels))
    worker.stop_all()
    until(lambda: not worker.busy())
    assert all(panel.kinds()[-1] == "stopped" for panel in panels)


def test_the_thread_ends_when_idle_and_another_starts(worker, monkeypatch):
    monkeypatch.setattr(module, "IDLE", 0.05)
    panel = Panel(worker, length=1)
    panel.submit("a")
    until(lambda: "done" in panel.kinds())
    until(lambda: not [t for t in threading.enumerate() if t is worker._thread])
    panel.submit("b")
    until(lambda: panel.kinds().count("done") == 2)


def test_a_run_that_swallows_everything_but_stopped_is_still_stopped(worker):
    def make(request, check):
        while True:
            check()
            try:
                raise ValueError
            except ValueError:
                pass
            yield request

    events = []
    task = Task(make, lambda event, value: events.append(event))
    worker.submit(task, "a", now=True)
    until(lambda: "item" in events)
    worker.stop(task)
    until(lambda: "stopped" in events)
    with pytest.raises(Stopped):
        raise Stopped


def test_patient_tasks_leave_most_turns_to_the_others_and_get_all_when_they_are_alone(worker):
    order = []
    panels = [Panel(worker, length=40, pause=0, patient=patient) for patient in (False, True, True)]
    for name, panel in zip(("urgent", "one", "two"), panels, strict=True):
        report = panel.task.report
        panel.task.report = lambda event, value, name=name, report=report: (
            order.append(name) if event == "item" else None,
            report(event, value),
        )
        panel.submit(name, now=True)
    until(lambda: all("done" in panel.kinds() for panel in panels))
    until_last = order[: len(order) - order[::-1].index("urgent")]
    assert 5 <= len(until_last) - until_last.count("urgent") <= 20
    assert {"one", "two"} <= set(until_last) and order.count("one") == order.count("two") == 40


def test_stopping_a_request_that_never_began_is_reported(worker):
    panel = Panel(worker)
    with worker._condition:  # the thread cannot begin it meanwhile
        panel.submit("a")
        worker.stop_all()
    until(lambda: panel.kinds() == ["dropped"])
    panel.submit("b", now=True)
    until(lambda: "done" in panel.kinds())


def test_steps_asked_for_within_one_step_are_all_taken(worker):
    panel = Panel(worker, length=50)
    worker.pause(panel.task)
    panel.submit("a", now=True)
    until(lambda: "paused" in panel.kinds())
    begun = panel.kinds().count("item")
    for _ in range(3):
        worker.advance(panel.task)
    until(lambda: panel.kinds().count("item") == begun + 3 and panel.kinds()[-1] == "paused")


def test_steps_beyond_the_end_are_not_the_next_runs(worker):
    panel = Panel(worker, length=2)
    worker.pause(panel.task)
    panel.submit("a", now=True)
    until(lambda: "paused" in panel.kinds())
    for _ in range(6):
        worker.advance(panel.task)
    until(lambda: "done" in panel.kinds())
    panel.submit("b", now=True)
    until(lambda: panel.kinds().count("started") == 2 and panel.kinds()[-1] == "paused")


def test_play_before_a_pause_is_told_goes_on(worker):
    panel = Panel(worker, length=5)
    panel.task.steps = 0
    panel.task.run = module._Run()
    worker.resume(panel.task)  # between the choice of this turn and the turn
    assert not worker._pauses(panel.task) and not panel.task.pause_told
