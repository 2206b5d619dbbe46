/** The panel of Edit and Animate: presets, mirror, reset, files of settings, and the sliders. */

import { sliderGroups } from "./sliders.js";
import { loadSettings, saveSettings } from "./settings-file.js";
import { clearProblems, showProblem } from "./problems.js";
import { el, toolButton } from "./dom.js";
import { S, sliderLabel } from "./strings.js";

/** @param {import("./bench.js").Bench} bench */
export function facePanel(bench) {
  const { values } = bench;
  const { element } = sliderGroups(values);
  const note = el("div", { class: "section", "data-field": "controls", hidden: true });
  const head = el("div", { class: "face-head" },
    el("h2", {}, S.sliders.title),
    toolButton("mirror", S.sliders.mirror, () => values.mirror()),
    toolButton("reset", S.sliders.resetAll, () => values.reset(), { id: "reset-all" }),
    toolButton("save", S.sliders.save, () => saveSettings(bench)),
    toolButton("open", S.sliders.load, async () => {
      clearProblems(note);
      try {
        await loadSettings(bench);
      } catch (error) {
        showProblem(error, note);
      }
    }));
  const presets = el("div", { class: "section" }, el("div", { class: "presets", role: "group", "aria-label": S.sliders.presets },
    ...Object.keys(values.document.presets).map((name) => el("button", { type: "button", class: "chip", "data-preset": name, onclick: () => values.applyPreset(name) }, S.presets[name] ?? sliderLabel(name)))));
  const body = el("fieldset", { class: "face-body" }, presets, note, element);
  const setReady = () => { body.disabled = head.inert = !bench.photo?.own; };
  bench.addEventListener("photo", setReady);
  setReady();
  return el("div", {}, head, body);
}
