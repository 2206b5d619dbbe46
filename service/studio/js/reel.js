/** The strip of results: jobs under way with their progress, and what they have made until it expires. */

import { announce, el, icon, saveFile, toolButton } from "./dom.js";
import { S } from "./strings.js";

const TICK_MS = 15_000;

export class Reel {
  #number = 0;
  #shots = [];

  /** @param {(shot: any) => void} onopen shows a result on the table */
  constructor(onopen) {
    this.onopen = onopen;
    this.strip = el("ul", { class: "strip", hidden: true });
    this.empty = el("p", { class: "empty" }, el("span", { class: "edge" }, S.reel.edge), S.reel.empty);
    document.getElementById("reel").append(this.empty, this.strip);
    setInterval(() => this.#expire(), TICK_MS);
  }

  /** Show a job from now on. @param {import("./jobs.js").Job} job */
  add(job) {
    const number = ++this.#number;
    const kind = S.reel.kinds[job.kind];
    const element = el("li", { class: "shot", "data-kind": job.kind });
    const shot = { job, number, kind, element };
    this.#shots.push(shot);
    this.strip.prepend(element);
    this.#fill();
    announce(S.reel.started(kind));
    job.addEventListener("change", () => this.#draw(shot));
    job.addEventListener("end", () => this.#end(shot));
    this.#draw(shot);
  }

  /** Which result lies on the table. */
  mark(result) {
    for (const button of this.strip.querySelectorAll("button.window")) button.setAttribute("aria-pressed", String(button.dataset.url === result?.url));
  }

  #end(shot) {
    const { job, kind, number } = shot;
    if (job.results.length) announce(S.reel.done(number, kind));
    else if (job.error) announce(S.reel.failed(kind, job.error.message));
  }

  #draw(shot) {
    const { job, element, number, kind } = shot;
    element.dataset.status = job.status;
    element.classList.toggle("bad", job.status === "failed");
    if (job.results.length) return this.#drawResults(shot);
    // Kept while the job runs, so that neither focus nor the bar's motion is lost.
    if (job.status === "failed" || job.status === "cancelled") {
      const words = job.status === "cancelled" ? el("p", {}, S.reel.cancelled) : el("p", { class: "failed", role: "alert" }, job.error.message);
      element.replaceChildren(edges(number, kind), el("div", { class: "window" }, words), el("div", { class: "actions" }, this.#remove(shot)));
      return undefined;
    }
    if (!shot.bar) {
      shot.bar = el("progress", { "aria-label": kind });
      shot.words = el("p", {});
      const cancel = el("button", { type: "button", class: "tool", onclick: () => { cancel.disabled = true; job.cancel().catch(() => { cancel.disabled = false; }); } }, S.reel.cancel);
      element.replaceChildren(edges(number, kind), el("div", { class: "window" }, shot.words, shot.bar), el("div", { class: "actions" }, cancel));
    }
    const { done, total, eta_s } = job.document.progress;
    shot.words.textContent = words(job.document);
    if (total) Object.assign(shot.bar, { max: total, value: done });
    else shot.bar.removeAttribute("value");
    shot.element.querySelector(".left").textContent = eta_s ? S.reel.left(eta_s) : "";
    return undefined;
  }

  #drawResults(shot) {
    const { job, element, number, kind } = shot;
    if (shot.drawn === job.results.length) return;
    shot.drawn = job.results.length;
    const views = job.results.map((result, index) => {
      const still = result.mediaType.startsWith("image/");
      const media = still ? el("img", { src: result.url, alt: "" }) : el("video", { src: result.url, muted: true, playsInline: true, preload: "metadata" });
      const label = S.reel.show(job.results.length > 1 ? `${number}.${index + 1}` : number, kind);
      return el("div", {},
        el("button", { type: "button", class: "window", "aria-label": label, "aria-pressed": "false", "data-url": result.url, onclick: () => this.onopen({ ...shot, result }) },
          media, !still && el("span", { class: "badge" }, icon("play"))),
        el("div", { class: "actions" }, toolButton("save", S.reel.download, () => saveFile(result.blob, fileName(job, number, result))), index === job.results.length - 1 && this.#remove(shot)));
    });
    element.replaceChildren(edges(number, kind), ...views);
    this.#expire();
  }

  #remove(shot) {
    return toolButton("close", S.reel.dismiss, () => this.#drop(shot));
  }

  #drop(shot) {
    this.#shots = this.#shots.filter((other) => other !== shot);
    for (const { url } of shot.job.results) URL.revokeObjectURL(url);
    shot.element.remove();
    shot.gone?.();
    this.#fill();
  }

  /** Results are shown as long as the service keeps them. */
  #expire() {
    const now = Date.now();
    for (const shot of [...this.#shots]) {
      const expires = Math.min(...shot.job.results.map((result) => result.expires));
      if (expires <= now) this.#drop(shot);
      else if (shot.job.results.length) shot.element.querySelector(".left").textContent = S.reel.keeps((expires - now) / 1000);
    }
  }

  #fill() {
    this.strip.hidden = !this.#shots.length;
    this.empty.hidden = this.#shots.length > 0;
  }
}

/** A file's name: what it is, and its number on the strip. */
export function fileName(job, number, { mediaType, seed }) {
  const extension = mediaType.split("/")[1].replace("jpeg", "jpg");
  return `${job.kind}-${number}${seed === null || seed === undefined ? "" : `-take-${seed}`}.${extension}`;
}

const edges = (number, kind) => el("div", { class: "edges" }, el("span", { class: "edge" }, `${String(number).padStart(2, "0")}  ${kind.toUpperCase()}`), el("span", { class: "left" }));

function words({ status, progress }) {
  if (status === "sending") return S.reel.sending;
  if (status === "queued") return S.reel.queued;
  return progress.total ? S.reel.frames(progress.done, progress.total) : (S.reel.stages[progress.stage] ?? S.reel.frames(0, 0));
}
