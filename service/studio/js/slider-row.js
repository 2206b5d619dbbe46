/** One slider: label, fader, number, reset, and for a pair the button that shows its sides apart. */

import { el, setStyle, toolButton } from "./dom.js";
import { S } from "./strings.js";

// How a value is shown: factor from the API's unit, digits, unit.
const UNITS = { degrees: [1, 0, "°"], factor: [100, 0, "%"], "fraction of the crop": [100, 0, "%"] };
const WEIGHT = [100, 0, ""];
const BIG_STEP = 10;
const APART = 0.25; // a difference between the sides that is meant
const PHYSICAL = new Set(["yaw", "roll", "x"]); // the picture's right is right in every script
let count = 0;

export class SliderRow {
  /**
   * @param {import("./face-values.js").FaceValues} values
   * @param {string[]} names a slider, or both sides of one
   * @param {string} label
   */
  constructor(values, names, label, { spoken = label, side = false, faint = false, apart } = {}) {
    Object.assign(this, { values, names, label });
    const { min, max, unit, description } = values.range(names[0]);
    [this.factor, this.digits, this.unit] = UNITS[unit] ?? WEIGHT;
    [this.min, this.max] = [min, max];
    const id = `slider-${++count}`;
    const limits = { min: min * this.factor, max: max * this.factor, step: 1 };
    this.fader = el("input", { type: "range", class: "fader", id, ...limits, oninput: () => this.#move(Number(this.fader.value)), onchange: () => values.commit() });
    if (PHYSICAL.has(names[0])) this.fader.setAttribute("dir", "ltr");
    if (spoken !== label) this.fader.setAttribute("aria-label", spoken);
    this.fader.addEventListener("keydown", (event) => this.#keys(event));
    this.fader.addEventListener("dblclick", () => values.reset(names));
    this.number = el("input", { type: "number", ...limits, "aria-label": S.sliders.value(spoken), onchange: () => { this.#move(Number(this.number.value)); values.commit(); } });
    const reset = toolButton("reset", S.sliders.reset(spoken), () => { values.reset(names); this.fader.focus(); }, { class: "tool reset" });
    this.hint = names.length > 1 ? undefined : (S.poseHints[names[0]] ?? description);
    if (apart) this.apart = this.#apartButton(spoken, apart);
    this.element = el("div", { class: side ? "slider side" : "slider", "data-slider": names.join(" "), "data-faint": faint && !side },
      el("label", { for: id }, label), this.fader, this.number, reset, this.apart);
    this.faint = faint;
    values.addEventListener("values", () => this.show());
    this.show();
  }

  /** The mean of both sides. */
  get value() {
    return this.names.reduce((sum, name) => sum + this.values.get(name), 0) / this.names.length;
  }

  get own() {
    return this.names.reduce((sum, name) => sum + this.values.own[name], 0) / this.names.length;
  }

  show() {
    const shown = Math.round(this.value * this.factor);
    if (Number(this.fader.value) !== shown) this.fader.value = String(shown);
    if (document.activeElement !== this.number) this.number.value = String(shown);
    this.fader.setAttribute("aria-valuetext", `${shown}${this.unit}`);
    this.element.title = [this.hint, S.sliders.photo(`${Math.round(this.own * this.factor)}${this.unit}`), this.faint && S.sliders.faint].filter(Boolean).join(" ");
    setStyle(this.fader, { "--own": this.#place(this.own), "--value": this.#place(this.value) });
    if (this.apart && this.#differs() && this.apart.getAttribute("aria-expanded") === "false") this.apart.click();
    this.element.toggleAttribute("data-changed", this.names.some((name) => this.values.isChanged(name)));
  }

  /** Both sides keep their difference where there is room for it, and meet at the ends. */
  #move(shown) {
    const value = shown / this.factor;
    const { own, min, max } = this;
    const changes = {};
    for (const name of this.names) {
      const base = this.values.own[name];
      if (value <= own) changes[name] = own > min ? min + (base - min) * ((value - min) / (own - min)) : value;
      else changes[name] = max > own ? base + (max - base) * ((value - own) / (max - own)) : value;
    }
    this.values.change(changes);
  }

  #keys(event) {
    const step = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1 }[event.key];
    if (event.key === "Delete" || event.key === "Backspace") this.values.reset(this.names);
    else if (step && event.shiftKey) {
      this.#move(Math.min(Math.max(Number(this.fader.value) + step * BIG_STEP, this.min * this.factor), this.max * this.factor));
      this.values.commit();
    } else return;
    event.preventDefault();
  }

  /** Whether the sides were set to show different things, as in a wink. */
  #differs() {
    const [left, right] = this.names.map((name) => this.values.get(name) - this.values.own[name]);
    return this.names.some((name) => this.values.isChanged(name)) && Math.abs(left - right) > APART;
  }

  #apartButton(spoken, apart) {
    const button = toolButton("split", S.sliders.split(spoken), () => {
      const open = button.getAttribute("aria-expanded") !== "true";
      button.setAttribute("aria-expanded", String(open));
      apart(open);
    }, { "aria-expanded": "false" });
    return button;
  }

  #place(value) {
    return Math.min(1, Math.max(0, (value - this.min) / (this.max - this.min)));
  }
}
