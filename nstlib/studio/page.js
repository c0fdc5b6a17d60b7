// What only the browser can do for a panel: give ipywidgets' controls accessible names, take dropped files, say when the
// kernel has gone, and tell Python if this reader wants less motion.

const PANEL = ".nst-studio";
const DEAD = "The kernel was restarted or has gone: run this cell again. What is seen here is what was there before.";

function put(element, attribute, value) {
  if (element.getAttribute(attribute) !== value) element.setAttribute(attribute, value);
}

function name(panel, alt) {
  for (const row of panel.querySelectorAll(".widget-inline-hbox, .widget-slider, .jupyter-widgets")) {
    const label = row.querySelector(":scope > .widget-label");
    if (!label) continue;
    for (const handle of row.querySelectorAll("[role=slider], [contenteditable]"))
      put(handle, "aria-label", label.textContent);
    const value = row.querySelector(":scope > .widget-readout")?.textContent; // else a power of ten is read as its exponent
    for (const handle of row.querySelectorAll("[role=slider]")) if (value) put(handle, "aria-valuetext", value);
  }
  for (const button of panel.querySelectorAll("button[title]")) put(button, "aria-label", button.title);
  for (const picture of panel.querySelectorAll("img.nst-frame"))
    put(picture, "alt", alt);
}

function takeDrops(panel, model) {
  const over = (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault(); // or the browser opens the file in place of the notebook
    event.stopPropagation();
    panel.classList.toggle("nst-over", event.type === "dragover");
  };
  const drop = async (event) => {
    over(event);
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    const kind = event.target.closest(".nst-style") ? "style" : "content";
    if (file.size > model.get("max_bytes")) model.send({ refused: file.name, bytes: file.size });
    else model.send({ kind, name: file.name }, undefined, [await file.arrayBuffer()]);
  };
  const listeners = { dragover: over, dragleave: over, drop };
  for (const [event, listener] of Object.entries(listeners)) panel.addEventListener(event, listener);
  return () => {
    for (const [event, listener] of Object.entries(listeners)) panel.removeEventListener(event, listener);
  };
}

function sayDead(panel) {
  const status = panel.querySelector(".nst-status .widget-html-content") ?? panel.querySelector(".nst-status");
  if (status) status.innerHTML = `<span role="alert">${DEAD}</span>`;
  panel.classList.add("nst-dead");
}

export default {
  render({ model, el }) {
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    const tell = () => {
      model.set("calm", calm.matches);
      model.save_changes();
    };
    let panel = null;
    let undo = () => {};
    const fix = () => panel && name(panel, model.get("alt"));
    const dead = () => panel && sayDead(panel);
    const watcher = new MutationObserver(fix);
    let waiting = 0;
    const begin = () => {
      panel = el.closest(PANEL);
      if (!panel) {
        waiting = setTimeout(begin, 20); // Jupyter puts a view into the page only after making it
        return;
      }
      watcher.observe(panel, { childList: true, subtree: true, attributeFilter: ["aria-valuetext", "title"] });
      undo = takeDrops(panel, model);
      fix();
      if (calm.matches) tell();
    };
    begin();
    calm.addEventListener("change", tell);
    model.on("change:alt", fix);
    model.on("comm_live_update", dead);
    return () => {
      clearTimeout(waiting);
      watcher.disconnect();
      undo();
      calm.removeEventListener("change", tell);
      model.off("comm_live_update", dead);
    };
  },
};
