/**
 * The sliders' values: those of the photo, and what was set otherwise. Requests are absolute, so that what a slider
 * shows is what the face will show; only what differs from the photo is sent.
 */

const HISTORY = 200;
const NEGATED = ["yaw", "roll", "x"]; // a mirrored head turns, tilts and moves the other way
const OPPOSITE = [["jawLeft", "jawRight"], ["mouthLeft", "mouthRight"]]; // directions, which are no sides

export class FaceValues extends EventTarget {
  /** @type {Record<string, number>} names and values that differ from the photo's */
  #set = {};
  #past = [];
  #future = [];
  #settled = {};
  #aside = null;

  /** @param {any} document of GET /sliders */
  constructor(document) {
    super();
    this.document = document;
    this.expression = new Map(document.expression.map((slider) => [slider.name, slider]));
    this.pose = new Map(document.pose.map((axis) => [axis.name, axis]));
    this.own = Object.fromEntries([...this.expression.keys(), ...this.pose.keys()].map((name) => [name, this.neutral(name)]));
  }

  neutral(name) {
    return name === "zoom" ? 1 : 0;
  }

  range(name) {
    return this.expression.get(name) ?? this.pose.get(name);
  }

  /** Begin with another face. */
  start(own) {
    Object.assign(this.own, own.expression, own.pose);
    this.#set = {};
    this.#settled = {};
    this.#past = [];
    this.#future = [];
    if (this.#aside) this.#aside = { set: {}, past: [], future: [] };
    this.#changed("start");
  }

  get(name) {
    return this.#set[name] ?? this.own[name];
  }

  isChanged(name) {
    return name in this.#set;
  }

  get changedNames() {
    return Object.keys(this.#set);
  }

  /** Set values; a hand that is still moving leaves `commit` to its end. @param {Record<string, number>} values */
  change(values, { commit = false } = {}) {
    for (const [name, value] of Object.entries(values)) {
      const { min, max } = this.range(name);
      const held = Math.round(Math.min(Math.max(value, Math.min(min, this.own[name])), Math.max(max, this.own[name])) * 1e4) / 1e4;
      if (Math.abs(held - this.own[name]) < 5e-4) delete this.#set[name];
      else this.#set[name] = held;
    }
    this.#changed("change");
    if (commit) this.commit();
  }

  reset(names = this.changedNames) {
    for (const name of names) delete this.#set[name];
    this.#changed("change");
    this.commit();
  }

  /** What is set now is a step that can be undone. */
  commit() {
    if (same(this.#set, this.#settled)) return;
    this.#past = [...this.#past.slice(-HISTORY), this.#settled];
    this.#settled = { ...this.#set };
    this.#future = [];
    this.#changed("commit");
  }

  get canUndo() { return this.#past.length > 0; }
  get canRedo() { return this.#future.length > 0; }
  undo() { this.#travel(this.#past, this.#future); }
  redo() { this.#travel(this.#future, this.#past); }

  #travel(from, to) {
    if (!from.length) return;
    to.push(this.#settled);
    this.#settled = from.pop();
    this.#set = { ...this.#settled };
    this.#changed("change");
    this.#changed("commit");
  }

  /** Both sides' names of a shorthand, or the name itself. */
  sides(name) {
    return this.document.shorthands[name] ?? [name];
  }

  /** Apply a preset: absolute ones replace, relative ones are added to the photo's own face. */
  applyPreset(name) {
    const { mode = "relative", expression = {}, pose = {} } = this.document.presets[name];
    const values = {};
    if (mode === "relative") for (const changed of this.changedNames) if (this.expression.has(changed)) values[changed] = this.own[changed];
    for (const [given, value] of [...Object.entries(expression), ...Object.entries(pose)])
      for (const side of this.sides(given)) values[side] = mode === "relative" ? this.own[side] + value : value;
    this.change(values, { commit: true });
  }

  /** Swap left and right. */
  mirror() {
    const pairs = [...Object.values(this.document.shorthands), ...OPPOSITE].filter((pair) => pair.every((name) => this.expression.has(name)));
    const values = {};
    for (const [left, right] of pairs) Object.assign(values, { [left]: this.get(right), [right]: this.get(left) });
    for (const name of NEGATED) if (this.pose.has(name)) values[name] = -this.get(name);
    this.change(values, { commit: true });
  }

  /** A copy of what is set. */
  snapshot() {
    return { ...this.#set };
  }

  /** Put what is set and its history aside: the timeline shows states of its own. */
  putAside() {
    this.#aside = { set: { ...this.#settled }, past: this.#past, future: this.#future };
    this.show(this.#set);
  }

  /** Go on with what was put aside. */
  takeBack() {
    const { set, past, future } = this.#aside;
    this.#aside = null;
    this.show(set);
    [this.#past, this.#future] = [past, future];
    this.#changed("commit");
  }

  /** Show a state of the timeline. Steps back would lead into another one. @param {Record<string, number>} snapshot */
  show(snapshot) {
    this.#set = { ...snapshot };
    this.#settled = { ...snapshot };
    this.#past = [];
    this.#future = [];
    this.#changed("show");
    this.#changed("commit");
  }

  /** `controls` of a request for a snapshot. */
  controls(snapshot = this.#set) {
    const controls = { mode: "absolute" };
    for (const [name, value] of Object.entries(snapshot)) {
      const part = this.pose.has(name) ? "pose" : "expression";
      (controls[part] ??= {})[name] = this.#sendable(name, value);
    }
    return controls;
  }

  /** What the sliders add to the photo, as relative `controls`: to lay on top of a motion. */
  addition() {
    const controls = { mode: "relative" };
    for (const name of this.changedNames) {
      const part = this.pose.has(name) ? "pose" : "expression";
      const change = name === "zoom" ? this.get(name) / this.own[name] : this.get(name) - this.own[name];
      const { min, max } = part === "pose" ? this.range(name) : { min: -1, max: 1 };
      (controls[part] ??= {})[name] = Math.round(Math.min(max, Math.max(min, change)) * 1e4) / 1e4;
    }
    return controls;
  }

  #sendable(name, value) {
    const { min, max } = this.range(name);
    return Math.round(Math.min(max, Math.max(min, value)) * 1e4) / 1e4;
  }

  #changed(kind) {
    this.dispatchEvent(new Event(kind));
    if (kind !== "commit") this.dispatchEvent(new Event("values"));
  }
}

const same = (a, b) => {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
};
