/** A field that takes one file: chosen, dropped or recorded, and played where that can be done. */

import { chooseFile, el, icon, toolButton } from "./dom.js";
import { S } from "./strings.js";

export class FileField extends EventTarget {
  /** @type {File|null} */ file = null;
  #url = "";

  /** @param {{field: string, legend: string, hint: string, accept: string, choose: string, record: string, recordIcon: string, onrecord: () => Promise<File|undefined>}} about */
  constructor(about) {
    super();
    this.about = about;
    this.body = el("div", { class: "drop", "data-drop": about.field });
    this.element = el("div", { class: "field", role: "group", "aria-label": about.legend, "data-field": about.field }, el("span", {}, about.legend), this.body);
    this.body.addEventListener("dragover", () => this.body.classList.add("over"));
    this.body.addEventListener("dragleave", () => this.body.classList.remove("over"));
    this.body.addEventListener("drop", (event) => {
      this.body.classList.remove("over");
      this.set(event.dataTransfer?.files[0]);
    });
    this.set(null);
  }

  set(file) {
    if (file === undefined) return;
    URL.revokeObjectURL(this.#url);
    this.#url = "";
    this.file = file;
    for (const node of this.element.querySelectorAll(".problem")) node.remove();
    this.body.replaceChildren(...(file ? this.#chosen(file) : this.#empty()));
    this.dispatchEvent(new Event("change"));
  }

  #empty() {
    const { choose, record, recordIcon, hint, accept, onrecord } = this.about;
    return [
      el("div", { class: "row" },
        el("button", { type: "button", class: "button", onclick: async () => this.set(await chooseFile(accept)) }, icon("open"), choose),
        el("button", { type: "button", class: "button quiet", onclick: async () => this.set(await onrecord()) }, icon(recordIcon), record)),
      el("p", { class: "hint" }, hint)];
  }

  #chosen(file) {
    const kind = file.type.split("/")[0];
    this.#url = URL.createObjectURL(file);
    const props = { src: this.#url, controls: true, playsInline: true, "aria-label": file.name };
    const view = { video: () => el("video", { ...props, muted: true, loop: true }), audio: () => el("audio", props), image: () => el("img", { src: this.#url, alt: file.name }) }[kind]?.();
    return [el("div", { class: "chosen" }, !view && icon("film"), el("span", {}, file.name), toolButton("close", S.reel.dismiss, () => this.set(null))), view].filter(Boolean);
  }
}
