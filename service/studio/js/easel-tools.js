/** The tools below the photo: history, before and after, zoom, code, download. */

import { el, toolButton } from "./dom.js";
import { S } from "./strings.js";

const FORMATS = { png: "PNG", jpeg: "JPEG", webp: "WebP" };

/**
 * @param {import("./bench.js").Bench} bench @param {import("./easel.js").Easel} easel
 * @param {{oncode: () => void, ondownload: (format: string) => void}} actions
 */
export function easelTools(bench, easel, { oncode, ondownload }) {
  const words = S.easel;
  const { values } = bench;
  const undo = toolButton("undo", words.undo, () => values.undo(), { id: "undo" });
  const redo = toolButton("redo", words.redo, () => values.redo(), { id: "redo" });
  const compare = toolButton("compare", words.compare, () => {
    const on = compare.getAttribute("aria-pressed") !== "true";
    compare.setAttribute("aria-pressed", String(on));
    easel.compare(on);
  }, { "aria-pressed": "false", id: "compare" });
  const zoom = el("output", { class: "wide-only" });
  const state = el("span", { class: "state", id: "state" });
  const format = el("select", { class: "chip", "aria-label": words.format }, ...Object.entries(FORMATS).map(([value, label]) => el("option", { value }, label)));
  const download = toolButton("save", words.download, () => ondownload(format.value), { wide: true, id: "download" });
  const near = toolButton("face", words.zoomToFace, () => easel.zoomToFace(), { id: "zoom-to-face" });
  const code = toolButton("code", words.code, oncode, { wide: true, id: "copy-code" });
  const history = () => { undo.disabled = !values.canUndo; redo.disabled = !values.canRedo; };
  const say = (word, busy) => state.replaceChildren(...(busy ? [el("span", { class: "spinner" })] : []), ...(word ? [el("span", {}, word)] : []));
  values.addEventListener("commit", history);
  values.addEventListener("start", () => { history(); say(""); });
  history();
  const { preview } = easel;
  preview.addEventListener("busy", () => say(words.working, true));
  let full = false;
  easel.element.addEventListener("shown", (event) => { full = event.detail.full; if (full) say(words.full); });
  preview.addEventListener("idle", () => { if (!values.changedNames.length) say(""); else if (!full) say(words.preview); });
  values.addEventListener("values", () => { if (!values.changedNames.length) say(""); });
  easel.element.addEventListener("zoom", () => { zoom.textContent = words.zoom(Math.round(easel.zoom * 100)); });
  const place = document.getElementById("easel-tools");
  place.append(undo, redo, compare, state, el("span", { class: "gap" }),
    toolButton("minus", words.zoomOut, () => easel.zoomBy(-1), { class: "tool wide-only" }), zoom, toolButton("plus", words.zoomIn, () => easel.zoomBy(1), { class: "tool wide-only" }),
    toolButton("fit", words.fit, () => easel.resetZoom()), near, el("span", { class: "gap" }),
    code, format, download);
  const ready = () => { for (const tool of [compare, near, code, format, download]) tool.disabled = !bench.photo?.own; };
  bench.addEventListener("photo", ready);
  ready();
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.target.closest("input:not([type=range]), textarea, dialog") || !bench.photo) return;
    event.preventDefault();
    if (event.shiftKey) values.redo();
    else values.undo();
  });
}
