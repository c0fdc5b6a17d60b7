// The picture: frames as they come, the newest alone; the photo or another run behind a wiper; where a layer pulls.

function pictureView(model) {
  const canvas = make("canvas", { className: "nst-frame", role: "img", label: "no picture yet", width: 96, height: 64 });
  const behind = make("canvas", { className: "nst-behind", width: 96, height: 64 });
  const heat = make("canvas", { className: "nst-heat", width: 96, height: 64, hidden: true });
  const wiper = make("input", { type: "range", min: 0, max: 100, step: 1, value: 0, className: "nst-wiper", label: "compare with the photo" });
  const heatName = make("div", { className: "nst-heat-name", hidden: true });
  const line = make("div", { className: "nst-wipe-line" });
  const sides = make("div", { className: "nst-sides" }, make("span", {}), make("span", { textContent: "picture" }));
  const whole = model.get("spec").view === "studio"; // else a small figure, without photo and timeline
  const stage = make("div", { className: "nst-stage" }, canvas, ...(whole ? [behind, line, heat, heatName, sides, wiper] : []));
  const timeline = make("input", { type: "range", min: 0, max: 0, step: 1, value: 0, label: "frames of this run" });
  const place = make("span", { className: "nst-place" });
  const brush = whole ? brushView(model, stage) : null;
  const row = make("div", { className: "nst-timeline" }, timeline, place, brush?.toggle);
  for (const each of [behind, heat, heatName, line, sides]) each.setAttribute("aria-hidden", "true");

  let film = [];
  let run = null;
  let waiting = null;
  let busy = false;
  let busyWithRun = false;
  let alone = null; // the photo, while no other run is compared

  const wipe = (share) => {
    stage.style.setProperty("--wipe", `${share}%`);
    stage.classList.toggle("nst-wiped", share > 0);
    wiper.setAttribute("aria-valuetext", share > 0 ? `${sides.firstChild.textContent} on the left ${share} percent` : "picture only");
  };
  const draw = async (target, bytes) => {
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));
    if (target.width !== bitmap.width || target.height !== bitmap.height) {
      Object.assign(target, { width: bitmap.width, height: bitmap.height });
      if (target === canvas) stage.style.setProperty("--ratio", bitmap.width / bitmap.height);
    }
    target.getContext("2d").drawImage(bitmap, 0, 0);
    bitmap.close();
  };
  const following = () => Number(timeline.value) >= Number(timeline.max);
  // As long as the film, with its handle at the end, unless somebody looks at an earlier frame; says whether it is there.
  const lengthen = () => {
    const live = following();
    timeline.max = Math.max(0, film.length - 1);
    if (live) timeline.value = timeline.max;
    return live;
  };
  const tell = (step) => {
    const earlier = following() ? "" : "; meters show the last";
    place.textContent = step === undefined ? "" : `step ${step + 1}${earlier}`;
    const quiet = document.activeElement === timeline && busyWithRun; // or it would speak at every frame
    if (!quiet) timeline.setAttribute("aria-valuetext", place.textContent || "no frames yet");
  };

  // Paint this as soon as the one before is painted. What it takes the place of is confirmed with it.
  function paintNext(next) {
    const number = Math.max(next.content.number ?? 0, waiting?.content.number ?? 0);
    waiting = { ...next, content: { ...next.content, number } };
    paintNewest();
  }

  async function paintNewest() {
    if (busy) return;
    busy = true;
    while (waiting) {
      const { content, bytes, fresh } = waiting;
      waiting = null;
      try {
        await draw(canvas, bytes);
        canvas.dataset.frame = `${content.run}:${content.step}`;
      } catch (fault) {
        console.error("A frame could not be drawn:", fault);
      }
      if (fresh) follow(content); // with the picture: the page is laid out and painted once for both
      confirm(content);
    }
    busy = false;
  }

  function follow({ run: shown, step }) {
    if (shown !== run || !lengthen()) return;
    busyWithRun = step + 1 < model.get("spec").steps;
    tell(step);
  }

  // Confirmed when painted, where Python asks for it: a hidden page confirms nothing, and gets few frames.
  function confirm({ number }) {
    if (number) requestAnimationFrame(() => model.send({ kind: "seen", number }));
  }

  function frame(content, bytes) {
    if (content.run !== run) {
      film = [];
      run = content.run;
      timeline.max = 0;
    }
    if (film.at(-1)?.[0] === content.step) film.pop(); // a run's last picture comes once more, whatever came before
    film.push([content.step, bytes]);
    if (film.length > (model.get("spec").film ?? 1)) film = film.filter((_, index) => index % 2 === 0 || index === film.length - 1);
    if (following()) {
      paintNext({ content, bytes, fresh: true });
    } else {
      lengthen();
      confirm(content); // somebody looks at an earlier one
    }
  }

  // The frames of a run from before: its timeline is whole again.
  function showFilm(content, frames) {
    run = content.run;
    film = frames.map((bytes, index) => [content.steps[index], bytes]);
    timeline.max = Math.max(0, film.length - 1);
    timeline.value = timeline.max;
  }

  function compare(bytes, name) {
    sides.firstChild.textContent = name;
    wiper.setAttribute("aria-label", `compare with ${name === "photo" ? "the photo" : name}`);
    draw(behind, bytes).catch((fault) => console.error("A picture could not be drawn:", fault));
  }

  function photo(bytes) {
    alone = bytes;
    if (!stage.classList.contains("nst-comparing")) compare(bytes, "photo");
  }

  function compareWith(bytes, name) {
    stage.classList.toggle("nst-comparing", Boolean(bytes));
    if (bytes) compare(bytes, name);
    else if (alone) compare(alone, "photo");
    wiper.value = bytes ? 50 : 0;
    wipe(Number(wiper.value));
  }

  // Where a layer pulls: the picture dark, and orange where the pull is strong.
  function pull(content, [values], ending) {
    const context = Object.assign(heat, { width: content.width, height: content.height, hidden: false }).getContext("2d");
    const image = context.createImageData(content.width, content.height);
    for (let index = 0; index < values.length; index++)
      image.data.set([values[index], 0.6 * values[index], 0, 110 + 0.4 * values[index]], 4 * index);
    context.putImageData(image, 0, 0);
    Object.assign(heatName, { hidden: false, textContent: `Not the picture: where ${content.layer} pulls. ${ending}` });
  }

  wiper.addEventListener("input", () => wipe(Number(wiper.value)));
  timeline.addEventListener("input", () => {
    lengthen();
    const chosen = film[Number(timeline.value)];
    if (!chosen) return;
    paintNext({ content: { run, step: chosen[0] }, bytes: chosen[1] });
    busyWithRun = false;
    tell(chosen[0]);
  });
  wipe(0);
  tell();
  return {
    element: make("div", { className: "nst-picture" }, stage, whole ? row : null),
    frame,
    showFilm,
    photo,
    compareWith,
    brush,
    pull,
    coolDown: () => (heat.hidden = heatName.hidden = true),
    hold: (on) => wipe(on ? 100 : Number(wiper.value)),
    describe: (text) => text && canvas.setAttribute("aria-label", text),
  };
}
