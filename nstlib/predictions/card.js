// A card with a few choices, or a field for a number: commit once, then read the reply. Keys: Tab, arrows, Enter.

let count = 0;

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function options(choices, group) {
  return choices.map((choice) =>
    make("label", {}, make("input", { type: "radio", name: group, value: choice }), make("span", { textContent: choice })),
  );
}

export default {
  render({ model, el }) {
    const group = `nst-prediction-${++count}`;
    const form = make("form", { className: "nst-prediction" });
    const choices = model.get("choices");
    const typed = make("input", { type: "text", inputMode: "decimal", size: 10, autocomplete: "off" });
    typed.setAttribute("aria-label", "your prediction, a number");
    const fields = make("fieldset", {}, make("legend", { textContent: "Your prediction" }));
    fields.append(...(choices.length ? options(choices, group) : [typed]));
    const button = make("button", { type: "submit", textContent: "Commit" });
    const said = make("p", { className: "nst-reply" });
    said.setAttribute("role", "status");
    said.tabIndex = -1;
    form.append(fields, button, said);

    const chosen = () => (choices.length ? form.querySelector("input:checked")?.value : typed.value.trim());
    const submit = (event) => {
      event.preventDefault();
      const answer = chosen();
      if (answer) model.send({ commit: answer });
      else said.textContent = choices.length ? "Choose one first." : "Type a number first.";
    };
    const update = () => {
      const answer = model.get("answer");
      const sign = model.get("right") ? "✓ Right. " : choices.length ? "" : "✗ "; // a choice has its own
      said.textContent = answer ? `${sign}${model.get("reply")}` : model.get("complaint");
      const focused = form.contains(document.activeElement);
      form.classList.toggle("nst-committed", Boolean(answer));
      form.setAttribute("data-lm-suppress-shortcuts", String(!answer)); // or JupyterLab takes the arrow keys
      fields.disabled = Boolean(answer);
      button.hidden = Boolean(answer);
      if (answer && focused) said.focus(); // what was disabled loses it, and Shift+Enter would reach no notebook
      if (!answer) return;
      if (!choices.length) typed.value = answer;
      for (const input of form.querySelectorAll("input[type=radio]")) {
        input.checked = input.value === answer;
        const mark = model.get("best").includes(input.value) ? "✓ " : input.checked ? "✗ " : "";
        input.nextElementSibling.textContent = mark + input.value;
      }
    };
    // A notebook has commands on letters, arrows and Enter; they are its own again once the card is answered
    const stop = (event) => fields.disabled || event.stopPropagation();
    form.addEventListener("submit", submit);
    form.addEventListener("keydown", stop);
    for (const trait of ["answer", "reply", "right", "complaint"]) model.on(`change:${trait}`, update);
    update();
    el.append(form);
    return () => {
      for (const trait of ["answer", "reply", "right", "complaint"]) model.off(`change:${trait}`, update);
    };
  },
};
