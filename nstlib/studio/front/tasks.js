// Lesson 06's tasks: what to reach, how far the run that is shown has come, and a solution for those who ask twice.

function tasksView(model, spec) {
  const options = [make("option", { value: "", textContent: "no task" }), ...spec.tasks.map(({ name }) => make("option", { value: name, textContent: name }))];
  const select = make("select", { label: "task" }, ...options);
  const sentence = make("span", { className: "nst-sentence" });
  const meters = make("div", { className: "nst-meters" });
  const why = make("span", { className: "nst-why" });
  const solution = button("show a solution", "show a solution", () => ask());
  const element = make("div", { className: "nst-task", hidden: true }, sentence, meters, solution, why);
  let rows = [];
  let sure = false;

  const calm = () => {
    sure = false;
    solution.textContent = "show a solution";
  };
  const ask = () => {
    if (!sure) {
      sure = true;
      solution.textContent = "move the knobs for me?";
      return;
    }
    calm();
    model.send({ kind: "solution", name: select.value });
  };
  select.addEventListener("change", () => {
    const task = spec.tasks.find(({ name }) => name === select.value);
    element.hidden = !task;
    why.textContent = "";
    calm();
    rows = (task?.conditions ?? []).map(({ label, below, above }) => {
      const goal = below === null ? `above ${spoken(above)}` : `below ${spoken(below)}`;
      const bar = make("div", { className: "nst-filled" });
      const mark = make("div", { className: "nst-goal" });
      mark.style.left = `${100 * Math.min(1, below ?? above)}%`;
      const value = make("span", { className: "nst-value", textContent: "–" });
      const row = make("div", { className: "nst-meter", title: goal }, formula(`${label}: ${goal}`), make("div", { className: "nst-scale" }, bar, mark), value);
      return { row, bar, value };
    });
    meters.replaceChildren(...rows.map(({ row }) => row));
    sentence.textContent = task?.sentence ?? "";
    model.send({ kind: "task", name: select.value });
  });
  solution.addEventListener("blur", calm);
  return {
    element,
    select,
    show({ name, found }) {
      if (name !== select.value) return;
      found.forEach(([share, met], index) => {
        rows[index].bar.style.width = `${100 * Math.min(1, share)}%`;
        rows[index].value.textContent = `${spoken(share)} ${met ? "✓" : ""}`;
        rows[index].row.classList.toggle("nst-met", met);
      });
    },
    explain: (text) => (why.textContent = text),
  };
}
