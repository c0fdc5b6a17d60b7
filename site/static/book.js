// Whatever scrolls sideways can be scrolled by keyboard, too
const WIDE = "pre, div.math, div.amsmath, .pst-scrollable-table-container, .bd-article table";

function makeFocusable() {
  for (const box of document.querySelectorAll(WIDE)) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  }
}

window.addEventListener("load", () => {
  makeFocusable();
  window.MathJax?.startup?.promise?.then(makeFocusable);
});
window.addEventListener("resize", makeFocusable);
