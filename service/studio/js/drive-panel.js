/** Drive: a ready motion, or that of a video, a recording of the camera, or a motion document, on the photo. */

import { json } from "./api.js";
import { FileField } from "./file-field.js";
import { recordClip } from "./recorder.js";
import { sendJob } from "./send-job.js";
import { showProblem, clearProblems } from "./problems.js";
import { amount, check, gains, outputFields, select } from "./output-fields.js";
import { el } from "./dom.js";
import { S } from "./strings.js";

const ACCEPT = "video/*,image/*,.mkv,.json,.npz,application/json";

/** @param {import("./bench.js").Bench} bench @param {import("./reel.js").Reel} reel */
export function drivePanel(bench, reel) {
  const words = S.drive;
  const driver = new FileField({ field: "driver", legend: words.driver, hint: words.hint, accept: ACCEPT, choose: words.choose, record: words.record, recordIcon: "camera", onrecord: recordClip });
  const ready = select(words.ready, { "": words.own }, { field: "driver_id", onchange: () => { if (ready.value) driver.set(null); } });
  const mode = select(words.mode, words.modes, { field: "options.mode" });
  const region = select(words.region, words.regions, { field: "options.region" });
  const smoothing = amount(words.smoothing, { field: "options.smoothing", max: 1, value: 0.5 });
  const keep = check(words.keep, { field: "options.normalise_crop", checked: true });
  const strength = gains(words.gains, words.gain);
  const face = check(S.direction.label, { field: "controls", hint: S.direction.hint });
  const output = outputFields();
  const note = el("div", { hidden: true });

  // A picture drives a photo to a picture, which the service writes as PNG unless told otherwise.
  const written = () => {
    const { output: format, ...rest } = output.options();
    const still = driver.file?.type.startsWith("image/") && driver.file.type !== "image/gif";
    return still ? rest : { ...rest, output: format };
  };
  const request = () => ({
    options: { face: bench.photo?.face?.index ?? 0, mode: mode.value, region: region.value, smoothing: smoothing.value, normalise_crop: keep.value, gains: strength.value, ...written() },
    controls: face.value ? bench.values.addition() : {},
  });
  const texts = () => ready.value ? { driver_id: ready.value } : {};
  let isListed = false;
  const list = async () => {
    if (isListed) return;
    isListed = true;
    const { motions } = await json("motions?limit=100").catch(() => ({ motions: [] })); // a driver of one's own does without
    ready.input.append(...motions.map((motion) => el("option", { value: motion.id }, motion.shipped ? motion.title : motion.id)));
  };
  const start = () => {
    clearProblems(note);
    if (!ready.value && !driver.file) return showProblem({ message: words.missing, errors: [{ field: "driver", message: words.missing }] }, note);
    return sendJob(bench, reel, { kind: "reenact", files: ready.value ? {} : { driver: driver.file }, texts: texts(), ...request(), driver: driver.file, note });
  };
  driver.addEventListener("change", () => { if (driver.file) ready.value = ""; output.format.disabled = !written().output; });
  const button = el("button", { type: "button", class: "button primary wide", id: "start-drive", onclick: start }, words.start);
  bench.addEventListener("photo", () => { button.disabled = !bench.photo?.own; if (bench.photo?.own) list(); });
  button.disabled = true;
  const element = el("div", {},
    el("section", { class: "section" }, el("h2", {}, words.title), el("p", { class: "hint" }, words.lead), ready.element, driver.element),
    el("section", { class: "section" }, mode.element, region.element, smoothing.element, keep.element, face.element, strength.element),
    output.element,
    el("div", { class: "section start" }, note, button));
  return { element, request, texts, files: () => ready.value ? {} : { driver: driver.file?.name ?? "driver.mp4" } };
}
