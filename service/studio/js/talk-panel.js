/** Talk: a sound file or the microphone, takes, how much moves; or a face that is alive without a word. */

import { FileField } from "./file-field.js";
import { recordSpeech } from "./recorder.js";
import { sendJob } from "./send-job.js";
import { clearProblems, showProblem } from "./problems.js";
import { amount, check, gains, outputFields, select } from "./output-fields.js";
import { el, icon } from "./dom.js";
import { S } from "./strings.js";

const ACCEPT = "audio/*,video/*,.flac,.m4a,.ogg,.opus,.mkv";
const MAX_SEED = 9999;

/** @param {import("./bench.js").Bench} bench @param {import("./reel.js").Reel} reel */
export function talkPanel(bench, reel) {
  const words = S.talk;
  const audio = new FileField({ field: "audio", legend: words.audio, hint: words.hint, accept: ACCEPT, choose: words.choose, record: words.record, recordIcon: "mic", onrecord: recordSpeech });
  const silent = check(words.silent, { field: "options.idle", hint: words.silentHint });
  const seconds = el("input", { type: "number", min: 1, max: 60, value: "6", "aria-label": words.seconds });
  const length = el("label", { class: "field", hidden: true }, el("span", {}, words.seconds), seconds);
  silent.input.addEventListener("change", () => { length.hidden = !silent.value; audio.element.hidden = silent.value; });
  const take = el("input", { type: "number", min: 0, max: 2 ** 32 - 1, value: "1", id: "take" });
  const style = select(words.style, words.styles, { field: "options.style" });
  const variety = amount(words.variety, { field: "options.temperature", max: 1.5, value: 0.7 });
  const strength = gains(words.gains, words.gain);
  const face = check(S.direction.label, { field: "controls", hint: S.direction.hint });
  const output = outputFields();
  const note = el("div", { hidden: true });

  const request = () => ({
    options: { face: bench.photo?.face?.index ?? 0, seed: Number(take.value), style: style.value, temperature: variety.value, gains: strength.value, ...(silent.value && { idle: Number(seconds.value) }), ...output.options() },
    controls: face.value ? bench.values.addition() : {},
  });
  const start = () => {
    clearProblems(note);
    if (!silent.value && !audio.file) return showProblem({ message: words.missing, errors: [{ field: "audio", message: words.missing }] }, note);
    return sendJob(bench, reel, { kind: "talk", files: silent.value ? {} : { audio: audio.file }, ...request(), note });
  };
  const another = () => { take.value = String(1 + Math.floor(Math.random() * MAX_SEED)); start(); };
  const buttons = [
    el("button", { type: "button", class: "button primary wide", id: "start-talk", onclick: start }, words.start),
    el("button", { type: "button", class: "button", id: "another-take", onclick: another }, icon("dice"), words.another),
  ];
  const unable = el("p", { class: "problem", hidden: true }, words.unable);
  const ready = () => {
    const speaks = !bench.photo?.face || Boolean(bench.photo.face.verdicts.talk);
    unable.hidden = speaks;
    for (const button of buttons) button.disabled = !bench.photo?.own || !speaks;
  };
  bench.addEventListener("photo", ready);
  ready();
  const element = el("div", {},
    el("section", { class: "section" }, el("h2", {}, words.title), el("p", { class: "hint" }, words.lead), unable, audio.element, silent.element, length),
    el("section", { class: "section" },
      el("div", { class: "pair" }, style.element, el("label", { class: "field", "data-field": "options.seed" }, el("span", {}, words.take), take)),
      el("p", { class: "hint" }, words.takeHint), variety.element, face.element, strength.element),
    output.element,
    el("div", { class: "section start" }, note, ...buttons));
  return { element, request, files: () => (silent.value ? {} : { audio: audio.file?.name ?? "speech.wav" }) };
}
