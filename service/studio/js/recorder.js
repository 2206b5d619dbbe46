/** The camera and the microphone: a still, a clip, or speech, in a dialog. */

import { clock, el } from "./dom.js";
import { S } from "./strings.js";

const QUALITY = 0.94;
const CLIPS = ["video/mp4;codecs=avc1.42E01E,mp4a.40.2", "video/webm;codecs=vp8,opus", "video/webm"];
const SOUNDS = ["audio/mp4", "audio/webm;codecs=opus", "audio/ogg;codecs=opus"];

/** @returns {Promise<File|undefined>} */
export const takePhoto = () => session({ video: { facingMode: "user", width: { ideal: 1920 } } }, photoControls);
/** @returns {Promise<File|undefined>} */
export const recordClip = () => session({ video: { facingMode: "user", width: { ideal: 640 } }, audio: true }, (parts) => recordControls(parts, CLIPS));
/** @returns {Promise<File|undefined>} */
export const recordSpeech = () => session({ audio: { channelCount: 1 } }, (parts) => recordControls(parts, SOUNDS));

/** Open a dialog on a stream; what its controls make is the answer. */
function session(wanted, controls) {
  return new Promise((resolve) => {
    const note = el("p", { class: "problem", role: "alert", hidden: true });
    const view = wanted.video ? el("video", { class: "finder", autoplay: true, muted: true, playsInline: true, "aria-label": S.recorder.camera }) : el("meter", { class: "level", min: 0, max: 1, value: 0, "aria-label": S.recorder.level });
    const actions = el("div", { class: "dialog-end" }, el("button", { type: "button", class: "button quiet", onclick: () => dialog.close() }, S.recorder.cancel));
    const dialog = el("dialog", { "aria-label": wanted.video ? S.recorder.camera : S.talk.record }, el("div", { class: "dialog-body" }, view, note, actions));
    let stream, made;
    dialog.addEventListener("close", () => {
      for (const track of stream?.getTracks() ?? []) track.stop();
      dialog.remove();
      resolve(made);
    });
    document.body.append(dialog);
    dialog.showModal();
    const done = (file) => { made = file; dialog.close(); };
    openStream(wanted).then((opened) => {
      stream = opened;
      if (!dialog.open) { for (const track of stream.getTracks()) track.stop(); return; }
      if (wanted.video) view.srcObject = stream;
      else showLevel(stream, view);
      actions.append(...controls({ stream, view, done, dialog }));
      actions.lastElementChild.focus();
    }).catch((error) => {
      note.textContent = error.name === "NotFoundError" ? S.recorder.none : S.recorder.denied;
      note.hidden = false;
    });
  });
}

async function openStream(wanted) {
  if (!navigator.mediaDevices) throw new Error(S.recorder.denied); // pages without HTTPS get none
  return navigator.mediaDevices.getUserMedia(wanted);
}

function photoControls({ view, done }) {
  const take = async () => {
    if (!view.videoWidth) await new Promise((seen) => view.addEventListener("loadeddata", seen, { once: true })); // the camera is still waking up
    const canvas = el("canvas", { width: view.videoWidth, height: view.videoHeight });
    canvas.getContext("2d").drawImage(view, 0, 0);
    canvas.toBlob((blob) => done(new File([blob], S.recorder.photoName, { type: "image/jpeg" })), "image/jpeg", QUALITY);
  };
  return [el("button", { type: "button", class: "button primary", onclick: take }, S.recorder.take)];
}

function recordControls({ stream, done, dialog }, types) {
  const type = types.find((each) => MediaRecorder.isTypeSupported(each)) ?? "";
  const recorder = new MediaRecorder(stream, type ? { mimeType: type } : undefined);
  const parts = [];
  let timer;
  const button = el("button", { type: "button", class: "button primary" }, S.recorder.record);
  const time = el("span", { class: "hint", role: "timer" });
  recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
  recorder.addEventListener("stop", () => {
    clearInterval(timer);
    const plain = recorder.mimeType.split(";")[0];
    if (dialog.open) done(new File(parts, `recording.${plain.split("/")[1]}`, { type: plain }));
  });
  button.addEventListener("click", () => {
    if (recorder.state === "recording") return recorder.stop();
    recorder.start();
    const began = performance.now();
    button.textContent = S.recorder.stop;
    button.classList.add("recording");
    timer = setInterval(() => { time.textContent = S.recorder.recording(clock((performance.now() - began) / 1000)); }, 100);
    return undefined;
  });
  return [time, button];
}

/** A meter, so that people see that they are heard. */
function showLevel(stream, meter) {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const draw = () => {
    if (!meter.isConnected) return void context.close();
    analyser.getFloatTimeDomainData(samples);
    meter.value = Math.min(1, 4 * Math.hypot(...samples) / Math.sqrt(samples.length));
    requestAnimationFrame(draw);
  };
  draw();
}
