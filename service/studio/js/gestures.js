/** Dragging on the face: the head turns; mouth, eyes and brows move their sliders. */

import { faceAxes, regionAt } from "./regions.js";
import { S } from "./strings.js";

const DEGREES = 45; // of turn for one distance between the eyes
const WEIGHT = 1.6; // of a slider for one distance between the eyes

export class Gestures {
  #drag = null;

  /** @param {import("./easel.js").Easel} easel */
  constructor(easel) {
    this.easel = easel;
    this.print = easel.print;
    this.print.addEventListener("pointermove", (event) => this.#move(event));
    this.print.addEventListener("pointerdown", (event) => this.#down(event));
    for (const kind of ["pointerup", "pointercancel"]) this.print.addEventListener(kind, () => this.#up());
  }

  get #active() {
    const { bench } = this.easel;
    return bench.photo?.own && (bench.mode === "edit" || bench.mode === "animate");
  }

  #point(event) {
    const box = this.print.getBoundingClientRect();
    const { width, height } = this.easel.bench.photo;
    return [((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height];
  }

  #down(event) {
    if (!this.#active || event.button !== 0 || event.target.closest("button, input")) return;
    const { photo, values } = this.easel.bench;
    const start = this.#point(event);
    const region = regionAt(photo.face, start);
    const scroll = { left: this.easel.element.scrollLeft, top: this.easel.element.scrollTop, x: event.clientX, y: event.clientY };
    this.#drag = { region, start, scroll, from: { ...values.own, ...values.snapshot() } };
    this.print.setPointerCapture(event.pointerId);
    this.print.dataset.dragging = "";
  }

  #move(event) {
    if (!this.#active) {
      delete this.print.dataset.region;
      return;
    }
    const point = this.#point(event);
    if (!this.#drag) {
      const region = regionAt(this.easel.bench.photo.face, point);
      this.print.dataset.region = region;
      this.easel.gesture.textContent = S.regions[region] ?? "";
    } else if (this.#drag.region === "pan") {
      const { left, top, x, y } = this.#drag.scroll;
      this.easel.element.scrollTo(left - (event.clientX - x), top - (event.clientY - y));
    } else {
      this.easel.bench.values.change(this.#changes(point));
    }
  }

  #up() {
    if (!this.#drag) return;
    this.#drag = null;
    delete this.print.dataset.dragging;
    this.easel.bench.values.commit();
  }

  /** Values for the way from where the drag began, along the face's own axes. */
  #changes(point) {
    const { region, start, from } = this.#drag;
    const { face } = this.easel.bench.photo;
    const { unit, across, down } = faceAxes(face);
    const way = [point[0] - start[0], point[1] - start[1]];
    const right = (way[0] * across[0] + way[1] * across[1]) / unit; // towards the person's left
    const below = (way[0] * down[0] + way[1] * down[1]) / unit;
    if (region === "head") return known(from, { yaw: from.yaw + DEGREES * right, pitch: from.pitch - DEGREES * below });
    if (region === "tilt") return known(from, { roll: from.roll + turned(face, start, point) });
    if (region === "lips") return known(from, { jawOpen: from.jawOpen + WEIGHT * below, ...opposed(from, "mouthLeft", "mouthRight", WEIGHT * right) });
    const side = region.endsWith("Left") ? "Left" : "Right";
    if (region.startsWith("mouth")) return known(from, opposed(from, `mouthSmile${side}`, `mouthFrown${side}`, -WEIGHT * below));
    if (region.startsWith("brow")) {
      const raised = opposed(from, `browInnerUp${side}`, `browDown${side}`, -WEIGHT * below);
      return known(from, { ...raised, [`browOuterUp${side}`]: from[`browOuterUp${side}`] - WEIGHT * below });
    }
    return known(from, { ...opposed(from, `eyeBlink${side}`, `eyeWide${side}`, WEIGHT * below), ...gaze(from, WEIGHT * right) });
  }
}

/** Two sliders that undo each other, moved as one axis: what is left of the one comes on the other. */
function opposed(from, positive, negative, amount) {
  const sum = from[positive] - from[negative] + amount;
  return { [positive]: Math.max(0, sum), [negative]: Math.max(0, -sum) };
}

/** Both eyes look the same way: towards the person's left is outwards for the left eye. */
function gaze(from, amount) {
  return { ...opposed(from, "eyeLookOutLeft", "eyeLookInLeft", amount), ...opposed(from, "eyeLookInRight", "eyeLookOutRight", amount) };
}

/** Degrees around the middle of the face, clockwise, from one point to another. */
function turned({ box }, start, point) {
  const angle = ([x, y]) => Math.atan2(y - (box[1] + box[3]) / 2, x - (box[0] + box[2]) / 2);
  const degrees = ((angle(point) - angle(start)) * 180) / Math.PI;
  return ((degrees + 540) % 360) - 180;
}

/** Another coefficient space has other sliders: those that it lacks stay out. */
const known = (from, changes) => Object.fromEntries(Object.entries(changes).filter(([name, value]) => name in from && Number.isFinite(value)));
