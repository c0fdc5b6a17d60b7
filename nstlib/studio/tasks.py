"""The tasks of lesson 06 and how far a picture is from solving each.

What counts is measured on the picture that is shown: the share that is left of a layer's style cost, E_l(X) / E_l(C),
where C is the photo, and the content lost, J_content(X) / K_c.
"""

from dataclasses import dataclass

CONTENT = "content"  # in place of a layer's name: J_content / K_c


@dataclass(frozen=True)
class Condition:
    """A share must be below or above a bound: that of one layer, or of the layer of several that is farthest off.

    >>> Condition("relu1_1", ("relu1_1",), below=0.1).met({"relu1_1": 0.05})
    True
    """

    label: str
    of: tuple[str, ...]
    below: float | None = None
    above: float | None = None

    def measure(self, left: dict[str, float]) -> float:
        """Return the share that counts: the largest where it must be below its bound, else the smallest."""
        return (max if self.below is not None else min)(left[name] for name in self.of)

    def met(self, left: dict[str, float]) -> bool:
        """Say whether the picture meets this condition."""
        share = self.measure(left)
        return share < self.below if self.below is not None else share > self.above


@dataclass(frozen=True)
class Task:
    """What to reach, in words and as conditions, and the knobs of one solution."""

    name: str
    sentence: str
    conditions: tuple[Condition, ...]
    solution: dict
    why: str


SHALLOWEST = ("relu1_1", "relu2_1")
DEEPEST = ("relu4_1", "relu5_1")
TASKS = (
    Task(
        "palette only",
        "Give the photo the painting's colours, and none of its strokes.",
        (
            Condition("share left of relu1_1's cost", ("relu1_1",), below=0.1),
            Condition("share left of relu4_1's cost and of relu5_1's, the smaller of the two", DEEPEST, above=0.7),
        ),
        {"solo": ("relu1_1",)},
        "relu1_1 alone: its positions see 3 × 3 pixels, enough for colours and too little for strokes.",
    ),
    Task(
        "strokes, no palette",
        "Give the photo the painting's strokes, and as little of its colours as you can.",
        (
            Condition(
                "share left of the three deepest layers' costs, the largest of the three",
                ("relu3_1", *DEEPEST),
                below=0.2,
            ),
            Condition("share left of relu1_1's cost", ("relu1_1",), above=0.5),
        ),
        {"muted": ("relu1_1",)},
        "Mute relu1_1: the deeper layers bring the strokes, and hardly anything of the palette.",
    ),
    Task(
        "still a cat",
        "Find a β with the painting's strokes at which you still recognise the cat.",
        (
            Condition("content lost, J_content / K_c", (CONTENT,), below=0.4),
            Condition(
                "share left of the five style costs, the largest of the five",
                (*SHALLOWEST, "relu3_1", *DEEPEST),
                below=0.4,
            ),
        ),
        {"beta": 10**0.5},
        "β about 3 keeps the cat; your own eyes may allow more.",
    ),
)


def for_layers(layers: tuple[str, ...]) -> list[Task]:
    """Return the tasks that can be measured on a run with these style layers."""
    return [task for task in TASKS if {name for each in task.conditions for name in each.of} <= {*layers, CONTENT}]


def tables(tasks: list[Task]) -> list[dict]:
    """Return tasks as a browser needs them, without their solutions."""
    return [
        {
            "name": task.name,
            "sentence": task.sentence,
            "conditions": [{"label": each.label, "below": each.below, "above": each.above} for each in task.conditions],
        }
        for task in tasks
    ]


def named(name: str) -> Task:
    """Return the task of this name; raise LookupError if there is none."""
    for task in TASKS:
        if task.name == name:
            return task
    raise LookupError(f"There is no task {name!r}.")
