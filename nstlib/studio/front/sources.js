// Thumbnails of content and style: a radio group each, with a button for a file, which may also be dropped.

function sourcesView(model, spec, state, onmove) {
  const groups = {};
  const send = async (side, file) => {
    if (!file) return;
    const moves = model.number();
    if (file.size > spec.max_bytes) model.send({ kind: "file", side, name: file.name, bytes: file.size, moves });
    else {
      const bytes = await file.arrayBuffer().catch(() => null); // a folder has none
      model.send({ kind: "file", side, name: file.name, moves }, undefined, bytes ? [bytes] : []);
    }
  };
  for (const [side, names] of Object.entries(spec.sources)) {
    const group = `nst-${mine}-${++unique}`;
    const row = make("div", { className: "nst-thumbs" });
    const box = make("fieldset", { className: `nst-source nst-${side}` }, make("legend", { textContent: side }), row);
    const radios = {};
    const add = (name, before) => {
      const radio = make("input", { type: "radio", name: group, value: name, label: `${side}: ${name}`, onchange: () => onmove(side, name) });
      const image = make("img", { alt: "", className: "nst-thumb" });
      const label = make("label", { title: name }, radio, image, make("span", { textContent: name.replace("own: ", "") }));
      radios[name] = { radio, image, label };
      row.insertBefore(label, before ? row.firstChild : chooser);
    };
    const picker = make("input", { type: "file", accept: "image/*", hidden: true });
    picker.addEventListener("change", () => {
      send(side, picker.files[0]);
      picker.value = ""; // or the same file twice would be no change
    });
    const chooser = button("+", `${side}: a picture of your own`, () => picker.click(), { className: "nst-own" });
    row.append(chooser, picker);
    for (const name of names) add(name);
    row.addEventListener("keydown", (event) => event.stopPropagation());
    groups[side] = { box, radios, add };
  }
  const show = (knobs) => {
    for (const side of Object.keys(groups)) {
      if (!groups[side].radios[knobs[side]]) groups[side].add(knobs[side], true);
      groups[side].radios[knobs[side]].radio.checked = true;
    }
  };
  const dropOn = (element) => {
    const over = (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault(); // or the browser opens the file in place of the notebook
      event.stopPropagation();
      element.classList.toggle("nst-over", event.type === "dragover");
      if (event.type === "drop") send(event.target.closest(".nst-style") ? "style" : "content", event.dataTransfer.files[0]);
    };
    for (const event of ["dragover", "dragleave", "drop"]) element.addEventListener(event, over);
  };
  const thumbnail = ({ side, name }, [bytes]) => {
    if (!groups[side].radios[name]) groups[side].add(name, true);
    const { image } = groups[side].radios[name];
    URL.revokeObjectURL(image.src);
    image.src = jpegUrl(bytes);
  };
  show(state);
  const close = () =>
    Object.values(groups).forEach(({ radios }) => Object.values(radios).forEach(({ image }) => URL.revokeObjectURL(image.src)));
  return { close, element: make("div", { className: "nst-sources" }, ...Object.values(groups).map(({ box }) => box)), show, thumbnail, dropOn };
}
