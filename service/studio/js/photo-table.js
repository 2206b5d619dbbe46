/** From a file to a face on the table: sent, looked at, read. */

import { Photo } from "./photo.js";
import { clearProblems, showProblem } from "./problems.js";
import { announce } from "./dom.js";
import { S } from "./strings.js";

export class PhotoTable {
  #turn = 0;

  /** @param {import("./bench.js").Bench} bench @param {import("./easel.js").Easel} easel @param {import("./intake.js").Intake} intake */
  constructor(bench, easel, intake) {
    Object.assign(this, { bench, easel, intake });
    this.page = document.querySelector(".bench");
    this.tools = document.getElementById("easel-tools");
    this.again = document.getElementById("new-photo");
    this.again.addEventListener("click", () => intake.choose());
  }

  /** Take a file as the photo. */
  async put(file) {
    const turn = ++this.#turn;
    clearProblems(this.intake.note);
    clearProblems(this.easel.note);
    const photo = new Photo(file, file.name || "photo");
    this.bench.photo?.close();
    this.bench.setPhoto(null);
    this.show(true);
    try {
      const shown = await this.easel.lay(photo);
      this.easel.say(S.easel.sending);
      await photo.send();
      if (!shown) {
        await photo.decoded();
        await this.easel.lay(photo);
      }
      this.easel.say(S.easel.looking);
      await photo.look();
      if (turn !== this.#turn) return;
      this.bench.setPhoto(photo);
      this.easel.outline(photo);
      if (!photo.faces.length) throw new Error(S.easel.noFace);
      if (photo.faces.length === 1) await this.choose(photo.faces[0]);
    } catch (error) {
      if (turn === this.#turn) this.#refuse(photo, error);
    } finally {
      if (turn === this.#turn) this.#settle(photo);
    }
  }

  /** Choose a face of the photo. */
  async choose(face) {
    const { photo } = this.bench;
    const turn = this.#turn;
    clearProblems(this.easel.note);
    this.easel.say(S.easel.reading);
    try {
      await photo.choose(face);
      if (turn !== this.#turn) return;
      this.bench.setPhoto(photo);
      this.easel.outline(photo);
    } catch (error) {
      if (turn === this.#turn) showProblem(error, this.easel.note);
    } finally {
      if (turn === this.#turn) this.easel.say("");
    }
  }

  /** Show the photo, or the place for one. */
  show(laying = false) {
    const there = laying || Boolean(this.bench.photo);
    this.page.dataset.state = there ? "photo" : "empty";
    this.intake.element.hidden = there;
    this.easel.element.hidden = !there;
    this.tools.hidden = !there;
    this.again.hidden = !there;
    document.getElementById("timeline").hidden = !there || this.bench.mode !== "animate";
    this.easel.fit();
  }

  /** A result lies on the table instead. */
  hide() {
    for (const element of [this.intake.element, this.easel.element, this.tools, document.getElementById("timeline")]) element.hidden = true;
    this.page.dataset.state = "result";
  }

  #settle(photo) {
    this.easel.say("");
    if (photo.faces.length < 2 || photo.own) return;
    this.easel.ask(S.easel.choose(photo.faces.length));
    announce(S.easel.choose(photo.faces.length));
  }

  /** A photo that cannot be shown or sent leaves the table; one without a face stays, with words why. */
  #refuse(photo, error) {
    if (photo.sourceId && photo.width) {
      showProblem(error, this.easel.note);
      return;
    }
    photo.close();
    this.bench.setPhoto(null);
    this.show();
    showProblem(error, this.intake.note);
  }
}
