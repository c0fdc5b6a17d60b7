// Whatever scrolls sideways can be scrolled by keyboard, too
const WIDE = "pre, div.math, div.amsmath, .pst-scrollable-table-container";
// The theme drops the focus of these when they are pressed, and the keyboard then starts anew at the top of the page
const PRESSED = ".theme-switch-button, .search-button, .primary-toggle, .secondary-toggle";

function makeFocusable() {
  for (const box of document.querySelectorAll(WIDE)) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  }
}

window.addEventListener("load", () => {
  for (const button of document.querySelectorAll(PRESSED)) button.blur = () => {};
  for (const choice of document.querySelectorAll(".theme-change-button")) {
    choice.addEventListener("click", () => document.querySelector(".theme-switch-button").focus());
  }
  makeFocusable();
  window.MathJax?.startup?.promise?.then(makeFocusable);
});
window.addEventListener("resize", makeFocusable);
