/**
 * Small pictures of what the sliders say, as they move. One wish is under way at a time; of those that come meanwhile
 * only the newest is kept.
 */

import { Problem, jsonBody, request } from "./api.js";
import { pause } from "./dom.js";

const SIDE = 384;
const SMALLEST = 64;
const REST_MS = 450;
const WAIT = { Prefer: "wait=60", Accept: "image/jpeg" };
const RETRY_MS = 1000;

export class Preview extends EventTarget {
  #wish = null;
  #running = false;
  #resting = 0;
  #generation = 0;

  /** @param {import("./bench.js").Bench} bench */
  constructor(bench) {
    super();
    this.bench = bench;
  }

  /** Show these controls as soon as possible; the full resolution follows when no other wish comes for a while. */
  wish(controls) {
    clearTimeout(this.#resting);
    this.#want({ controls, full: false, photo: this.bench.photo, since: performance.now() });
    this.#resting = setTimeout(() => this.#want({ controls, full: true, photo: this.bench.photo, since: performance.now() }), REST_MS);
  }

  /** Forget what was wished: another photo is on the table. */
  stop() {
    clearTimeout(this.#resting);
    this.#wish = null;
    this.#generation++;
  }

  #want(wish) {
    if (!wish.photo?.own) return;
    this.#wish = wish;
    if (!this.#running) this.#run();
  }

  async #run() {
    this.#running = true;
    this.#tell("busy");
    while (this.#wish) {
      const wish = this.#wish;
      const generation = this.#generation;
      this.#wish = null;
      try {
        const blob = await this.#picture(wish);
        if (generation === this.#generation) this.#tell("picture", { blob, ...wish });
      } catch (error) {
        if (generation !== this.#generation) continue;
        if (error instanceof Problem && (error.code === "unreachable" || error.status === 429) && !this.#wish) {
          await pause(RETRY_MS);
          this.#wish ??= wish;
        } else if (!this.#wish) this.#tell("problem", { error });
      }
    }
    this.#running = false;
    this.#tell("idle");
  }

  async #picture({ controls, full, photo }) {
    const [x0, , x1] = photo.face.crop;
    const side = Math.max(SMALLEST, Math.min(SIDE, x1 - x0));
    const output = full ? { format: "jpeg" } : { format: "jpeg", size: side };
    const options = { face: photo.face.index, paste_back: false, output };
    const answer = await photo.using((source_id) => {
      const body = jsonBody({ source_id, controls, options });
      return request("edit", { ...body, headers: { ...body.headers, ...WAIT } });
    });
    return answer.blob();
  }

  #tell(kind, detail) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }
}
