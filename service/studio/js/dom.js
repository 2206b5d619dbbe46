/** Elements, as one call each. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element.
 * @param {string} tag
 * @param {Record<string, any>} [props] `class`, `style` (custom properties too), `on…` listeners, other attributes; a
 *   property where the element has one of that name and the value is no string.
 * @param {...(Node|string|null|undefined|false)} children
 * @returns {any}
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style") setStyle(node, value);
    else if (name in node && typeof value !== "string") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Set CSS properties, custom ones included. The page's policy allows no style attributes in markup. */
export function setStyle(node, properties) {
  for (const [name, value] of Object.entries(properties)) node.style.setProperty(name, String(value));
}

/** An icon of the page's sheet. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/** A button that shows an icon, and its name on wide screens when `wide`. */
export function toolButton(name, label, onclick, { wide = false, ...props } = {}) {
  return el("button", { type: "button", class: "tool", "aria-label": label, title: label, onclick, ...props },
    icon(name), wide && el("span", { class: "text" }, label));
}

/** Say something to people who do not see the page. */
export function announce(sentence) {
  const place = document.getElementById("announcer");
  if (place) place.textContent = sentence;
}

/** Let the browser save a file. */
export function saveFile(blob, name) {
  const url = URL.createObjectURL(blob);
  el("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Ask for a file. @returns {Promise<File|undefined>} */
export function chooseFile(accept) {
  return new Promise((resolve) => {
    const input = el("input", { type: "file", accept, class: "visually-hidden", "aria-hidden": "true", tabIndex: -1 });
    const end = (file) => { input.remove(); resolve(file); };
    input.addEventListener("change", () => end(input.files[0]));
    input.addEventListener("cancel", () => end(undefined));
    document.body.append(input); // Safari opens none that is not in the page
    input.click();
  });
}

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/** 75.3 as 1:15.3 */
export function clock(seconds) {
  const tenths = Math.round(seconds * 10);
  return `${Math.floor(tenths / 600)}:${String(Math.floor(tenths / 10) % 60).padStart(2, "0")}.${tenths % 10}`;
}
