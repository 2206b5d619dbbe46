/** Errors in words, next to what caused them. */

import { announce, el } from "./dom.js";
import { S } from "./strings.js";

/**
 * Show a problem. Each field that it names is looked for as `data-field` (or a slider) in the panel; what is said of no
 * field, or of one that is not shown, comes where the caller says.
 * @param {any} error @param {HTMLElement} place @param {HTMLElement} [root] where fields are looked for
 */
export function showProblem(error, place, root = document.getElementById("panel")) {
  clearProblems(place);
  const left = (error.errors ?? []).filter(({ field, message }) => {
    const owner = fieldElement(root, field);
    if (!owner || owner === place) return true;
    owner.hidden = false;
    owner.append(notice(message, field));
    return false;
  });
  if (error.errors?.length && !left.length) return;
  const lines = left.length && error.code === "invalid_request" ? left.map(({ message }) => message) : [error.message];
  place.hidden = false;
  place.append(notice(lines.join(" "), error.code));
  announce(lines.join(" "));
}

/** Take the notices away, in the panel's fields too. */
export function clearProblems(place) {
  for (const root of [place, document.getElementById("panel")]) for (const node of root.querySelectorAll(".problem")) node.remove();
  if (!place.children.length) place.hidden = true;
}

function notice(message, code) {
  return el("p", { class: "problem", role: "alert", "data-code": code ?? "" }, message || S.problems.unreachable);
}

/** `controls.expression.jawOpen` is the row of jawOpen; `options.output.size` is looked for from its end to its start. */
function fieldElement(root, field) {
  const parts = field.split(".");
  const slider = root.querySelector(`[data-slider~="${CSS.escape(parts.at(-1))}"]`);
  if (parts[0] === "controls" && slider) return slider;
  for (let length = parts.length; length > 0; length--) {
    const owner = root.querySelector(`[data-field="${CSS.escape(parts.slice(0, length).join("."))}"]`);
    if (owner && !owner.closest("[hidden]:not([data-field])")) return owner;
  }
  return null;
}
