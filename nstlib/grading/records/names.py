"""What was written about a name counts for the work that had it, also where that work has another name by now.

A name changes when a class list or a file's name is corrected, and where ``merge`` tells two students apart.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from nstlib.grading.bundle.classroom import Override
from nstlib.grading.bundle.lateness import Policy
from nstlib.grading.escaping import normalized

__all__ = ["Claims", "earlier_names", "follow_extensions", "follow_overrides"]

# an earlier name, normalized -> the students who had it -> the questions that they tried
Claims = Mapping[str, Mapping[str, frozenset[str]]]


def earlier_names(lines: Iterable[Mapping], files: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return for the SHA-256 of a file the names that a journal's lines gave to whoever handed it in.

    files: (SHA-256, student) of those that count now. Where two students handed in the same bytes, nothing is said.
    """
    digests: dict[tuple[str, str], str] = {}
    names: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        if line.get("path") and line.get("sha256"):
            digests[line["path"], line["key"]] = line["sha256"]
            names[line["sha256"]].add(line.get("student") or "")
        for file in line.get("files", ()):
            if digest := digests.get((file["path"], file["key"])):
                names[digest].add(file["student"] or "")
    students: dict[str, set[str]] = defaultdict(set)
    for digest, student in files:
        students[digest].add(student)
    return {
        digest: sorted(names[digest] - {"", *now})
        for digest, now in students.items()
        if digest in names and len(now) == 1
    }


def follow_overrides(overrides: Sequence[Override], claims: Claims) -> list[Override]:
    """Return the overrides, each for the student who tried its question, if one alone of those who had the name did.

    An override that names the student of today counts before one that names them of old.
    """
    taken = {(normalized(override.student), override.question) for override in overrides}
    followed = []
    for override in overrides:
        claimants = claims.get(normalized(override.student), {})
        tried = [student for student, questions in claimants.items() if override.question in questions]
        if len(tried) == 1 and (normalized(tried[0]), override.question) not in taken:
            override = replace(override, student=tried[0])
        followed.append(override)
    return followed


def follow_extensions(policy: Policy, claims: Claims) -> Policy:
    """Return the policy with the extensions of a name for everybody who had it, as each week by itself gave them."""
    more = [
        replace(extension, student=student)
        for extension in policy.extensions
        for student in claims.get(normalized(extension.student), ())
    ]
    return replace(policy, extensions=(*policy.extensions, *more)) if more else policy
