/** Fields that Drive and Talk share: gains, the face on top, and how the result is written. */

import { el, setStyle } from "./dom.js";
import { S } from "./strings.js";

export const FORMATS = { mp4: "MP4", webm: "WebM", gif: "GIF" };

/** A choice. @param {Record<string, string>} options value -> label */
export function select(label, options, { field, value, onchange } = {}) {
  const input = el("select", { onchange }, ...Object.entries(options).map(([key, name]) => el("option", { value: key, selected: key === value }, name)));
  return { element: el("label", { class: "field", "data-field": field }, el("span", {}, label), input), input, get value() { return input.value; }, set value(next) { input.value = next; } };
}

/** A box to tick. */
export function check(label, { field, checked = false, hint } = {}) {
  const input = el("input", { type: "checkbox", checked });
  return { element: el("label", { class: "check", "data-field": field }, input, el("span", {}, label, hint && el("span", { class: "hint" }, ` ${hint}`))), get value() { return input.checked; }, input };
}

/** A fader between 0 and `max`, shown in percent. */
export function amount(label, { field, max = 2, value = 1 } = {}) {
  const place = (number) => String(number / max);
  const output = el("output", {}, percent(value));
  const input = el("input", { type: "range", class: "fader", min: 0, max: 100 * max, step: 5, value: String(100 * value), "aria-label": label });
  const show = () => {
    output.textContent = percent(input.value / 100);
    setStyle(input, { "--own": place(value), "--value": place(input.value / 100) });
  };
  input.addEventListener("input", show);
  show();
  return { element: el("div", { class: "amount", "data-field": field }, el("span", { "aria-hidden": "true" }, label), input, output), get value() { return Number(input.value) / 100; } };
}

/** Several amounts, folded away. @returns {{element: HTMLElement, value: Record<string, number>}} */
export function gains(legend, labels) {
  const fields = Object.fromEntries(Object.entries(labels).map(([name, label]) => [name, amount(label, { field: `options.gains.${name}` })]));
  const element = el("details", { class: "gains", "data-field": "options.gains" }, el("summary", {}, legend), ...Object.values(fields).map((field) => field.element));
  return { element, get value() { return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.value])); } };
}

/** How the result is written. */
export function outputFields() {
  const format = select(S.output.format, FORMATS, { field: "options.output.format" });
  const whole = check(S.output.whole, { field: "options.paste_back", checked: true });
  const label = check(S.output.label, { field: "options.label" });
  const element = el("section", { class: "section", "data-field": "options.output" }, el("h2", {}, S.output.title), format.element, whole.element, label.element);
  return { element, format: format.input, options: () => ({ paste_back: whole.value, label: label.value, output: { format: format.value } }) };
}

const percent = (value) => `${Math.round(100 * value)}%`;
