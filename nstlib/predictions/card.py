"""The card as a notebook shows it: a widget where there is JavaScript, folded text everywhere else."""

import html
from pathlib import Path

import anywidget
import traitlets

from nstlib.checks import progress
from nstlib.checks.progress import PREDICTION
from nstlib.errors import NstError
from nstlib.predictions.catalogue import Prediction

HERE = Path(__file__).parent


class Card(anywidget.AnyWidget):
    """Choices or a field to type into, a button to commit, then the reply. The first answer counts, and is kept.

    >>> from nstlib.predictions.catalogue import Prediction
    >>> card = Card(Prediction("00.example", "It is 4.", number=4.0))
    >>> card.commit("8")
    >>> card.right, card.reply
    (False, 'It is 4.')
    """

    # Text, not paths: anywidget would watch a path and keep its widgets for ever.
    _esm = (HERE / "card.js").read_text(encoding="utf-8")
    _css = (HERE / "card.css").read_text(encoding="utf-8")
    name = traitlets.Unicode().tag(sync=True)
    choices = traitlets.List(traitlets.Unicode()).tag(sync=True)
    answer = traitlets.Unicode("").tag(sync=True)  # the learner's own, once it is committed
    reply = traitlets.Unicode("").tag(sync=True)
    right = traitlets.Bool(False).tag(sync=True)
    best = traitlets.List(traitlets.Unicode()).tag(sync=True)  # the choices that are right, once one is committed
    complaint = traitlets.Unicode("").tag(sync=True)

    def __init__(self, prediction: Prediction) -> None:
        super().__init__(name=prediction.name, choices=[choice.text for choice in prediction.choices])
        self._prediction = prediction
        self.on_msg(lambda _, content, __: self._receive(content))
        if earlier := progress.of(PREDICTION + self.name).get("answer"):
            self._show(str(earlier))

    def commit(self, answer: str) -> None:
        """Take an answer, keep it among the learner's progress, and show what is said to it.

        A second answer changes nothing; one that is no answer is refused on the card.
        """
        if not self.answer and self._show(answer):
            shown = {"question": self._prediction.question, "told": self._prediction.answer}
            progress.note(PREDICTION + self.name, answer=answer, right=self.right, **shown)

    def _show(self, answer: str) -> bool:
        try:
            right, reply = self._prediction.reply(answer)
        except NstError as mistake:
            self.complaint = str(mistake)
            return False
        with self.hold_sync():
            self.complaint = ""
            self.right = right
            self.best = [choice.text for choice in self._prediction.choices if choice.right]
            self.reply = reply
            self.answer = answer
        return True

    def _receive(self, content: object) -> None:
        if isinstance(content, dict) and isinstance(content.get("commit"), str):
            self.commit(content["commit"])

    def _repr_mimebundle_(self, **options):
        shown = super()._repr_mimebundle_(**options)
        data, metadata = shown if isinstance(shown, tuple) else (shown or {}, {})
        return data | {"text/plain": self._plain, "text/markdown": self._folded}, metadata

    @property
    def _plain(self) -> str:
        return "\n".join(["Your prediction:", *(f"  ○ {choice}" for choice in self.choices or ["a number"])])

    @property
    def _folded(self) -> str:
        lines = [f"- {choice}" for choice in self.choices]
        answer = html.escape(self._prediction.answer, quote=False)
        return "\n".join([*lines, "", f"<details><summary>Compare with your prediction</summary>{answer}</details>"])
