// A brush for masks: what it covers stays the photo, the rest takes the style. Mouse, touch or keys.

const BRUSH = { width: 256, radius: 0.07, step: 0.04 }; // the last two of the picture's width

function brushView(model, stage) {
  const canvas = make("canvas", { className: "nst-brush", width: BRUSH.width, height: 170, tabIndex: 0, role: "application", hidden: true });
  canvas.setAttribute("aria-label", "mask: arrows move the brush and paint with Shift, space paints a dot, Escape ends");
  const cursor = make("div", { className: "nst-cursor" });
  const context = canvas.getContext("2d");
  const painted = new Map([["", null]]); // by the mask's name, a canvas of what covers the picture
  const strokes = new Map(); // by a name of this view's own, what was sent and has no mask's name yet
  let count = 0;
  let dirty = false;
  let shown = "";
  let wanted = ""; // the mask of the present run
  let newest = { number: 0, name: "" }; // of this view's own strokes, the last that has a name
  let erasing = false;
  let at = [0.5, 0.5];
  let last = null;

  const tool = (text, label, on) => button(text, label, () => choose(on));
  const keep = tool("keep photo", "paint where the photo stays", false);
  const style = tool("apply style", "paint where the style goes", true);
  const bar = make(
    "div",
    { className: "nst-brushes", hidden: true },
    keep,
    style,
    button("clear", "clear the mask: style everywhere", () => {
      context.clearRect(0, 0, canvas.width, canvas.height);
      dirty = true;
      send();
    }),
    button("done", "finish painting", () => open(false)),
  );
  const toggle = button("mask", "paint a mask: where the photo stays", () => open(canvas.hidden), { className: "nst-small" });
  stage.append(canvas, cursor, bar);

  function choose(on) {
    erasing = on;
    pressed(keep, !on);
    pressed(style, on);
  }
  function open(on) {
    canvas.hidden = bar.hidden = cursor.hidden = !on;
    pressed(toggle, on);
    if (!on) return toggle.focus(); // else the focus is lost, and keys go to the notebook
    const { width, height } = stage.getBoundingClientRect();
    const high = Math.round((BRUSH.width * height) / width);
    if (canvas.height !== high) canvas.height = high; // which also clears it
    if (resting()) draw(shown);
    place(at);
    canvas.focus();
  }
  function place(point) {
    at = point.map((value) => Math.min(1, Math.max(0, value)));
    cursor.style.left = `${100 * at[0]}%`;
    cursor.style.top = `${100 * at[1]}%`;
  }
  function dab(from, to) {
    context.globalCompositeOperation = erasing ? "destination-out" : "source-over";
    Object.assign(context, { lineWidth: 2 * BRUSH.radius * canvas.width, lineCap: "round", strokeStyle: "#1f6fd0" });
    context.beginPath();
    context.moveTo(from[0] * canvas.width, from[1] * canvas.height);
    context.lineTo(to[0] * canvas.width + 0.01, to[1] * canvas.height);
    context.stroke();
    dirty = true;
  }
  function draw(name) {
    shown = name;
    context.globalCompositeOperation = "source-over";
    context.clearRect(0, 0, canvas.width, canvas.height);
    const cover = painted.get(name);
    if (cover) context.drawImage(cover, 0, 0, canvas.width, canvas.height); // the photo's shape may be another by now
  }
  function copied() {
    const copy = make("canvas", { width: canvas.width, height: canvas.height });
    copy.getContext("2d").drawImage(canvas, 0, 0);
    return copy;
  }
  // White where the style goes: what is covered becomes black.
  function send() {
    if (!dirty) return;
    dirty = false;
    const covered = context.getImageData(0, 0, canvas.width, canvas.height);
    const grey = make("canvas", { width: canvas.width, height: canvas.height });
    const image = new ImageData(canvas.width, canvas.height);
    for (let index = 0; index < image.data.length; index += 4) {
      const value = 255 - covered.data[index + 3];
      image.data.set([value, value, value, 255], index);
    }
    grey.getContext("2d").putImageData(image, 0, 0);
    const stroke = `${mine}-${++count}`;
    strokes.set(stroke, { cover: copied(), number: count });
    const moves = model.number();
    grey.toBlob(async (blob) => model.send({ kind: "mask", stroke, moves }, undefined, [await blob.arrayBuffer()]), "image/png");
  }
  // What covers the picture, of a mask that is black there.
  async function covering(bytes) {
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));
    const cover = make("canvas", { width: bitmap.width, height: bitmap.height });
    const paper = cover.getContext("2d");
    paper.drawImage(bitmap, 0, 0);
    const image = paper.getImageData(0, 0, cover.width, cover.height);
    for (let index = 0; index < image.data.length; index += 4)
      image.data.set([31, 111, 208, 255 - image.data[index]], index);
    paper.putImageData(image, 0, 0);
    return cover;
  }
  // What has been painted and has no name yet must not be painted over.
  const resting = () => !strokes.size && !last && !dirty;
  function settle() {
    if (resting() && wanted !== shown && painted.has(wanted)) draw(wanted);
  }
  const pointOf = (event) => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    last = pointOf(event);
    dab(last, last);
  });
  canvas.addEventListener("pointermove", (event) => {
    const point = pointOf(event);
    place(point);
    if (last) dab(last, point);
    if (last) last = point;
  });
  for (const end of ["pointerup", "pointercancel"])
    canvas.addEventListener(end, () => {
      last = null;
      send();
    });
  canvas.addEventListener("keydown", (event) => {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.key in moves) {
      const before = at;
      place([at[0] + moves[event.key][0] * BRUSH.step, at[1] + moves[event.key][1] * BRUSH.step]);
      if (event.shiftKey) dab(before, at);
    } else if (event.key === " ") dab(at, at);
    else if (event.key === "Escape") open(false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  canvas.addEventListener("keyup", (event) => (event.key === " " || event.key === "Shift") && send());
  cursor.hidden = true;
  choose(false);
  pressed(toggle, false);
  return {
    toggle,
    async named({ name, stroke, refused, overtaken }, bytes) {
      if (strokes.has(stroke)) {
        const { cover, number } = strokes.get(stroke);
        strokes.delete(stroke);
        if (name && !refused) painted.set(name, cover);
        const taken = !refused && !overtaken;
        if (taken && number > newest.number) newest = { number, name };
        if (resting() && taken) shown = wanted = newest.name; // an older stroke may be answered last
        else if (resting()) draw(wanted);
      } else if (bytes && !painted.has(name)) {
        painted.set(name, await covering(bytes)); // painted in another view, or before this page was loaded
      }
      settle();
    },
    show({ mask }) {
      wanted = mask;
      settle();
    },
  };
}
