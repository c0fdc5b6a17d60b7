"""Links that lead out of the book: to the repository where one is named, and to plain text otherwise."""

import os
import re
from collections.abc import Collection

__all__ = ["BRANCH", "MOVED", "places", "rewrite"]

BRANCH = "main"
MOVED = {  # files of the repository whose content stands on another page of the book
    "README.md": "index.md",
    "notebooks/index.ipynb": "index.md",
    "notebooks/README.md": "questions.md",
    "notebooks/gallery/index.html": "flipbooks.md",
    "site/glossary.md": "glossary.md",
    "site/flipbooks.md": "flipbooks.md",
}
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#\s]+)(#[^)\s]*)?\)")
_FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)


def rewrite(text: str, page: str, files: Collection[str], repository: str = "") -> str:
    """Return Markdown in which each link to a file that is not in `files` leads to the repository, or is plain text.

    page: the path of the text's file. files: the paths that the book holds. Paths are relative to the root.

    >>> rewrite("See [how](../tests/a.py) and [this](b.md).", "docs/page.md", {"docs/b.md"})
    'See how and [this](b.md).'
    >>> rewrite("[how](../tests/a.py)", "docs/page.md", set(), "https://github.com/o/n")
    '[how](https://github.com/o/n/blob/main/tests/a.py)'
    """

    def replaced(match: re.Match) -> str:
        words, address, anchor = match[1], match[2], match[3] or ""
        path = os.path.normpath(os.path.join(os.path.dirname(page), address))
        if path in MOVED:
            return f"[{words}]({os.path.relpath(MOVED[path], os.path.dirname(page) or '.')})"
        if "://" in address or path in files:
            return match[0]
        return f"[{words}]({repository}/blob/{BRANCH}/{path}{anchor})" if repository else words

    parts = _FENCE.split(text)
    parts[::2] = [_LINK.sub(replaced, part) for part in parts[::2]]
    return "".join(parts)


def places(repository: str, path: str, source: str) -> dict[str, str]:
    """Return, by its name, each place on the web that opens or shows a notebook; none without a repository.

    source: the file that the notebook is built from; empty where readers had better not see it.

    >>> places("", "notebooks/03.ipynb", "notebooks/sources/03.py")
    {}
    >>> places("https://github.com/o/n", "a/03.ipynb", "a/03.py")["Colab"]
    'https://colab.research.google.com/github/o/n/blob/main/a/03.ipynb'
    """
    if not repository:
        return {}
    name = repository.removeprefix("https://github.com/")
    found = {
        "Colab": f"https://colab.research.google.com/github/{name}/blob/{BRANCH}/{path}",
        "Binder": f"https://mybinder.org/v2/gh/{name}/{BRANCH}?urlpath=lab/tree/{path}",
    }
    return found | ({"source": f"{repository}/blob/{BRANCH}/{source}"} if source else {})
