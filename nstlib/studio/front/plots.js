// J and its terms by step, and the Gram matrices of the layer in focus.

const DASHES = ["none", "7 3", "2 3", "9 3 2 3", "4 2", "1 2", "12 4", "6 2 1 2 1 2"];
const PLOT = { height: 118, left: 44, right: 80, top: 8, bottom: 18 };

function logTicks(low, high) {
  const ticks = [];
  for (let power = Math.ceil(low - 1e-9); power <= high + 1e-9; power++) ticks.push(power);
  return ticks.length > 1 ? ticks : [low, high];
}

// Labels at the lines' ends, moved apart until none covers another, as little as can be: neighbours that would meet
// share the mean of the places that they want.
function spread(labels, gap, low, high) {
  const sorted = [...labels].sort((one, other) => one.y - other.y);
  const groups = [];
  sorted.forEach(({ y }, index) => {
    let group = { sum: y - index * gap, count: 1 };
    while (groups.length && groups.at(-1).sum / groups.at(-1).count > group.sum / group.count) {
      const before = groups.pop();
      group = { sum: before.sum + group.sum, count: before.count + group.count };
    }
    groups.push(group);
  });
  const most = high - (sorted.length - 1) * gap;
  const places = groups.flatMap(({ sum, count }) => Array(count).fill(Math.max(low, Math.min(most, sum / count))));
  return sorted.map((label, index) => ({ ...label, end: label.y, y: places[index] + index * gap }));
}

function costsView(spec) {
  const svg = drawn("svg", { role: "img", class: "nst-curves", "aria-label": "no costs yet" });
  const names = ["J", "content", ...spec.controls.faders.layers];
  let rows = [];
  let total = spec.steps;

  function draw() {
    const width = svg.clientWidth || 480;
    const { height, left, right, top, bottom } = PLOT;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    let [least, most] = [Infinity, 0];
    for (const row of rows)
      for (const value of row)
        if (value > 0 && Number.isFinite(value)) [least, most] = [Math.min(least, value), Math.max(most, value)];
    if (rows.length < 2 || !most) return svg.replaceChildren();
    const high = Math.ceil(Math.log10(most) * 2) / 2;
    const low = Math.max(Math.floor(Math.log10(least) * 2) / 2, high - 5);
    const x = (index) => left + (index / Math.max(rows.length - 1, total - 1, 1)) * (width - left - right);
    const y = (value) => top + ((high - Math.log10(value)) / (high - low || 1)) * (height - top - bottom);
    const parts = logTicks(low, high).flatMap((power) => [
      drawn("line", { x1: left, x2: width - right, y1: y(10 ** power), y2: y(10 ** power), class: "nst-grid" }),
      drawn("text", { x: left - 6, y: y(10 ** power) + 4, "text-anchor": "end" }, spoken(10 ** power)),
    ]);
    const ends = [];
    names.forEach((name, column) => {
      const points = rows.map((row, index) => [index, row[column]]).filter(([, value]) => value > 10 ** low);
      if (!points.length) return;
      const line = points.map(([index, value]) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
      parts.push(drawn("polyline", { points: line, class: column ? "nst-term" : "nst-total", "stroke-dasharray": DASHES[column % DASHES.length] }));
      const [index, value] = points.at(-1);
      ends.push({ name, x: x(index), y: y(value) + 4 });
    });
    const end = Math.max(...ends.map((each) => each.x));
    for (const label of spread(ends, 13, top + 8, height - bottom)) {
      const at = Math.min(end + 16, width - right + 16);
      const [from, to] = [label.end - 4, label.y - 4].map((value) => value.toFixed(1));
      parts.push(drawn("polyline", { points: `${label.x.toFixed(1)},${from} ${(at - 2).toFixed(1)},${to}`, class: "nst-grid" }));
      parts.push(drawn("text", { x: at, y: label.y.toFixed(1), class: label.name === "J" ? "nst-strong" : "" }, label.name));
    }
    const alone = rows.at(-1).length < names.length; // of a large picture the terms are not measured
    parts.push(drawn("text", { x: left, y: height - 4 }, `step 1 to ${rows.length}${alone ? `; above ${spec.most_measured} pixels J alone` : ""}`));
    svg.replaceChildren(...parts);
    const last = names.map((name, column) => `${name} ${spoken(rows.at(-1)[column] ?? 0)}`).slice(0, rows.at(-1).length).join(", ");
    svg.setAttribute("aria-label", `J and its terms by step, logarithmic. After ${rows.length} steps: ${last}`);
  }

  const resized = new ResizeObserver(draw);
  resized.observe(svg);
  return {
    close: () => resized.disconnect(),
    element: make("div", { className: "nst-costs" }, make("div", { className: "nst-head" }, formula("J and its terms: α J_content / K_c, and β λ_l f_l E_l / K_s of each layer")), svg),
    add(content) {
      if (content.first === 0) rows = [];
      rows.length = Math.min(rows.length, content.first);
      rows = rows.concat(content.rows);
      draw();
    },
  };
}

const GRAIN = 12; // pixels an entry of a difference

function gramView(spec) {
  const titles = ["style", "picture", "difference"];
  const canvases = titles.map((title) => make("canvas", { width: 24, height: 24, role: "img", label: `Gram matrix, ${title}: none yet` }));
  const head = make("span", { textContent: "Gram matrices: none before the first step" });
  const figures = titles.map((title, index) => make("figure", {}, canvases[index], make("figcaption", { textContent: title })));

  function shade(values, canvas, side) {
    const context = Object.assign(canvas, { width: side, height: side }).getContext("2d");
    const image = context.createImageData(side, side);
    values.forEach((value, index) => image.data.set([value, value, value, 255], 4 * index));
    context.putImageData(image, 0, 0);
  }

  // Many pixels an entry, so that a white stroke can tell less from more without the help of a colour
  function shadeSigned(values, canvas, side) {
    const context = Object.assign(canvas, { width: GRAIN * side, height: GRAIN * side }).getContext("2d");
    Object.assign(context, { strokeStyle: "white", lineWidth: GRAIN / 4 });
    values.forEach((value, index) => {
      const [x, y] = [GRAIN * (index % side), GRAIN * Math.floor(index / side)];
      const away = Math.min(255, Math.abs(value - 128) * 2);
      context.fillStyle = value > 128 ? `rgb(255 ${255 - away} ${255 - away})` : `rgb(${255 - away} ${255 - 0.6 * away} 255)`;
      context.fillRect(x, y, GRAIN, GRAIN);
      if (value >= 128) return;
      context.beginPath();
      context.moveTo(x + 1, y + GRAIN - 1);
      context.lineTo(x + GRAIN - 1, y + 1);
      context.stroke();
    });
  }

  return {
    element: make("div", { className: "nst-grams" }, make("div", { className: "nst-head" }, head), make("div", { className: "nst-matrices" }, ...figures)),
    show({ layer, side, scale }, matrices) {
      head.textContent = `Gram matrices of ${layer}, its ${side} strongest filters`;
      matrices.forEach((values, index) => {
        (index === 2 ? shadeSigned : shade)(values, canvases[index], side);
        const what = index === 2 ? "red: the picture has more; blue, with a white stroke: less" : `white is ${spoken(scale)}`;
        canvases[index].setAttribute("aria-label", `Gram matrix of ${layer}, ${titles[index]}: ${side} by ${side}, ${what}`);
        canvases[index].title = what;
      });
    },
    tooLarge() {
      const most = spec.most_measured;
      head.textContent = `Gram matrices: not measured above ${most} pixels`;
      canvases.forEach((canvas, index) => {
        Object.assign(canvas, { width: canvas.width, title: "" }); // which clears it
        canvas.setAttribute("aria-label", `Gram matrix, ${titles[index]}: not measured above ${most} pixels`);
      });
    },
  };
}
