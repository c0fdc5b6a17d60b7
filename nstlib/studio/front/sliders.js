// Sliders on native ranges: arrows one step, page keys ten, Home and End the ends, 0 or a double click back to the start.

const KEYS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 };

function slider({ control, label, first, words = spoken, onmove, vertical = false }) {
  const scale = scaleOf(control);
  const range = make("input", { type: "range", min: scale.low, max: scale.high, step: "any", label });
  const output = make("span", { className: "nst-value" }); // no <output>: that would speak at every step
  let value = first;
  let idle = false;
  const show = () => {
    range.value = scale.place(value);
    output.textContent = words(value);
    range.setAttribute("aria-valuetext", words(value));
  };
  const move = (place) => {
    const next = scale.value(clamped(scale, place));
    if (idle) return show(); // the thumb goes back
    if (next === value) return;
    value = next;
    show();
    onmove(value);
  };
  const reset = () => move(scale.place(first));
  if (vertical) range.setAttribute("aria-orientation", "vertical");
  range.addEventListener("input", () => move(onStep(scale, Number(range.value))));
  range.addEventListener("change", show); // the mouse may have left the thumb between two steps
  range.addEventListener("dblclick", reset);
  range.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const place = scale.place(value);
    if (event.key in KEYS) move(place + KEYS[event.key] * scale.step);
    else if (event.key === "Home") move(scale.low);
    else if (event.key === "End") move(scale.high);
    else if (event.key === "0") reset();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  show();
  explain(range, control.hint);
  return {
    range,
    output,
    set: (next) => {
      value = next;
      show();
    },
    // Still in reach of the keyboard, so that everybody hears why.
    rest: (reason) => {
      idle = Boolean(reason);
      range.setAttribute("aria-disabled", String(idle));
      explain(range, reason || control.hint);
    },
  };
}

function explain(element, words = "") {
  element.setAttribute("aria-description", words);
  element.title = words;
}

// A control of any kind by its data: { element, set(value) }; a slider can rest, too, for a reason.
function controlOf(name, control, value, first, onmove) {
  const row = (...parts) => Object.assign(labelled(control.label, ...parts), { title: control.hint });
  if (control.kind === "choice") {
    const options = control.options.map(([key, text]) => make("option", { value: key, textContent: text }));
    const select = make("select", { onchange: () => onmove(select.value) }, ...options);
    select.value = value;
    explain(select, control.hint);
    return { element: row(select), set: (next) => (select.value = next) };
  }
  if (control.kind === "flag") {
    const box = make("input", { type: "checkbox", checked: value, onchange: () => onmove(box.checked) });
    explain(box, control.hint);
    return { element: row(box), set: (next) => (box.checked = next) };
  }
  const made = slider({ control, label: control.label, first, onmove });
  made.set(value);
  return { element: row(made.range, made.output), set: made.set, rest: made.rest };
}
