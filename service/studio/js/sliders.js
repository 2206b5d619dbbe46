/** The groups of sliders, made from the document of GET /sliders. */

import { SliderRow } from "./slider-row.js";
import { el } from "./dom.js";
import { S, sliderLabel } from "./strings.js";

const ORDER = ["mouth", "jaw", "eyes", "brows", "cheeks", "nose", "head"];
// What people reach for first stands first; the rest follows in the service's own order.
const FIRST = ["mouthSmile", "mouthFrown", "mouthPucker", "mouthFunnel", "mouthUpperUp", "mouthLowerDown", "mouthStretch",
  "eyeBlink", "eyeWide", "eyeSquint", "eyeLookUp", "eyeLookDown", "browInnerUp", "browOuterUp", "browDown", "jawOpen"];
const OPEN = new Set(["mouth", "jaw", "eyes", "head"]);

/** @param {import("./face-values.js").FaceValues} values @returns {{element: HTMLElement, rows: SliderRow[]}} */
export function sliderGroups(values) {
  const rows = [];
  const groups = [...grouped(values)].map(([group, entries]) => {
    const made = entries.flatMap((entry) => entryRows(values, entry));
    rows.push(...made);
    return groupElement(values, group, made);
  });
  return { element: el("div", { class: "groups" }, ...groups), rows };
}

/** Group -> its entries: a pair of sides is one, under its shorthand. */
function grouped(values) {
  const shorthandOf = new Map(Object.entries(values.document.shorthands).flatMap(([name, sides]) => sides.map((side) => [side, name])));
  const groups = new Map(ORDER.map((group) => [group, []]));
  const seen = new Set();
  for (const slider of values.document.expression) {
    const name = shorthandOf.get(slider.name) ?? slider.name;
    if (seen.has(name)) continue;
    seen.add(name);
    if (!groups.has(slider.group)) groups.set(slider.group, []);
    groups.get(slider.group).push({ name, sides: values.sides(name), faint: slider.weakly_observed });
  }
  groups.set("head", values.document.pose.map((axis) => ({ name: axis.name, sides: [axis.name], faint: false })));
  const rank = ({ name }) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  for (const entries of groups.values()) entries.sort((a, b) => rank(a) - rank(b));
  for (const [group, entries] of groups) if (!entries.length) groups.delete(group);
  return groups;
}

function entryRows(values, { name, sides, faint }) {
  const label = sliderLabel(name);
  if (sides.length === 1) return [new SliderRow(values, sides, label, { faint })];
  const each = sides.map((side, index) => {
    const which = index ? S.sliders.right : S.sliders.left;
    return new SliderRow(values, [side], which, { spoken: `${label}, ${which}`, side: true, faint });
  });
  const both = new SliderRow(values, sides, label, { faint, apart: (open) => each.forEach((row) => { row.element.hidden = !open; }) });
  each.forEach((row) => { row.element.hidden = true; });
  return [both, ...each];
}

function groupElement(values, group, rows) {
  const changed = el("span", { class: "changed" });
  const names = new Set(rows.flatMap((row) => row.names));
  const count = () => {
    const number = values.changedNames.filter((name) => names.has(name)).length;
    changed.textContent = number ? S.sliders.changed(number) : "";
  };
  values.addEventListener("values", count);
  return el("details", { class: "group", open: OPEN.has(group), "data-group": group },
    el("summary", {}, S.groups[group] ?? sliderLabel(group), changed),
    el("div", { class: "rows" }, ...rows.map((row) => row.element)));
}
