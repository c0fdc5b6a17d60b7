"""Sphinx's configuration of the book: ``make book`` builds it offline from ``python -m nstlib.authoring.book``.

Nothing is executed: notebooks show the outputs that they store. Whatever a page needs is served from the book itself.
"""

import importlib.util
import shutil
from pathlib import Path

HERE = Path(__file__).parent

project = "Neural style transfer, derived step by step"
author = "The nstlib authors"
language = "en"
extensions = ["myst_nb", "sphinx_copybutton"]
exclude_patterns = ["downloads", "extra"]
templates_path = [str(HERE / "templates")]

# Notebooks as they were built
nb_execution_mode = "off"
nb_render_markdown_format = "myst"
nb_merge_streams = True
myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

# MathJax lies in a package: no host is asked for it
MATHJAX = Path(importlib.util.find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax"
MATHJAX_PARTS = ("tex-chtml.js", "output", "input/tex/extensions", "a11y", "sre", "ui")
mathjax_path = "mathjax/tex-chtml.js"
mathjax3_config = {"chtml": {"matchFontHeight": False, "scale": 1.1}}  # the text's small letters are unusually high

html_theme = "sphinx_book_theme"
html_title = "Neural style transfer, derived step by step"
html_static_path = [str(HERE / "static")]
html_css_files = ["book.css"]
html_js_files = ["book.js"]
html_sidebars = {"**": ["book-title.html", "search-button-field.html", "sbt-sidebar-nav.html"]}
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "navbar_persistent": [],
    "show_navbar_depth": 1,
    "show_toc_level": 2,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}


def copy_mathjax(app, fault):
    """Put MathJax beside the other static files."""
    if fault is None and app.builder.format == "html":
        target = Path(app.outdir) / "_static" / "mathjax"
        for part in MATHJAX_PARTS:
            if (MATHJAX / part).is_dir():
                shutil.copytree(MATHJAX / part, target / part, dirs_exist_ok=True)
            else:
                target.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(MATHJAX / part, target / part)


def add_flipbooks(app, config):
    """Serve the flipbooks' own page, which lies beside the sources."""
    config.html_extra_path = [str(Path(app.srcdir) / "extra")]


def setup(app):
    """Register what is done before and after the build."""
    app.connect("config-inited", add_flipbooks)
    app.connect("build-finished", copy_mathjax)
