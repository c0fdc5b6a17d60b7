"""How a studio looks and how it names itself: a style sheet, and names that ipywidgets does not give its sliders."""

import anywidget
import traitlets

SCRIPT = """
function name(panel, alt) {
  for (const row of panel.querySelectorAll('.widget-inline-hbox, .widget-slider, .jupyter-widgets')) {
    const label = row.querySelector(':scope > .widget-label');
    if (!label) continue;
    for (const handle of row.querySelectorAll('[role=slider], [contenteditable]'))
      if (handle.getAttribute('aria-label') !== label.textContent) handle.setAttribute('aria-label', label.textContent);
  }
  for (const picture of panel.querySelectorAll('img.nst-frame'))
    if (picture.alt !== alt) picture.alt = alt;
}
export default {
  render({ model, el }) {
    const fix = () => { const panel = el.closest('.nst-studio'); if (panel) name(panel, model.get('alt')); };
    const watcher = new MutationObserver(fix);
    requestAnimationFrame(() => {
      const panel = el.closest('.nst-studio');
      if (panel) watcher.observe(panel, { childList: true, subtree: true });
      fix();
    });
    model.on('change:alt', fix);
    return () => watcher.disconnect();
  },
};
"""

STYLE = """
.nst-studio { gap: 12px; flex-wrap: wrap; align-items: flex-start; max-width: 100%; }
.nst-studio > .widget-vbox { flex: 1 1 320px; min-width: 0; max-width: 560px; overflow: visible; }
.nst-studio img.nst-frame { width: 100%; max-width: 460px; height: auto; image-rendering: auto; }
.nst-studio .widget-inline-hbox { max-width: 100%; }
.nst-studio .widget-inline-hbox .widget-label { min-width: 9em; }
.nst-studio .nst-status { line-height: 1.4; white-space: normal; }
.nst-studio .widget-hbox { flex-wrap: wrap; }
"""


class Names(anywidget.AnyWidget):
    """An empty widget that gives the controls around it their accessible names, and the frame its description."""

    _esm = SCRIPT
    _css = STYLE
    alt = traitlets.Unicode("").tag(sync=True)
