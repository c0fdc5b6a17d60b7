// What eyes found wrong once, measured on a studio: overlaps, gaps, cut or tiny text, small targets. For geometry.py.
(root, [leastTarget, leastText]) => {
  const box = (element) => element.getBoundingClientRect();
  const seen = (element) => box(element).width > 0 && getComputedStyle(element).visibility !== 'hidden';
  const panel = box(root);
  const parts = ['.nst-bar', '.nst-picture', '.nst-costs', '.nst-sources', '.nst-amounts', '.nst-layers', '.nst-grams',
    '.nst-more', '.nst-history', '.nst-task', '.nst-code'].flatMap((name) => [...root.querySelectorAll(name)]).filter(seen);
  const named = parts.map((part) => [part.className, box(part)]);
  const overlaps = named.flatMap(([one, a], index) => named.slice(index + 1)
    .filter(([, b]) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
      && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1).map(([other]) => `${one} over ${other}`));
  const wordsOf = (select) => { // the width that the chosen words and the arrow take
    const pen = Object.assign(document.createElement('canvas').getContext('2d'), { font: getComputedStyle(select).font });
    const { paddingLeft, paddingRight } = getComputedStyle(select);
    return pen.measureText(select.selectedOptions[0].text).width + parseFloat(paddingLeft) + parseFloat(paddingRight) + 18;
  };
  // A gap is a run of pixel rows that no part touches
  const rows = new Array(Math.ceil(panel.height)).fill(false);
  for (const [, b] of named) rows.fill(true, Math.max(0, Math.floor(b.top - panel.top)), Math.ceil(b.bottom - panel.top));
  const gap = Math.max(0, ...rows.join('').split('true').map((run) => run.length / 'false'.length));
  const inside = [...root.querySelectorAll('*')].filter(seen).filter((each) => !each.closest('.nst-thumbs, .nst-runs, .nst-spoken'));
  const sticking = inside.filter((each) => box(each).right > panel.right + 1 || box(each).left < panel.left - 1);
  const clickable = [...root.querySelectorAll('button, select, input:not([type=radio], [type=checkbox], [type=file])')].filter(seen);
  const small = clickable.filter((each) => Math.min(box(each).width, box(each).height) < leastTarget - 0.5);
  const texts = inside.filter((each) => [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
  const tiny = texts.filter((each) => parseFloat(getComputedStyle(each).fontSize) < leastText - 0.01);
  const cut = texts.filter((each) => each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).overflowX !== 'visible'
    && getComputedStyle(each).display !== 'inline' && !each.matches('textarea, select'))
    // a file may have a name of any length: its tooltip says the whole
    .concat([...root.querySelectorAll('.nst-thumbs label:not([title^="own: "]) span')].filter((each) => each.scrollWidth > each.clientWidth + 1))
    .concat(clickable.filter((each) => each.matches('select') && wordsOf(each) > box(each).width));
  const buttons = clickable.filter((each) => each.matches('button:not(.nst-runs *, .nst-own)'));
  const wrapped = buttons.filter((each) => box(each).height > 1.7 * parseFloat(getComputedStyle(each).fontSize) + 14);
  const touching = buttons.filter((each) => [...root.querySelectorAll('.nst-stage, .nst-channel')].filter((other) => !other.contains(each))
    .some((other) => Math.min(box(each).right, box(other).right) > Math.max(box(each).left, box(other).left)
      && Math.max(box(each).top, box(other).top) - Math.min(box(each).bottom, box(other).bottom) < 2));
  const words = (list) => list.map((each) => `${each.tagName} ${each.className.baseVal ?? each.className} '${each.textContent.slice(0, 20)}'`);
  return { width: panel.width, height: panel.height, right: panel.right, window: innerWidth, gap, overlaps,
    picture: box(root.querySelector('canvas.nst-frame')).toJSON(), sticking: words(sticking), small: words(small),
    tiny: words(tiny), cut: words(cut),
    wrapped: words(wrapped), touching: words(touching) };
}
