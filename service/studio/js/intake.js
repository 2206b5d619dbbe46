/** The empty table: choose, drop, paste or take a photo. */

import { takePhoto } from "./recorder.js";
import { chooseFile, el, icon } from "./dom.js";
import { S } from "./strings.js";

const PICTURES = "image/*,.heic,.heif,.avif,.tif,.tiff";
const SAMPLE = new URL("../samples/eileen_collins.jpg", import.meta.url);

export class Intake {
  /** @param {(file: File) => void} onphoto @param {() => boolean} takesDrops whether a dropped file is a photo now */
  constructor(onphoto, takesDrops) {
    this.element = document.getElementById("intake");
    this.onphoto = onphoto;
    this.note = el("div", { hidden: true, class: "intake-note" });
    this.element.append(this.#mount());
    document.addEventListener("paste", (event) => {
      const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith("image/"));
      if (file) this.onphoto(file);
    });
    for (const kind of ["dragenter", "dragover"]) document.addEventListener(kind, (event) => {
      event.preventDefault(); // a file that is dropped elsewhere would be opened instead of the page
      document.body.classList.toggle("dropping", takesDrops());
    });
    document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("dropping"); });
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      document.body.classList.remove("dropping");
      const file = event.dataTransfer?.files[0];
      if (file && takesDrops()) this.onphoto(file);
    });
  }

  async choose() {
    const file = await chooseFile(PICTURES);
    if (file) this.onphoto(file);
  }

  #mount() {
    return el("div", { class: "mount" },
      el("h2", {}, S.intake.title),
      el("p", { class: "lead" }, S.intake.lead),
      this.note,
      el("div", { class: "row" },
        el("button", { type: "button", class: "button primary", id: "choose-photo", onclick: () => this.choose() }, icon("photo"), S.intake.choose),
        el("button", { type: "button", class: "button", onclick: () => this.#camera() }, icon("camera"), S.intake.camera)),
      el("p", { class: "hint" }, S.intake.hint),
      el("button", { type: "button", class: "sample", id: "sample", onclick: () => this.#sample() },
        el("img", { src: SAMPLE.href, alt: "" }),
        el("span", {}, el("strong", {}, S.intake.sample), S.intake.sampleName)));
  }

  async #camera() {
    const file = await takePhoto();
    if (file) this.onphoto(file);
  }

  async #sample() {
    this.onphoto(new File([await (await fetch(SAMPLE)).blob()], "eileen_collins.jpg", { type: "image/jpeg" }));
  }
}
