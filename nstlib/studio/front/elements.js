// The files in this folder are put together in the order that desk.py names, and make one module. Here: making elements.

const HANDLES = "input, button, select, textarea, [tabindex]";
const mine = Math.random().toString(36).slice(2); // each panel has this module to itself, and all share the page's names
let unique = 0;

function make(tag, properties = {}, ...children) {
  const { label, role, ...rest } = properties;
  const element = Object.assign(document.createElement(tag), rest);
  if (label) element.setAttribute("aria-label", label);
  if (role) element.setAttribute("role", role);
  if (element.matches(HANDLES)) element.setAttribute("data-lm-suppress-shortcuts", "true"); // or Jupyter takes its keys
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// Words with subscripts: "J_content" becomes J with a small "content" below.
function formula(text) {
  const parts = text.split(/(?<=[A-Za-zλ])_(\w+)/);
  return make("span", {}, ...parts.map((part, index) => (index % 2 ? make("sub", { textContent: part }) : part)));
}

function drawn(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function button(text, label, onclick, more = {}) {
  return make("button", { type: "button", textContent: text, label, title: label, onclick, ...more });
}

function pressed(element, on) {
  element.setAttribute("aria-pressed", String(on));
}

function labelled(text, control, ...more) {
  control.id ||= `nst-${mine}-${++unique}`;
  return make("div", { className: "nst-row" }, make("label", { htmlFor: control.id, textContent: text }), control, ...more);
}

// The bytes beside a message, or null where a front end has lost them.
function bytesOf(content, buffers) {
  if (content.base64) return content.base64.map((text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)));
  if (!buffers?.length) return null;
  return buffers.map((each) => (ArrayBuffer.isView(each) ? new Uint8Array(each.buffer, each.byteOffset, each.byteLength) : new Uint8Array(each)));
}

function jpegUrl(bytes) {
  return URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" }));
}
