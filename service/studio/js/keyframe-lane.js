/** The lane of the timeline: a ruler, the keyframes as diamonds, and the line that marks the time. */

import { announce, clock, el, setStyle } from "./dom.js";
import { S } from "./strings.js";

const STEP_S = 0.04;
const BIG_STEPS = 5;
const MARKS_S = [0.2, 0.5, 1, 2, 5, 10];
const MOST_MARKS = 11;

export class KeyframeLane {
  #buttons = new Map();

  /** @param {import("./timeline.js").Timeline} timeline */
  constructor(timeline) {
    this.timeline = timeline;
    this.ruler = el("div", { class: "ruler", "aria-hidden": "true" });
    this.stops = el("div", {});
    this.head = el("div", { class: "head" });
    // Scrubbing by keyboard and screen reader; pointers drag on the lane itself.
    this.scrub = el("input", { type: "range", class: "scrub", min: 0, step: STEP_S, "aria-label": S.timeline.scrub, oninput: () => timeline.seek(Number(this.scrub.value)) });
    this.element = el("div", { class: "lane" }, this.ruler, el("div", { class: "rail" }), this.head, this.stops, this.scrub);
    this.element.addEventListener("pointerdown", (event) => this.#drag(event, null));
  }

  draw() {
    const { timeline } = this;
    const { length, time } = timeline;
    const step = MARKS_S.find((seconds) => length / seconds <= MOST_MARKS) ?? 10;
    const marks = Array.from({ length: Math.floor(length / step + 1e-6) + 1 }, (_, index) => index * step);
    this.ruler.replaceChildren(...marks.map((at) => {
      const mark = el("span", {}, at < length - step / 3 || at === 0 ? `${Math.round(at * 10) / 10}` : "");
      setStyle(mark, { "--at": this.#place(at) });
      return mark;
    }));
    setStyle(this.head, { "--at": this.#place(time) });
    this.scrub.max = String(length);
    this.scrub.value = String(time);
    this.scrub.setAttribute("aria-valuetext", clock(time));
    this.#drawStops();
  }

  /** A keyframe keeps its button, and so its focus, while it moves. */
  #drawStops() {
    const { keyframes, current } = this.timeline;
    for (const [keyframe, button] of this.#buttons) if (!keyframes.includes(keyframe)) {
      button.remove();
      this.#buttons.delete(keyframe);
    }
    for (const keyframe of keyframes) {
      if (!this.#buttons.has(keyframe)) this.#buttons.set(keyframe, this.#button(keyframe));
      const button = this.#buttons.get(keyframe);
      setStyle(button, { "--at": this.#place(keyframe.time) });
      button.setAttribute("aria-label", S.timeline.stop(clock(keyframe.time)));
      button.setAttribute("aria-pressed", String(keyframe === current));
      this.stops.append(...(button.isConnected ? [] : [button]));
    }
  }

  #button(keyframe) {
    const button = el("button", { type: "button", class: "stop", onclick: () => this.timeline.seek(keyframe.time) });
    button.addEventListener("pointerdown", (event) => { event.stopPropagation(); this.#drag(event, keyframe); });
    button.addEventListener("keydown", (event) => {
      const direction = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (event.key === "Delete" || event.key === "Backspace") { this.timeline.seek(keyframe.time); this.timeline.remove(); this.scrub.focus(); }
      else if (direction) {
        this.timeline.move(keyframe, keyframe.time + direction * STEP_S * (event.shiftKey ? BIG_STEPS : 1));
        announce(S.timeline.moved(clock(keyframe.time)));
      } else return;
      event.preventDefault();
    });
    return button;
  }

  #drag(event, keyframe) {
    if (event.button !== 0) return;
    this.timeline.stop();
    const move = ({ clientX }) => {
      const box = this.element.getBoundingClientRect();
      const rtl = getComputedStyle(this.element).direction === "rtl";
      const share = (rtl ? box.right - clientX : clientX - box.left) / box.width;
      const time = Math.min(1, Math.max(0, share)) * this.timeline.length;
      if (keyframe) this.timeline.move(keyframe, time);
      else this.timeline.seek(time);
    };
    const target = event.currentTarget;
    target.setPointerCapture(event.pointerId);
    target.addEventListener("pointermove", move);
    const end = () => target.removeEventListener("pointermove", move);
    for (const kind of ["pointerup", "pointercancel"]) target.addEventListener(kind, end, { once: true });
    if (keyframe) this.timeline.seek(keyframe.time);
    else move(event);
  }

  #place(time) {
    return `${(100 * time) / this.timeline.length}%`;
  }
}
