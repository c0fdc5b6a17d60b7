
document.documentElement.classList.add("live");

function wire(book) {
  const slider = book.querySelector("input");
  const frames = [...book.querySelectorAll(".frame")];
  const codes = [...book.querySelectorAll(".code")];
  const show = () => {
    const now = Number(slider.value);
    for (const pages of [frames, codes]) pages.forEach((page, index) => page.classList.toggle("now", index === now));
    slider.setAttribute("aria-valuetext", frames[now].querySelector("figcaption").textContent);
  };
  codes.forEach((code) => { code.open = true; });
  slider.addEventListener("input", show);
  show(); // a browser may have kept the slider where an earlier visit left it
}

document.addEventListener("DOMContentLoaded", () => document.querySelectorAll(".flipbook").forEach(wire));
