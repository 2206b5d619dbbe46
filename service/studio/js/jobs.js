/** Jobs of this page: sent, followed to their end through restarts, cancelled. */

import { Problem, json, request, unreachable } from "./api.js";
import { serverSentEvents } from "./events.js";
import { pause } from "./dom.js";

const PATIENCE_S = 90;
const RETRY_MS = 1000;
const FINAL = new Set(["succeeded", "failed", "cancelled"]);

/** @typedef {{blob: Blob, url: string, mediaType: string, seed: number|null, seconds: number|null, expires: number}} Result */

export class Job extends EventTarget {
  /** @type {any} the service's document */ document = { status: "sending", progress: { done: 0, total: 0, stage: "queued", eta_s: null } };
  /** @type {Result[]} */ results = [];
  /** @type {any} */ error = null;
  #id = "";
  #stopped = false;

  /** @param {"edit"|"reenact"|"talk"} kind @param {{driver?: Blob}} [about] what the result is shown beside */
  constructor(kind, about = {}) {
    super();
    Object.assign(this, { kind, driver: about.driver });
  }

  get status() { return this.error && this.document.status !== "cancelled" ? "failed" : this.document.status; }

  /**
   * Send the request and follow its job.
   * @param {import("./photo.js").Photo} photo @param {(sourceId: string) => FormData} form
   */
  async run(photo, form) {
    // One key for all attempts: a request that is sent again after a broken connection makes no second job.
    const headers = () => ({ "Idempotency-Key": crypto.randomUUID?.() ?? String(Math.random()) });
    try {
      const accepted = await photo.using((sourceId) => json(this.kind, { method: "POST", body: form(sourceId), headers: headers(), patience: PATIENCE_S }));
      this.#id = accepted.id;
      this.#update(accepted);
      if (this.#stopped) await this.cancel();
      await this.#follow();
      if (this.document.status === "succeeded") await this.#fetchResults();
    } catch (error) {
      this.error = error;
    }
    this.dispatchEvent(new Event("change"));
    this.dispatchEvent(new Event("end"));
  }

  async cancel() {
    this.#stopped = true;
    if (this.#id) this.#update(await json(`jobs/${this.#id}`, { method: "DELETE", patience: PATIENCE_S }));
  }

  async #follow() {
    const deadline = () => performance.now() + 1000 * PATIENCE_S;
    let until = deadline();
    while (!FINAL.has(this.document.status)) {
      try {
        const stream = await request(`jobs/${this.#id}/events`, { patience: PATIENCE_S });
        for await (const document of serverSentEvents(stream)) {
          this.#update(document);
          until = deadline();
        }
        if (FINAL.has(this.document.status)) return;
      } catch (error) {
        if (error instanceof Problem) throw error;
        if (performance.now() > until) throw unreachable();
      }
      await pause(RETRY_MS); // the stream broke off: the service restarts
    }
  }

  #update(document) {
    this.document = document;
    this.error = document.error && new Problem(document.error);
    this.dispatchEvent(new Event("change"));
  }

  async #fetchResults() {
    const { result, results } = this.document;
    for (const { url, media_type: mediaType, seed, seconds } of results?.length ? results : [result]) {
      const answer = await request(url, { patience: PATIENCE_S });
      const [, age] = /max-age=(\d+)/.exec(answer.headers.get("Cache-Control") ?? "") ?? [null, "3600"];
      const blob = await answer.blob();
      this.results.push({ blob, url: URL.createObjectURL(blob), mediaType, seed, seconds, expires: Date.now() + 1000 * Number(age) });
    }
  }
}
