// What eyes found wrong once, measured on the studio: overlaps, gaps, cut or tiny text, small targets. For test_desk.py.
([leastTarget, leastText]) => {
  const root = document.querySelector('.nst-studio');
  const box = (element) => element.getBoundingClientRect();
  const seen = (element) => box(element).width > 0 && getComputedStyle(element).visibility !== 'hidden';
  const panel = box(root);
  const parts = ['.nst-bar', '.nst-picture', '.nst-costs', '.nst-sources', '.nst-amounts', '.nst-layers', '.nst-grams',
    '.nst-more', '.nst-history'].flatMap((name) => [...root.querySelectorAll(name)]).filter(seen);
  const named = parts.map((part) => [part.className, box(part)]);
  const overlaps = named.flatMap(([one, a], index) => named.slice(index + 1)
    .filter(([, b]) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
      && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1).map(([other]) => `${one} over ${other}`));
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
    && getComputedStyle(each).display !== 'inline' && !each.matches('textarea, select'));
  const words = (list) => list.map((each) => `${each.tagName} ${each.className.baseVal ?? each.className} '${each.textContent.slice(0, 20)}'`);
  return { width: panel.width, height: panel.height, right: panel.right, window: innerWidth, gap, overlaps,
    picture: box(root.querySelector('canvas.nst-frame')).toJSON(), sticking: words(sticking), small: words(small),
    tiny: words(tiny), cut: words(cut) };
}
