// Two pictures without names, a vote for one of them, and after the last vote what was what. Keys: ← and →, or Tab and Enter.

const SIDES = ["left", "right"];

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

export default {
  render({ model, el }) {
    const card = make("div", { className: "nst-blind" });
    card.setAttribute("role", "group");
    card.setAttribute("aria-label", "Blind choice");
    const count = make("p", { className: "nst-count" });
    count.setAttribute("role", "status");
    const images = SIDES.map((side) => make("img", { alt: `the ${side} picture` }));
    const vote = (side) => {
      if (!model.get("verdict")) model.send({ vote: side, number: model.get("number") });
    };
    const buttons = SIDES.map((side) => make("button", { type: "button", textContent: `The ${side} one`, onclick: () => vote(side) }));
    const pair = make("div", { className: "nst-pair" }, ...SIDES.map((_, i) => make("div", {}, images[i], buttons[i])));
    const verdict = make("p", { className: "nst-verdict" });
    verdict.setAttribute("role", "status");
    verdict.tabIndex = -1;
    const rounds = make("ol");
    const details = make("details", {}, make("summary", { textContent: "What was what" }), rounds);
    details.setAttribute("data-lm-suppress-shortcuts", "true"); // or JupyterLab takes Enter
    card.append(count, pair, verdict, details);

    const keys = (event) => {
      const side = { ArrowLeft: "left", ArrowRight: "right" }[event.key];
      if (side && !event.repeat) {
        event.preventDefault();
        vote(side);
      }
      // A notebook has commands on letters, arrows and Enter; they are its own again once all pairs are done
      if (!model.get("verdict") || details.contains(event.target)) event.stopPropagation();
    };
    const update = () => {
      const done = model.get("verdict");
      model.get("pair").forEach((address, i) => { images[i].src = address; });
      count.textContent = done ? "" : `Pair ${model.get("number")} of ${model.get("total")}: which picture do you prefer?`;
      const focused = pair.contains(document.activeElement);
      card.setAttribute("data-lm-suppress-shortcuts", String(!done)); // or JupyterLab takes the arrow keys
      pair.hidden = Boolean(done);
      verdict.textContent = done;
      details.hidden = !done;
      if (done && focused) verdict.focus(); // what is hidden loses it, and Shift+Enter would reach no notebook
      rounds.replaceChildren(...model.get("rounds").map((text) => make("li", { textContent: text })));
    };
    const traits = ["pair", "number", "verdict", "rounds"];
    card.addEventListener("keydown", keys);
    for (const trait of traits) model.on(`change:${trait}`, update);
    update();
    el.append(card);
    return () => {
      for (const trait of traits) model.off(`change:${trait}`, update);
    };
  },
};
