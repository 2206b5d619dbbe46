/**
 * Pictures of what the sliders say. While they move, small ones come over the live connection, where the service drops
 * wishes that newer ones overtake; when the hand rests, one in full resolution follows.
 */

import { Job } from "./jobs.js";
import { LiveConnection } from "./live.js";
import { jobForm } from "./send-job.js";
import { pause } from "./dom.js";

const SIDE = 384;
const SMALLEST = 64;
const REST_MS = 450;
const LONGEST_REST_MS = 5000;
const LOOK_MS = 50;
const SEEN_MS = 250; // who looks at the small picture may move on
const RETRY_MS = 1000;
const GONE = new Set(["source_not_found", "source_expired"]);

/** @typedef {{controls: any, photo: import("./photo.js").Photo, since: number, full?: boolean}} Wish */

export class Preview extends EventTarget {
  #live = new LiveConnection();
  #seq = 0;
  /** @type {Map<number, Wish>} sent, and not answered yet */ #sent = new Map();
  /** @type {Wish|null} */ #newest = null;
  #timer = 0;
  #sentAt = 0;
  #resting = 0;
  #busy = false;
  /** @type {Job|null} */ #fullJob = null;
  #shownAt = 0;

  /** @param {import("./bench.js").Bench} bench */
  constructor(bench) {
    super();
    this.bench = bench;
    this.#live.addEventListener("picture", (event) => this.#answered(event.detail));
    this.#live.addEventListener("problem", (event) => this.#refused(event.detail));
    this.#live.addEventListener("lost", () => this.#lost());
  }

  /** Show these controls as soon as possible. */
  wish(controls) {
    const { photo } = this.bench;
    if (!photo?.own) return;
    this.#dropFull();
    clearTimeout(this.#resting);
    this.#newest = { controls, photo, since: performance.now() };
    this.#resting = setTimeout(() => this.#rest({ controls, photo, full: true, since: performance.now() }), REST_MS);
    this.#setBusy(true);
    this.#schedule();
  }

  /** The small picture goes first: one worker would make it wait. */
  #rest(wish) {
    const now = performance.now();
    const waits = this.#live.works && now - wish.since < LONGEST_REST_MS && (this.#sent.size > 0 || now - this.#shownAt < SEEN_MS);
    if (waits) this.#resting = setTimeout(() => this.#rest(wish), LOOK_MS);
    else this.#full({ ...wish, since: performance.now() });
  }

  /** Forget what was wished: another photo is on the table, or the photo as it is. */
  stop() {
    clearTimeout(this.#resting);
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#newest = null;
    this.#sent.clear();
    this.#dropFull();
    this.#setBusy(false);
  }

  /** As often as the service takes wishes. */
  #schedule() {
    if (this.#timer) return;
    const wait = Math.max(0, this.#sentAt + this.#live.interval - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.#send();
    }, wait);
  }

  #send() {
    const wish = this.#newest;
    if (!wish) return;
    this.#newest = null;
    this.#sentAt = performance.now();
    const { photo, controls } = wish;
    const [x0, , x1] = photo.face.crop;
    const size = Math.max(SMALLEST, Math.min(SIDE, x1 - x0));
    const seq = ++this.#seq;
    this.#sent.set(seq, wish);
    this.#live.send({ seq, source_id: photo.sourceId, face: photo.face.index, paste_back: false, controls, output: { format: "jpeg", size } });
  }

  /** Wishes before the one that is answered get no answer any more. */
  #take(seq) {
    const wish = this.#sent.get(seq);
    for (const each of this.#sent.keys()) if (each <= seq) this.#sent.delete(each);
    return wish;
  }

  #answered({ seq, blob }) {
    const wish = this.#take(seq);
    if (!wish) return;
    this.#shownAt = performance.now();
    this.#tell("picture", { ...wish, blob });
  }

  async #refused({ seq, error }) {
    const wish = this.#take(seq);
    if (!wish || this.#newest) return;
    if (GONE.has(error.code)) {
      await wish.photo.send();
      this.#again(wish);
    } else if (error.status !== 429 && error.status !== 503) {
      clearTimeout(this.#resting);
      this.#setBusy(false);
      this.#tell("problem", { error });
    }
  }

  /** The service restarts: the picture in full resolution is asked for until it is there, so only a moving hand waits. */
  async #lost() {
    const last = [...this.#sent.values()].at(-1);
    this.#sent.clear();
    if (!last || this.#newest || !this.#live.works) return; // some proxies let no WebSocket through
    await pause(RETRY_MS);
    if (this.#busy) this.#again(last);
  }

  #again(wish) {
    this.#newest ??= wish;
    this.#schedule();
  }

  async #full(wish) {
    const { controls, photo } = wish;
    const options = { face: photo.face.index, paste_back: false, output: { format: "jpeg" } };
    const job = new Job("edit");
    this.#fullJob = job;
    await job.run(photo, (sourceId) => jobForm(sourceId, {}, controls, options));
    for (const { url } of job.results) URL.revokeObjectURL(url);
    if (this.#fullJob !== job) return;
    this.#fullJob = null;
    this.#sent.clear(); // a small one that is still to come shows no more
    this.#newest = null;
    if (job.results.length) this.#tell("picture", { ...wish, blob: job.results[0].blob });
    else if (job.error) this.#tell("problem", { error: job.error });
    this.#setBusy(false);
  }

  /** Nobody waits for it any more: the worker is free for the next small one. */
  #dropFull() {
    const job = this.#fullJob;
    this.#fullJob = null;
    job?.cancel().catch(() => {}); // it ends by itself, then
  }

  #setBusy(busy) {
    if (busy === this.#busy) return;
    this.#busy = busy;
    this.#tell(busy ? "busy" : "idle");
  }

  #tell(kind, detail) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }
}
