// One fader a style layer: by what the rule's λ is multiplied, its share of the pull as a meter, mute and solo.

const LAMBDA = "λ multiplies E_l. Most rules make up with it for how large E_l is: to see which layer pulls more, compare the bars.";

function layersView(model, spec, state, onmove, onhover) {
  const control = spec.controls.faders;
  const layers = control.layers;
  const channels = {};
  let knobs = state;
  let weights = {};
  const words = (layer) => (factor) => {
    const lambda = weights[layer] === undefined ? "" : `, λ ${spoken(weights[layer] * factor)}`;
    return `${spoken(factor)} times the rule${lambda}`;
  };
  const toggled = (list, layer) => (list.includes(layer) ? list.filter((each) => each !== layer) : [...list, layer]);
  const muteOf = (layer) => onmove("muted", toggled(knobs.muted, layer));
  const soloOf = (layer) => onmove("solo", toggled(knobs.solo, layer));

  layers.forEach((layer, index) => {
    const made = slider({
      control,
      label: `λ ${layer}`,
      first: 1,
      vertical: true,
      words: words(layer),
      onmove: (factor) => onmove("faders", { ...knobs.faders, [layer]: factor }),
    });
    const bar = make("div", { className: "nst-pull-bar" });
    const meter = make("div", { className: "nst-pull", title: `${layer}: share of the pull at the picture` }, bar);
    const share = make("span", { className: "nst-share", role: "img", label: `${layer}: no share of the pull yet`, textContent: "–" });
    const times = make("span", { className: "nst-times" });
    const lambda = make("span", { className: "nst-lambda", title: LAMBDA });
    const mute = button("M", `mute ${layer}`, () => muteOf(layer));
    const solo = button("S", `solo ${layer}`, () => soloOf(layer));
    const name = button(layer, `show ${layer}'s Gram matrices`, () => focus(layer), { className: "nst-layer" });
    const element = make(
      "div",
      { className: "nst-channel", role: "group", label: layer, title: layer },
      name,
      make("div", { className: "nst-track" }, made.range, meter),
      make("div", { className: "nst-numbers" }, share, times),
      make("div", { className: "nst-buttons" }, mute, solo),
      lambda,
    );
    for (const each of [made.range, name]) {
      each.addEventListener("pointerenter", () => onhover(layer, true));
      each.addEventListener("pointerleave", () => onhover(layer, false));
    }
    element.addEventListener("focusin", () => focus(layer));
    element.addEventListener("focusout", () => onhover(layer, false));
    made.range.title = "M mute, S solo, P where it pulls, 0 back to the rule";
    element.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const key = event.key.toLowerCase();
      if (key === "m") muteOf(layer);
      else if (key === "s") soloOf(layer);
      else if (key === "p") onhover(layer, "toggle");
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    channels[layer] = { made, bar, meter, share, times, lambda, mute, solo, name, element };
  });

  const key = make("span", { className: "nst-key" });
  const warning = make("span", { className: "nst-spoken", role: "status" });
  let focused = null;
  const focus = (layer) => {
    if (focused === layer) return;
    focused = layer;
    for (const each of layers) pressed(channels[each].name, each === layer);
    model.send({ kind: "focus", layer });
  };
  const show = (next) => {
    knobs = next;
    const said = knobs.solo.length && knobs.muted.length ? "solo is on: mutes wait" : "";
    key.textContent = said || "bar: share of the pull";
    if (warning.textContent !== said) warning.textContent = said;
    for (const layer of layers) {
      const { made, times, lambda, mute, solo, element } = channels[layer];
      const factor = knobs.faders[layer] ?? 1;
      made.set(factor);
      times.textContent = factor === 1 ? "" : `× ${factor < 1 ? Number(factor.toPrecision(2)) : spoken(factor)}`;
      lambda.textContent = weights[layer] === undefined ? "" : `λ ${spoken(weights[layer] * factor)}`;
      pressed(mute, knobs.muted.includes(layer));
      pressed(solo, knobs.solo.includes(layer));
      element.classList.toggle("nst-silent", knobs.solo.length ? !knobs.solo.includes(layer) : knobs.muted.includes(layer));
    }
  };
  const rule = (names, values) => {
    weights = Object.fromEntries(names.map((name, index) => [name, values[index]]));
    show(knobs);
  };
  const pulls = (shares) => {
    for (const layer of layers) {
      const share = shares[layer] ?? 0;
      channels[layer].bar.style.height = `${100 * share}%`;
      channels[layer].share.textContent = percent(share);
      channels[layer].share.setAttribute("aria-label", `${layer} has ${percent(share)} of the pull`);
    }
  };
  const reset = button("reset faders", "reset all faders, nothing muted", () => onmove({ faders: {}, muted: [], solo: [] }), { className: "nst-small" });
  const head = make("div", { className: "nst-head" }, make("span", { textContent: "fader: × the rule's λ ·", title: LAMBDA }), key, warning, reset);
  show(state);
  return {
    element: make("div", { className: "nst-layers" }, head, make("div", { className: "nst-channels" }, ...layers.map((layer) => channels[layer].element))),
    show,
    rule,
    pulls,
    focus,
  };
}
