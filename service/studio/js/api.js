/** Requests to the service: the key, problem documents, and patience while it restarts. */

import { askForKey, authorization } from "./key.js";
import { connection } from "./connection.js";
import { pause } from "./dom.js";
import { S } from "./strings.js";

const BASE = new URL(".", document.baseURI);
const SHORT_WAIT_MS = 1500;

/** What went wrong, in words: a problem document of the service, or that it cannot be reached. */
export class Problem extends Error {
  /** @param {{detail: string, code: string, status: number, errors?: {field: string, message: string}[]}} document */
  constructor(document) {
    super(document.detail);
    this.code = document.code;
    this.status = document.status;
    this.errors = document.errors ?? [];
  }
}

export const unreachable = () => new Problem({ detail: S.problems.unreachable, code: "unreachable", status: 0 });

/**
 * A request. Asks for the key when the service does, and then sends it again.
 * @param {string} path of a route, or an address that the service gave
 * @param {RequestInit & {patience?: number}} [options] `patience`: seconds in which a service that is away, or full, is
 *   asked again. For requests that may be repeated.
 * @returns {Promise<Response>} one that succeeded
 */
export async function request(path, { patience = 0, ...options } = {}) {
  const address = path.startsWith("/") ? new URL(path, location.origin) : new URL(path, BASE);
  const deadline = performance.now() + 1000 * patience;
  for (;;) {
    try {
      const headers = { ...options.headers, ...authorization() };
      const answer = await fetch(address, { ...options, headers });
      if (answer.ok) return answer;
      const problem = await readProblem(answer);
      if (problem.code === "key_missing" || problem.code === "key_rejected") {
        await askForKey(headers.Authorization);
        continue;
      }
      if (answer.status !== 503 || performance.now() > deadline) throw problem;
    } catch (error) {
      if (error instanceof Problem || error.name === "AbortError") throw error;
      connection.lost();
      if (performance.now() > deadline) throw unreachable();
    }
    await pause(SHORT_WAIT_MS);
  }
}

/** The JSON of a request. */
export const json = async (path, options) => (await request(path, options)).json();

/** The body and header of a JSON request. */
export const jsonBody = (content) => ({
  method: "POST", body: JSON.stringify(content), headers: { "Content-Type": "application/json" },
});

async function readProblem(answer) {
  try {
    return new Problem(await answer.json());
  } catch {
    return new Problem({ detail: `${answer.status} ${answer.statusText}`, code: "unknown", status: answer.status });
  }
}
