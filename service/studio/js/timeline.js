/** Animate: keyframes from the sliders' states, played in the page and exported as a clip. */

import { EASINGS, valuesAt } from "./easings.js";
import { FORMATS } from "./output-fields.js";
import { KeyframeLane } from "./keyframe-lane.js";
import { clearProblems, showProblem } from "./problems.js";
import { sendJob } from "./send-job.js";
import { announce, clamp, clock, el, icon, toolButton } from "./dom.js";
import { S } from "./strings.js";

const FPS = 25;
const MOST_KEYFRAMES = 1000;
const LONGEST_S = 60;
const NEAR_S = 0.5 / FPS;

/** @typedef {{time: number, easing: keyof typeof EASINGS, values: Record<string, number>}} Keyframe */

export class Timeline {
  /** @type {Keyframe[]} */ keyframes = [{ time: 0, easing: "smooth", values: {} }];
  time = 0;
  length = 2;
  loop = false;
  #playing = 0;

  /** @param {import("./bench.js").Bench} bench @param {import("./reel.js").Reel} reel */
  constructor(bench, reel) {
    Object.assign(this, { bench, reel });
    bench.timeline = this;
    this.element = document.getElementById("timeline");
    this.lane = new KeyframeLane(this);
    this.note = el("div", { hidden: true, "data-field": "controls.keyframes" });
    this.element.append(this.#tools(), this.lane.element, this.note);
    bench.values.addEventListener("change", () => this.#edited());
    bench.values.addEventListener("start", () => { this.stop(); this.keyframes = [{ time: 0, easing: "smooth", values: {} }]; this.seek(0); });
    bench.addEventListener("mode", () => this.#mode());
    this.draw();
  }

  get current() {
    return this.keyframes.find((keyframe) => Math.abs(keyframe.time - this.time) < NEAR_S);
  }

  /** Show the face at a time. */
  seek(time) {
    this.time = clamp(Math.round(time * FPS) / FPS, 0, this.length);
    if (this.bench.mode === "animate") this.bench.values.show(this.#valuesAt(this.time));
    this.draw();
  }

  add() {
    if (this.current) return;
    this.keyframes.push({ time: this.time, easing: "smooth", values: this.bench.values.snapshot() });
    this.#sort();
    announce(S.timeline.added(clock(this.time)));
  }

  remove() {
    if (!this.current || this.keyframes.length === 1) return;
    this.keyframes = this.keyframes.filter((keyframe) => keyframe !== this.current);
    this.seek(this.time);
    announce(S.timeline.removed);
  }

  /** Move a keyframe in time; it stops before its neighbours. */
  move(keyframe, time) {
    const index = this.keyframes.indexOf(keyframe);
    const low = index ? this.keyframes[index - 1].time + 1 / FPS : 0;
    const high = (this.keyframes[index + 1]?.time ?? this.length + 1 / FPS) - 1 / FPS;
    keyframe.time = Math.round(clamp(time, low, high) * FPS) / FPS;
    this.time = keyframe.time;
    this.draw();
  }

  play() {
    const began = performance.now() - 1000 * (this.time >= this.length ? 0 : this.time);
    const step = () => {
      let time = (performance.now() - began) / 1000;
      if (time > this.length && !this.loop) {
        this.seek(this.length);
        return this.stop();
      }
      time %= this.length + 1 / FPS;
      this.seek(time);
      this.#playing = requestAnimationFrame(step);
      return undefined;
    };
    this.#playing = requestAnimationFrame(step);
    this.draw();
  }

  stop() {
    cancelAnimationFrame(this.#playing);
    this.#playing = 0;
    this.draw();
  }

  /** For a file of settings. */
  document() {
    return { keyframes: this.keyframes, length: this.length, loop: this.loop };
  }

  /** @param {any} document @param {(values: any) => Record<string, number>} known leaves out unknown sliders */
  open({ keyframes = [], length = 2, loop = false }, known) {
    const read = keyframes.filter(({ time }) => Number.isFinite(time) && time >= 0 && time <= LONGEST_S)
      .map(({ time, easing, values }) => ({ time, easing: easing in EASINGS ? easing : "smooth", values: known(values) }));
    if (read.length) this.keyframes = read;
    this.loop = Boolean(loop);
    this.#setLength(length);
    this.#sort();
  }

  /** `controls` and `options` of the clip: the motion as this page plays it, a keyframe for every frame that moves. */
  request() {
    const { values, photo } = this.bench;
    const frames = Math.round(this.length * FPS);
    const step = Math.max(1, Math.ceil((frames + 1) / MOST_KEYFRAMES));
    const names = [...new Set(this.keyframes.flatMap((keyframe) => Object.keys(keyframe.values)))];
    const keyframes = [];
    for (let frame = 0; ; frame = Math.min(frame + step, frames)) {
      const at = this.#valuesAt(frame / FPS);
      const { expression, pose } = values.controls(Object.fromEntries(names.map((name) => [name, at[name] ?? values.own[name]])));
      keyframes.push({ time: Math.round((frame / FPS) * 1e3) / 1e3, ...(expression && { expression }), ...(pose && { pose }) });
      if (frame === frames) break;
    }
    return { controls: { mode: "absolute", keyframes }, options: { face: photo?.face?.index ?? 0, output: { format: this.format.value, fps: FPS } } };
  }

  draw() {
    const { current } = this;
    this.playButton.replaceChildren(icon(this.#playing ? "pause" : "play"));
    this.playButton.setAttribute("aria-label", this.#playing ? S.timeline.pause : S.timeline.play);
    this.playButton.title = this.#playing ? S.timeline.pause : S.timeline.play;
    this.clock.replaceChildren(el("b", {}, clock(this.time)), el("span", {}, ` / ${clock(this.length)}`));
    this.addButton.disabled = Boolean(current);
    this.removeButton.disabled = !current || this.keyframes.length === 1;
    this.loopButton.setAttribute("aria-pressed", String(this.loop));
    this.easing.disabled = !current;
    this.easing.value = current?.easing ?? "smooth";
    this.lane.draw();
  }

  /** A loop ends as it begins, and so repeats without a jump. */
  #valuesAt(time) {
    const [first] = this.keyframes;
    const last = this.keyframes.at(-1);
    const closed = this.loop && last.time < this.length ? [...this.keyframes, { ...first, time: this.length }] : this.keyframes;
    return valuesAt(closed, time, this.bench.values.own);
  }

  #edited() {
    if (this.bench.mode !== "animate" || this.#playing) return;
    if (this.current) this.current.values = this.bench.values.snapshot();
    else this.add();
    this.draw();
  }

  #mode() {
    const here = this.bench.mode === "animate";
    this.element.hidden = !here || !this.bench.photo;
    if (!here) this.stop();
    else if (this.keyframes.length > 1) this.seek(this.time);
    else { // a clip that is still to be made begins with the face as it is now
      this.keyframes[0].values = this.bench.values.snapshot();
      this.seek(0);
    }
  }

  #sort() {
    this.keyframes.sort((a, b) => a.time - b.time);
    this.draw();
  }

  #setLength(seconds) {
    if (!Number.isFinite(seconds)) return;
    const last = this.keyframes.at(-1).time;
    this.length = Math.round(clamp(seconds, Math.max(last, 0.2), LONGEST_S) * FPS) / FPS;
    this.lengthField.value = String(this.length);
    this.seek(Math.min(this.time, this.length));
  }

  #export() {
    clearProblems(this.note);
    if (!this.keyframes.some((keyframe) => Object.keys(keyframe.values).length)) return showProblem(new Error(S.timeline.empty), this.note);
    return sendJob(this.bench, this.reel, { kind: "edit", ...this.request(), note: this.note });
  }

  #tools() {
    const words = S.timeline;
    this.playButton = toolButton("play", words.play, () => (this.#playing ? this.stop() : this.play()), { id: "play" });
    this.clock = el("span", { class: "clock" });
    this.addButton = toolButton("key", words.add, () => this.add(), { id: "add-keyframe" });
    this.removeButton = toolButton("close", words.remove, () => this.remove());
    this.loopButton = toolButton("loop", words.loop, () => { this.loop = !this.loop; this.seek(this.time); });
    this.easing = el("select", { "aria-label": words.easing, title: words.easing, onchange: () => { this.current.easing = this.easing.value; this.draw(); } },
      ...Object.entries(words.easings).map(([value, label]) => el("option", { value }, label)));
    this.lengthField = el("input", { type: "number", "aria-label": words.length, min: 0.2, max: LONGEST_S, step: 0.2, value: String(this.length), onchange: () => this.#setLength(Number(this.lengthField.value)) });
    this.format = el("select", { "aria-label": words.format }, ...Object.entries(FORMATS).map(([value, label]) => el("option", { value }, label)));
    return el("div", { class: "row" }, this.playButton, this.clock, this.addButton, this.removeButton, this.loopButton,
      el("span", { class: "spring" }),
      el("span", { class: "inline" }, this.easing),
      el("label", { class: "inline" }, el("span", {}, words.length), this.lengthField),
      el("span", { class: "inline" }, this.format),
      el("button", { type: "button", class: "button primary", id: "export", onclick: () => this.#export() }, words.export));
  }
}
