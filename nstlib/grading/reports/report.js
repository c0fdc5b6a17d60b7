"use strict";
// Sorts and filters the table of students. Without this script the table is there as a whole, sorted by id.
{
  const table = document.querySelector(".filters + .wide table");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];

  // What a cell is sorted by: a student's text, otherwise the last number in it, which is what counts; null for none.
  function key(row, column) {
    const text = row.cells[column].textContent;
    if (column === 0) return text.trim().toLowerCase();
    const numbers = text.replaceAll("−", "-").match(/-?\d+(\.\d+)?/g);
    return numbers ? Number(numbers.at(-1)) : null;
  }

  function sort(head) {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const keys = new Map(rows.map((row) => [row, key(row, head.cellIndex)]));
    const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b) : a - b);
    const order = [...rows].sort((one, other) => {
      const [a, b] = [keys.get(one), keys.get(other)];
      if (a === null || b === null) return (a === null) - (b === null); // those without a number come last, both ways
      return down ? compare(b, a) : compare(a, b);
    });
    body.replaceChildren(...order);
  }

  for (const head of heads) {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(head));
    head.append(button);
  }

  const filters = document.querySelector(".filters");
  const [name, status, count] = ["input", "select", "[role=status]"].map((tag) => filters.querySelector(tag));
  const stated = new Map(rows.map((row) => [row, row.cells[0].querySelector(".warn")?.textContent ?? "graded"]));
  for (const text of new Set(stated.values())) status.append(new Option(text, text));

  function filter() {
    const wanted = name.value.trim().toLowerCase();
    for (const row of rows) {
      const fits = row.cells[0].textContent.toLowerCase().includes(wanted);
      row.hidden = !fits || Boolean(status.value && stated.get(row) !== status.value);
    }
    count.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} students`;
  }

  name.addEventListener("input", filter);
  status.addEventListener("change", filter);
  filters.hidden = false;
  filter(); // a browser that reloads a page keeps what was typed
}
