/** The photo on the table: its faces outlined, the edited crop over it, zoom, and before beside after. */

import { Gestures } from "./gestures.js";
import { announce, clamp, el, setStyle } from "./dom.js";
import { S } from "./strings.js";

const ZOOMS = [1, 1.5, 2, 3, 4, 6];
const NEAREST = 12;
const FILLED = 0.94; // of the table, by a face that is zoomed to
const SVG = "http://www.w3.org/2000/svg";
// A loop drawn by hand: it does not close where it began.
const LOOP = "M72 6C50-2 18 8 8 38c-10 32 6 60 40 62 33 1 53-27 50-57C95 16 74 2 44 5";

export class Easel {
  #zoom = 1;
  #shown = "";
  #order = 0;
  #onTop = 0;

  /** @param {import("./bench.js").Bench} bench @param {import("./preview.js").Preview} preview */
  constructor(bench, preview, onchoose) {
    Object.assign(this, { bench, preview, onchoose });
    this.element = document.getElementById("easel");
    this.picture = el("img", { alt: S.easel.alt });
    this.edited = el("img", { alt: "", hidden: true, class: "edited" });
    this.layer = el("div", { class: "layer" }, this.edited);
    this.faces = el("div", { class: "faces" });
    this.split = this.#splitter();
    this.gesture = el("p", { class: "gesture", "aria-hidden": "true" });
    this.print = el("div", { class: "print" }, this.picture, this.layer, this.faces, this.split, this.gesture);
    this.reading = el("div", { class: "reading", role: "status" });
    this.note = el("div", { class: "easel-note", hidden: true, "data-field": "source" });
    this.element.append(this.print, this.reading);
    this.element.parentElement.append(this.note);
    this.gestures = new Gestures(this);
    new ResizeObserver(() => this.fit()).observe(this.element);
    preview.addEventListener("picture", (event) => this.#show(event.detail));
    bench.values.addEventListener("start", () => this.clear());
    this.element.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
  }

  /** Lay a photo on the table. */
  async lay(photo) {
    this.clear();
    this.picture.src = photo.url;
    this.faces.replaceChildren();
    delete this.print.dataset.faces;
    this.#zoom = 1;
    try {
      await this.picture.decode();
      return true;
    } catch {
      return false;
    } finally {
      this.fit();
    }
  }

  say(sentence) {
    this.reading.replaceChildren(...(sentence ? [el("p", {}, el("span", { class: "spinner" }), sentence)] : []));
  }

  /** Say what is to be done, until it is. */
  ask(sentence) {
    this.reading.replaceChildren(el("p", {}, sentence));
  }

  /** Outline the faces, as buttons to choose one. */
  outline(photo) {
    const count = photo.faces.length;
    const buttons = photo.faces.map((face, index) => {
      const { verdict } = face.verdicts.edit;
      const label = [S.easel.face(index + 1, count), S.easel.faceHint[verdict]].filter(Boolean).join(", ");
      const button = el("button", { type: "button", class: "face", "aria-pressed": String(face === photo.face), "aria-label": label, onclick: () => this.onchoose(face) },
        loop(), count > 1 && el("span", { "aria-hidden": "true" }, String(index + 1)));
      const [x0, y0, x1, y1] = face.box;
      setStyle(button, place(x0, y0, x1 - x0, y1 - y0, photo));
      return button;
    });
    this.faces.replaceChildren(...buttons);
    this.print.dataset.faces = photo.own ? "settled" : "open";
    if (photo.own) this.#splitAt((photo.face.box[0] + photo.face.box[2]) / 2 / photo.width);
    if (photo.own) announce(count > 1 ? S.easel.chosen(photo.face.index + 1) : "");
  }

  /** Show the photo as it is. */
  clear() {
    this.preview.stop();
    this.#onTop = ++this.#order;
    this.edited.hidden = true;
    URL.revokeObjectURL(this.#shown);
    this.#shown = "";
    this.edited.removeAttribute("src");
  }

  get zoom() { return this.#zoom; }

  zoomBy(steps) {
    const index = ZOOMS.findIndex((zoom) => zoom >= this.#zoom - 0.01);
    this.#zoomTo(ZOOMS[clamp((index < 0 ? ZOOMS.length : index) + steps, 0, ZOOMS.length - 1)]);
  }

  /** As near as the edited square fits. */
  zoomToFace() {
    const { face, width, height } = this.bench.photo ?? {};
    if (!face) return;
    const [x0, y0, x1, y1] = face.crop;
    this.resetZoom();
    const print = this.print.getBoundingClientRect();
    const room = Math.min(this.element.clientWidth, this.element.clientHeight);
    this.#zoomTo(clamp((FILLED * room * width) / ((x1 - x0) * print.width), 1, NEAREST));
    const near = this.print.getBoundingClientRect();
    const table = this.element.getBoundingClientRect();
    this.element.scrollBy(near.left + (near.width * (x0 + x1)) / 2 / width - (table.left + table.width / 2), near.top + (near.height * (y0 + y1)) / 2 / height - (table.top + table.height / 2));
  }

  fit() {
    const { naturalWidth: width, naturalHeight: height } = this.picture;
    if (!width || !this.element.clientWidth) return;
    const style = getComputedStyle(this.element);
    const room = { x: this.element.clientWidth - 2 * parseFloat(style.paddingLeft), y: this.element.clientHeight - 2 * parseFloat(style.paddingTop) };
    const scale = Math.min(room.x / width, room.y / height, 2.5) * this.#zoom;
    setStyle(this.print, { "--inline": `${Math.round(width * scale)}px`, "--block": `${Math.round(height * scale)}px` });
    this.element.dispatchEvent(new Event("zoom"));
  }

  resetZoom() { this.#zoomTo(1); }

  /** Before beside after. */
  compare(on) {
    this.split.hidden = !on;
    this.layer.dataset.split = on ? "on" : "off";
  }

  #zoomTo(zoom, focus) {
    const point = focus ?? { x: 0.5, y: 0.5 };
    const before = this.print.getBoundingClientRect();
    this.#zoom = zoom;
    this.fit();
    const after = this.print.getBoundingClientRect();
    this.element.scrollBy((after.width - before.width) * point.x, (after.height - before.height) * point.y);
  }

  #wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const box = this.print.getBoundingClientRect();
    const focus = { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
    this.#zoomTo(clamp(this.#zoom * Math.exp(-event.deltaY / 300), ZOOMS[0], ZOOMS.at(-1)), focus);
  }

  async #show({ blob, photo, full, since }) {
    if (photo !== this.bench.photo) return;
    const order = ++this.#order;
    const url = URL.createObjectURL(blob);
    const next = el("img", { alt: S.easel.editedAlt, class: "edited", src: url });
    const [x0, y0, x1, y1] = photo.face.crop;
    setStyle(next, place(x0, y0, x1 - x0, y1 - y0, photo, { w: "--side-x", h: "--side-y" }));
    try {
      await next.decode();
    } catch {
      return;
    }
    if (photo !== this.bench.photo || order < this.#onTop) return; // a later one was decoded faster
    this.#onTop = order;
    this.edited.replaceWith(next);
    this.edited = next;
    URL.revokeObjectURL(this.#shown);
    this.#shown = url;
    const milliseconds = performance.now() - since;
    this.element.dispatchEvent(new CustomEvent("shown", { detail: { full, milliseconds }, bubbles: true }));
  }

  #splitter() {
    this.border = el("input", { type: "range", min: 0, max: 100, step: 1, "aria-label": S.easel.split, oninput: () => this.#splitAt(this.border.value / 100) });
    return el("div", { class: "split", hidden: true }, el("span", {}, S.easel.before), el("span", {}, S.easel.after), this.border);
  }

  /** Through the face, until it is moved. */
  #splitAt(share) {
    this.border.value = String(Math.round(100 * share));
    setStyle(this.print, { "--split": `${100 * share}%` });
  }
}

function place(x, y, w, h, photo, names = { w: "--w", h: "--h" }) {
  const share = (value, whole) => `${(100 * value) / whole}%`;
  return { "--x": share(x, photo.width), "--y": share(y, photo.height), [names.w]: share(w, photo.width), [names.h]: share(h, photo.height) };
}

function loop() {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 100 100");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", LOOP);
  svg.append(path);
  return svg;
}
