"""The course as a book: the built notebooks, with the outputs that they store, and the pages of docs/.

``python -m nstlib.authoring.book FOLDER`` writes what Sphinx reads (see ``site/conf.py`` and ``make book``). The folder
mirrors the repository, so links between files stay as they are. No notebook is executed.

``anchors`` names the places that one can link to; ``notebooks``, ``questions``, ``misconceptions``, ``pages`` and
``links`` make the pages; ``stage`` writes them.
"""
