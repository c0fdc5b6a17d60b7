"""What the report's table of questions says."""

from nstlib.grading.bundle.questions import GradedQuestion

__all__ = ["mistake_sentence"]


def mistake_sentence(asked: GradedQuestion, mistake: str) -> str:
    """Return the notebook's sentence for a mistake, "" where it has none."""
    return asked.said.get(f"mistake:{mistake}") or asked.said.get(mistake) or ""
