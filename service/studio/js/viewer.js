/** A result on the table, with its sound; a driver plays beside it, in step. */

import { el, icon, saveFile, toolButton } from "./dom.js";
import { fileName } from "./reel.js";
import { S } from "./strings.js";

const STEP_S = 0.08; // how far two clips may drift apart

export class Viewer {
  #urls = [];

  /** @param {{onclose: () => void, onuse: (file: File) => void}} actions */
  constructor({ onclose, onuse }) {
    this.element = document.getElementById("viewer");
    Object.assign(this, { onclose, onuse });
  }

  open({ job, number, kind, result }) {
    this.#release();
    const still = result.mediaType.startsWith("image/");
    const main = still ? el("img", { class: "main", src: result.url, alt: S.viewer.result })
      : el("video", { class: "main", src: result.url, controls: true, loop: true, playsInline: true, autoplay: !matchMedia("(prefers-reduced-motion: reduce)").matches, "aria-label": S.viewer.result });
    const driver = job.driver && this.#driver(job.driver, main);
    const warnings = (job.document.warnings ?? []).map(({ message }) => message);
    const take = result.seed ?? null;
    this.element.replaceChildren(
      el("div", { class: "viewer-head" },
        el("button", { type: "button", class: "button quiet", onclick: () => this.close() }, icon("back"), S.viewer.back),
        el("h2", {}, `${String(number).padStart(2, "0")} ${kind}`, take !== null && ` · ${S.viewer.seed(take)}`),
        still && result.mediaType !== "image/gif" && el("button", { type: "button", class: "button quiet", onclick: () => this.onuse(new File([result.blob], fileName(job, number, result), { type: result.mediaType })) }, S.viewer.use),
        toolButton("save", S.reel.download, () => saveFile(result.blob, fileName(job, number, result)))),
      el("div", { class: "sheets" },
        el("figure", {}, main, (driver || warnings.length > 0) && el("figcaption", {}, [driver && S.viewer.result, warnings.length && `${S.reel.warnings} ${warnings.join(" ")}`].filter(Boolean).join(" · "))),
        driver && el("figure", {}, driver, el("figcaption", {}, S.viewer.driver))));
    this.element.hidden = false;
    this.element.querySelector("button").focus({ preventScroll: true });
  }

  close() {
    this.#release();
    this.element.hidden = true;
    this.element.replaceChildren();
    this.onclose();
  }

  get isOpen() { return !this.element.hidden; }

  #driver(blob, main) {
    if (blob.type.startsWith("image/")) return el("img", { src: this.#url(blob), alt: S.viewer.driver });
    if (!blob.type.startsWith("video/")) return null;
    const driver = el("video", { src: this.#url(blob), muted: true, playsInline: true, "aria-label": S.viewer.driver });
    const follow = () => { if (Math.abs(driver.currentTime - main.currentTime) > STEP_S) driver.currentTime = main.currentTime; };
    main.addEventListener("play", () => { follow(); driver.play().catch(() => {}); });
    main.addEventListener("pause", () => driver.pause());
    for (const kind of ["seeked", "timeupdate"]) main.addEventListener(kind, follow);
    return driver;
  }

  #url(blob) {
    const url = URL.createObjectURL(blob);
    this.#urls.push(url);
    return url;
  }

  #release() {
    for (const url of this.#urls.splice(0)) URL.revokeObjectURL(url);
  }
}
