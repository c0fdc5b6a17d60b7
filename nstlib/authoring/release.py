"""Write what a class is handed: the exercises with their stubs, the lessons, a page that says what to do, and a zip."""

import shutil
import tempfile
import zipfile
from pathlib import Path

from nstlib.errors import NstError
from nstlib.files import replacing, require_folder

__all__ = ["ReleaseError", "release"]

README = r"""# Neural style transfer: exercises

1. **Install**, once, with Python 3.11 or newer and git:

   ```bash
   python -m venv .venv
   . .venv/bin/activate            # on Windows: .venv\Scripts\activate
   pip install "nstlib @ git+{address}"
   ```

2. **Open** this folder: `jupyter lab`. Begin with `lessons/00_start_here.ipynb`. Each exercise names the lesson that it
   belongs to. Nothing is downloaded while you work.

3. **Write** your answer into the cell above each check, and run the check. It says what it found; it counts no points.
   Keep the functions' names, and the cells of answers and checks.

4. **Before you hand in**, choose *Kernel → Restart Kernel and Run All Cells*. What counts is your answer as it stands
   when the notebook is run from the top to its check, called with other numbers than the check's. `nstlib` itself is
   not there when you are graded, so an answer must stand alone.

5. **Hand in** the notebooks, as you saved them, one by one or in a zip:

{exercises}
"""
UNKNOWN = "<the address that your instructor gives you>"
MOMENT = (1980, 1, 1, 0, 0, 0)  # of every file in the zip: the same course gives the same bytes


class ReleaseError(NstError):
    """The folder cannot be written; the message says why and what to do."""


def release(root: Path, directory: Path, address: str = "") -> list[Path]:
    """Write the folder and, beside it, a zip of it; return the files in it.

    root: a checkout of the course. address: of the repository from which students install. Raises ReleaseError where it
    is none, or where the folder or the zip exists.
    """
    exercises = sorted((root / "exercises" / "student").glob("ex*.ipynb"))
    lessons = sorted((root / "notebooks").glob("[0-9]*.ipynb"))
    if not exercises or not lessons:
        raise ReleaseError(
            f"Expected the course's notebooks in {root}, found none. Run this in a copy of the course's repository."
        )
    archive = directory.with_name(f"{directory.name}.zip")
    for path in (directory, archive):
        if path.exists():
            raise ReleaseError(f"{path} already exists, and nothing is overwritten. Choose another name.")
    require_folder(directory.parent)
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent) as aside:
        whole = Path(aside) / directory.name
        for folder, notebooks in (("exercises", exercises), ("lessons", lessons)):
            (whole / folder).mkdir(parents=True)
            for notebook in notebooks:
                shutil.copyfile(notebook, whole / folder / notebook.name)
        names = "\n".join(f"   - `{path.name}`" for path in exercises)
        (whole / "README.md").write_text(README.format(exercises=names, address=address or UNKNOWN), "utf-8")
        whole.rename(directory)
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    with replacing(archive) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in files:
            name = zipfile.ZipInfo(f"{directory.name}/{path.relative_to(directory).as_posix()}", MOMENT)
            name.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(name, path.read_bytes())
    return files
