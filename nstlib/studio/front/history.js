// The runs of this studio: a click brings one back, a click with Shift (or the key C) lays it beside the present one.

function historyView(spec, now, compare, goBack, speed) {
  const row = make("div", { className: "nst-runs", role: "group", label: "earlier runs" });
  const hint = make("span", { className: "nst-key", textContent: "runs: click to go back, Shift-click or C to compare", hidden: true });
  const differing = make("span", { className: "nst-differing" });
  const stop = button("end comparison", "compare with the photo again", () => {
    runs.get(chosen)?.element.focus(); // the button goes, and must not take the focus with it
    choose(null);
  }, { className: "nst-small", hidden: true });
  const runs = new Map();
  let chosen = null;

  const word = (value) => {
    if (typeof value === "number") return spoken(value);
    if (Array.isArray(value)) return value.join(" ") || "none";
    if (value && typeof value === "object") return Object.entries(value).map(([name, factor]) => `${name} × ${spoken(factor)}`).join(" ") || "the rule";
    return value === "" ? "none" : String(value);
  };
  const differences = (before, after) =>
    Object.keys(before)
      .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
      .map((name) => `${spec.controls[name]?.label ?? name.replace("_", " ")}: ${word(before[name])} → ${word(after[name])}`);

  function choose(number) {
    chosen = number === chosen ? null : number;
    stop.hidden = chosen === null;
    for (const [each, run] of runs) pressed(run.element, each === chosen);
    compare(chosen === null ? null : runs.get(chosen).bytes, chosen === null ? "" : `run ${runs.get(chosen).place}`);
    tell();
  }

  function tell() {
    hint.hidden = chosen !== null || !runs.size;
    if (chosen === null) return (differing.textContent = "");
    const found = differences(runs.get(chosen).knobs, now());
    differing.textContent = `run ${runs.get(chosen).place} → now: ${found.join(" · ") || "same settings"}`;
  }

  function add({ number, place, steps, knobs }, [bytes]) {
    if (runs.has(number)) return; // said again to another view of this desk
    const image = make("img", { alt: "", src: jpegUrl(bytes) });
    const label = `run ${place}, ${steps} steps${steps < spec.steps ? ", ended early" : ""}`;
    const act = (event) => (event.shiftKey ? choose(number) : goBack(number, knobs));
    const element = make("button", { type: "button", label, title: `${label}: click to go back, Shift-click or C to compare`, onclick: act }, image, make("span", { textContent: place }));
    element.addEventListener("keydown", (event) => {
      if (event.key.toLowerCase() !== "c" || event.ctrlKey || event.metaKey) return;
      choose(number);
      event.stopPropagation();
    });
    pressed(element, false);
    runs.set(number, { element, bytes, knobs, place });
    row.append(element);
    tell();
    if (runs.size > spec.most_runs) {
      const [oldest, gone] = runs.entries().next().value;
      if (oldest === chosen) choose(null);
      URL.revokeObjectURL(gone.element.querySelector("img").src);
      gone.element.remove();
      runs.delete(oldest);
    }
    row.scrollLeft = row.scrollWidth;
  }

  // The run whose picture is shown.
  function mark(number) {
    for (const [each, { element }] of runs) element.classList.toggle("nst-now", each === number);
  }

  const close = () => runs.forEach(({ element }) => URL.revokeObjectURL(element.querySelector("img").src));
  return { close, element: make("div", { className: "nst-history" }, row, make("div", { className: "nst-head" }, hint, differing, stop, speed)), add, mark, tell };
}
