"""``python -m nstlib.authoring.book FOLDER``: write the book's sources into the folder, for Sphinx."""

import sys
from pathlib import Path

from nstlib.authoring.book.stage import stage
from nstlib.errors import NstError


def main(arguments: list[str]) -> int:
    """Write the sources; return the exit status."""
    if len(arguments) != 1:
        print("Expected one folder: python -m nstlib.authoring.book build/book-sources", file=sys.stderr)
        return 2
    try:
        pages = stage(Path.cwd(), Path(arguments[0]))
    except NstError as fault:
        print(f"nst: {fault}", file=sys.stderr)
        return 1
    print(f"{len(pages)} pages in {arguments[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
