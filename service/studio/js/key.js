/** The API key: asked for when the service wants one, kept in this page's memory, stored nowhere. */

import { el } from "./dom.js";
import { S } from "./strings.js";

let key = "";
let asking = null;

/** The header of a request; empty without a key. */
export const authorization = () => (key ? { Authorization: `Bearer ${key}` } : {});

/** The key, for what is no fetch: a WebSocket sends no header. */
export const currentKey = () => key;

/**
 * Wait until a key was entered. Requests that fail together ask once.
 * @param {string|undefined} refused the header that the service did not accept
 */
export function askForKey(refused) {
  if (refused && refused !== authorization().Authorization) return Promise.resolve(); // there is a newer one already
  asking ??= enterKey(Boolean(refused)).finally(() => { asking = null; });
  return asking;
}

function enterKey(wrong) {
  return new Promise((resolve) => {
    const input = el("input", { type: "password", required: true, autocomplete: "off", spellcheck: false, name: "key" });
    const form = el("form", { method: "dialog", class: "dialog-body" },
      el("h2", { id: "key-title" }, S.key.title),
      el("p", {}, S.key.lead),
      wrong && el("p", { class: "problem", role: "alert" }, S.key.wrong),
      el("label", { class: "field" }, el("span", {}, S.key.label), input),
      el("div", { class: "dialog-end" }, el("button", { class: "button primary" }, S.key.send)));
    const dialog = el("dialog", { id: "key-dialog", "aria-labelledby": "key-title" }, form);
    form.addEventListener("submit", (event) => {
      event.preventDefault(); // the page's policy lets no form be sent
      key = input.value.trim();
      dialog.close();
      dialog.remove();
      resolve();
    });
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    document.body.append(dialog);
    dialog.showModal();
    input.focus();
  });
}
