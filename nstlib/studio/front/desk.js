// The whole desk: what stands where, what a message changes, what a move sends.

const DEAD = "The kernel has restarted or stopped: run this cell again. What you see is from before.";
const DOING = { ready: "play", running: "pause", paused: "continue", done: "run again", stopped: "run again", failed: "run again" };
const LOOKING = ["hello", "seen", "focus", "pull"]; // what is sent without an action
const REST = 700; // milliseconds that a sentence stands before it is spoken
const HOVER = 250; // milliseconds over a fader or its name before the layer's pull is asked for

// What is going on. A screen reader hears it once it has stood for a moment, and an alert at once.
function statusView(model) {
  const spoken = make("span", { className: "nst-spoken", role: "status" });
  const shown = make("span", { className: "nst-said" });
  const element = make("div", { className: "nst-status", role: "group", label: "what is going on" }, shown, spoken);
  let resting = 0;
  const reach = () => {
    const longer = element.scrollHeight > element.clientHeight; // than there is room for: then the keys scroll it
    if (longer) Object.assign(element, { tabIndex: 0 }).setAttribute("data-lm-suppress-shortcuts", "true");
    else element.removeAttribute("tabindex");
  };
  const resized = new ResizeObserver(reach);
  resized.observe(element);
  let standing = ["", false];
  let passing = false;
  const say = (sentence, alert) => {
    if (shown.textContent === sentence && shown.hasAttribute("role") === alert) return;
    if (alert) shown.setAttribute("role", "alert");
    else shown.removeAttribute("role");
    element.classList.toggle("nst-alert", alert);
    shown.textContent = sentence;
    reach();
    clearTimeout(resting);
    resting = setTimeout(() => (spoken.textContent = alert ? "" : sentence), REST);
  };
  return {
    element,
    // About one action alone, until the next one begins.
    pass(sentence) {
      passing = true;
      say(sentence, false);
    },
    begin() {
      if (passing) say(...standing);
      passing = false;
    },
    update() {
      const { sentence, alert, passing: goes } = model.get("status");
      passing = Boolean(goes);
      if (!passing) standing = [sentence, Boolean(alert)];
      say(sentence, Boolean(alert));
    },
    dead: () => say(DEAD, true),
    close: () => {
      clearTimeout(resting);
      resized.disconnect();
    },
  };
}

// The knobs as Python has them, and over them what somebody has moved here and Python has not yet answered, be it with a
// refusal: so a slider never jumps back, and a move says no more than what it moved.
// All that a view sends is numbered, since it may arrive in another order.
function knobsOf(model, begin) {
  const view = Math.random().toString(36).slice(2);
  let waiting = [];
  let count = 0;
  let sending = 0;
  const send = () => {
    cancelAnimationFrame(sending);
    sending = 0;
    const fresh = waiting.filter(({ sent }) => !sent);
    for (const each of fresh) each.sent = true;
    model.send({ kind: "move", changes: Object.assign({}, ...fresh.map(({ changes }) => changes)), moves: { [view]: fresh.at(-1).number } });
  };
  // Moves that wait for the next frame go first: what is asked for now comes after them.
  const number = () => {
    if (sending) send();
    return { [view]: ++count };
  };
  return {
    // The model for those who ask: what is sent later than it was asked for takes its number then.
    asking: {
      get: (name) => model.get(name),
      send: (content, callbacks, buffers) => {
        if (!LOOKING.includes(content.kind)) begin();
        model.send({ moves: number(), ...content }, callbacks, buffers);
      },
      number,
    },
    now: () => Object.assign({}, model.get("knobs"), ...waiting.map(({ changes }) => changes)),
    confirmed: () => (waiting = waiting.filter(({ number }) => number > (model.get("knobs").moves?.[view] ?? 0))),
    // The knobs of a run from before stand at once: a move made before Python has answered counts from them.
    goBack(run, changes) {
      begin();
      const moves = number();
      waiting.push({ number: count, changes, sent: true });
      model.send({ kind: "back", number: run, moves });
    },
    move(changes) {
      begin();
      waiting.push({ number: ++count, changes, sent: false });
      if (waiting.every(({ sent }) => !sent)) send(); // the first goes at once, more of them together
      else sending ||= requestAnimationFrame(send);
    },
  };
}

function studioView({ model: whole, el }) {
  const spec = whole.get("spec");
  const status = statusView(whole);
  const moved = knobsOf(whole, status.begin);
  const model = moved.asking;
  const knobs = moved.now;
  const root = make("div", { className: "nst-desk nst-studio", role: "group", label: "studio" });
  const picture = pictureView(model);
  const speed = make("div", { className: "nst-speed" });

  let hovering = 0;
  let hovered = null;
  let ending = ""; // how to see the picture again in place of a layer's pull
  const onhover = (layer, on) => {
    clearTimeout(hovering);
    const wanted = on === "toggle" ? hovered !== layer : on;
    hovered = wanted ? layer : null;
    ending = on === "toggle" ? "Press P again." : "Move the mouse away.";
    if (wanted) hovering = setTimeout(() => model.send({ kind: "pull", layer }), on === "toggle" ? 0 : HOVER);
    else picture.coolDown();
  };
  const onmove = (name, value) => {
    onhover(hovered, false); // who moves anything wants to see the picture
    moved.move(typeof name === "string" ? { [name]: value } : name);
    show();
  };

  const sources = sourcesView(model, spec, knobs(), onmove);
  const layers = layersView(model, spec, knobs(), onmove, onhover);
  const costs = costsView(spec);
  const gram = gramView(spec);
  const goBack = (run, its) => {
    moved.goBack(run, its);
    show();
  };
  const history = historyView(spec, knobs, picture.compareWith, goBack, speed);
  const tasks = tasksView(model, spec);
  let shownRun = null;
  const controls = {};
  const control = (name) => {
    controls[name] = controlOf(name, spec.controls[name], knobs()[name], spec.first[name], (value) => onmove(name, value));
    return controls[name].element;
  };

  const askForCode = (name, line) => {
    model.send({ kind: "code", line });
    status.pass(`Copying ${name} …`);
  };
  const state = () => model.get("status").state ?? "ready";
  const play = button("play", "play", () => {
    if (state() === "running") model.send({ kind: "pause" });
    else model.send({ kind: "play", anew: !["ready", "paused"].includes(state()) });
  }, { className: "nst-play" });
  const bar = make(
    "div",
    { className: "nst-bar" },
    play,
    button("step", "one step", () => model.send({ kind: "step", anew: !["ready", "paused", "running"].includes(state()) })),
    button("restart", "restart", () => model.send({ kind: "restart" })),
    tasks.select,
    status.element,
    button("copy code", "copy the code that makes this picture", () => askForCode("the code", false)),
    button("more", "more settings", () => more()),
  );
  const moreButton = bar.lastChild;
  const more = (open = !root.classList.contains("nst-more-open")) => {
    root.classList.toggle("nst-more-open", open);
    pressed(moreButton, open);
    moreButton.textContent = open ? "less" : "more";
  };

  const second = make("select", {});
  const offer = (name) => {
    if ([...second.options].every(({ value }) => value !== name)) second.append(make("option", { value: name, textContent: name || "none" }));
  };
  ["", ...spec.sources.style].forEach(offer);
  second.addEventListener("change", () => onmove("second_style", second.value));
  const large = make("select", { label: "pixels of the large picture" }, ...["512", "1024"].map((size) => make("option", { value: size, textContent: `${size} px` })));
  const drawer = make(
    "div",
    { className: "nst-more" },
    ...["rule", "statistic", "convention", "content_layer", "init", "optimizer", "colour"].map(control),
    labelled("second style", second),
    ...["blend", "style_scale", "total_variation", "chroma_smoothness", "size", "seed", "go_on"].map(control),
    make(
      "div",
      { className: "nst-keep" },
      button("save picture", "save the picture and its settings beside the notebook", () => model.send({ kind: "save" })),
      button("save GIF", "save this run as an animated GIF", () => model.send({ kind: "save", film: "gif" })),
      button("save WebP", "save this run as an animated WebP", () => model.send({ kind: "save", film: "webp" })),
      button("copy line", "copy a line that sets these knobs: Studio.from_code(…)", () => askForCode("the line", true)),
      make("div", { className: "nst-large" }, button("render large", "run these settings at a larger size", () => model.send({ kind: "large", size: Number(large.value) })), large),
    ),
  );
  const code = make("textarea", { className: "nst-code", label: "code", readOnly: true, hidden: true, rows: 6 });
  const amounts = make("div", { className: "nst-amounts" }, control("alpha"), control("beta"));
  const left = make("div", { className: "nst-left" }, picture.element, costs.element, history.element);
  const right = make("div", { className: "nst-right" }, sources.element, amounts, layers.element, gram.element, drawer);
  root.append(bar, tasks.element, make("div", { className: "nst-main" }, left, right), code);
  sources.dropOn(root);
  pressed(moreButton, false);

  let shown = "";
  function show() {
    const now = knobs();
    const text = JSON.stringify({ ...now, moves: null });
    if (text === shown) return; // Python confirms what stands here already
    shown = text;
    sources.show(now);
    layers.show(now);
    for (const [name, made] of Object.entries(controls)) made.set(now[name]);
    offer(now.second_style);
    second.value = now.second_style;
    picture.brush.show(now);
    controls.blend.element.hidden = !now.second_style;
    controls.seed.rest(now.init !== "noise" && !spec.drawn.includes(now.statistic) && "used where a run starts from noise, or the statistic is drawn at random");
    controls.chroma_smoothness.rest(now.colour === "photo" && "the photo's colours stay as they are");
    history.tell();
  }
  function update() {
    status.update();
    play.textContent = DOING[state()];
    play.setAttribute("aria-label", DOING[state()]);
    play.title = DOING[state()];
    picture.describe(model.get("status").alt);
  }
  async function copy({ text, line, to_do }) {
    let copied = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      copied = false; // no permission, or a page without https
    }
    code.value = text;
    code.hidden = copied;
    if (!copied) code.select();
    const said = copied ? `Copied ${line ? "the line" : "the code"}.` : `Copy ${line ? "this line" : "these lines"}:`;
    status.pass(`${said} ${to_do}`.trim());
  }
  const messages = {
    frame: (content, bytes) => {
      picture.frame(content, bytes[0]);
      shownRun = content.run;
      history.mark(shownRun);
    },
    photo: (content, bytes) => picture.photo(bytes[0]),
    film: picture.showFilm,
    thumbnail: (content, bytes) => {
      sources.thumbnail(content, bytes);
      if (content.side === "style") offer(content.name);
    },
    run: (content) => {
      layers.rule(content.layers, content.weights);
      code.hidden = true; // its lines belong to the run before
    },
    costs: (content) => {
      costs.add(content);
      if (content.speed) speed.textContent = content.speed;
    },
    pulls: (content) => layers.pulls(content.shares),
    gram: gram.show,
    toolarge: gram.tooLarge,
    pull: (content, bytes) => content.layer === hovered && picture.pull(content, bytes, ending),
    history: (content, bytes) => {
      history.add(content, bytes);
      history.mark(shownRun);
    },
    task: tasks.show,
    mask: (content, bytes) => picture.brush.named(content, bytes[0]),
    why: (content) => tasks.explain(content.text),
    code: copy,
  };
  const keys = (event, down) => {
    if (event.target.matches("textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key.toLowerCase() === "b") picture.hold(down);
    else if (event.key === " " && down && !event.target.matches("button, input[type=checkbox], input[type=radio]")) event.repeat || play.click();
    else return;
    event.preventDefault();
  };
  root.addEventListener("keydown", (event) => keys(event, true));
  root.addEventListener("keyup", (event) => keys(event, false));
  root.addEventListener("focusout", () => picture.hold(false));
  el.append(root);
  show();
  update();
  model.send({ kind: "hello" });
  layers.focus(spec.controls.faders.layers[Math.min(2, spec.controls.faders.layers.length - 1)]);
  const confirm = () => {
    moved.confirmed();
    show();
  };
  const close = () => {
    clearTimeout(hovering);
    for (const part of [status, sources, costs, history]) part.close();
  };
  return { root, messages, update, show: confirm, close, dead: status.dead };
}

// The small figure of the lessons: one slider over a few values, a picture, a sentence.
function liveView({ model, el }) {
  const spec = model.get("spec");
  const root = make("div", { className: "nst-desk nst-live", role: "group", label: spec.name });
  const status = statusView(model);
  const picture = pictureView(model);
  const control = { kind: "linear", low: 0, high: spec.values.length - 1, step: 1 };
  const index = () => model.get("knobs").index;
  const made = slider({
    control,
    label: spec.name,
    first: 0,
    words: (place) => spec.values[place],
    onmove: (place) => {
      model.set("knobs", { index: place });
      model.save_changes();
    },
  });
  root.append(picture.element, labelled(spec.name, made.range, made.output), status.element);
  el.append(root);
  const show = () => made.set(index());
  const update = () => {
    status.update();
    picture.describe(model.get("status").alt);
  };
  show();
  update();
  model.send({ kind: "hello" });
  return { root, messages: { frame: (content, bytes) => picture.frame(content, bytes[0]) }, update, show, close: status.close, dead: status.dead };
}

export default {
  render({ model, el }) {
    const view = (model.get("spec").view === "live" ? liveView : studioView)({ model, el });
    let plain = false;
    const receive = (content, buffers) => {
      const needs = ["frame", "photo", "thumbnail", "gram", "pull", "history"].includes(content.kind);
      const bytes = bytesOf(content, buffers) ?? (needs ? null : []);
      if (bytes) view.messages[content.kind]?.(content, bytes);
      else if (!plain) {
        plain = true; // said once: every answer to it would be lossy until it arrives
        model.send({ kind: "plain" });
      }
    };
    const dead = () => {
      view.dead();
      view.root.classList.add("nst-dead");
    };
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    const tellCalm = () => model.send({ kind: "calm", calm: calm.matches });
    if (calm.matches) tellCalm();
    calm.addEventListener("change", tellCalm);
    model.on("msg:custom", receive);
    model.on("change:status", view.update);
    model.on("change:knobs", view.show);
    model.on("comm_live_update", dead);
    return () => {
      view.close();
      calm.removeEventListener("change", tellCalm);
      model.off("msg:custom", receive);
      model.off("change:status", view.update);
      model.off("change:knobs", view.show);
      model.off("comm_live_update", dead);
      try {
        model.send({ kind: "gone" });
      } catch {
        // the kernel has ended, and with it what this is said to
      }
    };
  },
};
