"""ex02.equal_grams: other features with the same Gram matrix."""

from nstlib.checks import references
from nstlib.checks.catalogue.shared import negative_row, positive
from nstlib.checks.questions import FORESEEN, Misconception, Question

equal_grams = Question(
    id="ex02.equal_grams",
    points=5,
    reference=references.two_with_equal_gram,
    cases=positive,
    confirmation="Two different pictures' features could have this one style; no ReLU gives the second.",
    hints=(
        "What does the Gram matrix forget? Lesson 02 moved things about and G stayed.",
        "Which change of all of F leaves every product F_ki · F_k'i as it is, although no number stays? And what "
        "did the ReLU do to negative numbers?",
        "Move the columns of F, all rows alike, for A. For B turn the sign of every number, or of a whole column.",
    ),
    reread="lesson 02, section 5",
    difficulty=3,
    importance=4,
    minutes=10,
    kinds=frozenset({"tuple", "list", "tensor"}),
    property="equal Gram matrices",
    misconceptions=(
        Misconception(
            "the-same",
            lambda F: (F, -F),
            "Your A is F itself. Another matrix with the same Gram matrix is wanted.",
            FORESEEN,
            credit=2,
        ),
        Misconception(
            "both-possible",
            lambda F: (F.flip(1), F.roll(1, 1)),
            "Both of yours could come out of a ReLU: nothing is negative. B must have F's Gram matrix and a "
            "negative number.",
            FORESEEN,
            credit=2,
        ),
        Misconception(
            "rows-moved",
            lambda F: (F.flip(0), -F),
            "A has another Gram matrix than F: moving rows of F moves the rows of G, too, and a larger F has a "
            "larger G. Leave the numbers and move columns, the positions, all rows alike.",
            FORESEEN,
        ),
        Misconception(
            "one-row",
            lambda F: (F.flip(1), negative_row(F)),
            "B has another Gram matrix than F. If you turned one filter's sign: its products with all others turned "
            "theirs. What turns both factors of every product?",
            FORESEEN,
            credit=2,
        ),
        Misconception(
            "exchanged",
            lambda F: (-F, F.flip(1)),
            "A and B are exchanged: A is the one that a ReLU can give.",
            FORESEEN,
            credit=3,
        ),
    ),
)
