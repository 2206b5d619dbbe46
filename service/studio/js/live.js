/** The connection of live previews: wishes out, small pictures in. It is opened with the first wish, and again when it was lost. */

import { Problem } from "./api.js";
import { askForKey, authorization, currentKey } from "./key.js";

const HEADER_BYTES = 4;
const PRIVATE = 4000; // close codes: 4000 and the status of the problem that was sent before
const IDLE = PRIVATE + 408;

/** @typedef {{seq: number, blob: Blob}} Picture */

export class LiveConnection extends EventTarget {
  #socket = null;
  #opening = null;
  #interval = 0;
  #keyUsed = undefined;
  #works = false;

  /** Whether it has been open before. */
  get works() { return this.#works; }

  /** Milliseconds between two wishes that the service takes. */
  get interval() { return this.#interval; }

  /** Send a wish. Events `picture` and `problem` follow, or `lost`. @param {object} wish */
  async send(wish) {
    try {
      const socket = await (this.#opening ??= this.#open());
      socket.send(JSON.stringify({ type: "wish", ...wish }));
    } catch {
      this.#opening = null;
      this.#tell("lost");
    }
  }

  close() {
    this.#socket?.close();
  }

  #open() {
    const address = new URL("live", document.baseURI);
    address.protocol = address.protocol.replace("http", "ws");
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(address);
      socket.binaryType = "arraybuffer";
      this.#socket = socket;
      socket.addEventListener("open", () => {
        this.#keyUsed = authorization().Authorization;
        if (currentKey()) socket.send(JSON.stringify({ type: "authorize", key: currentKey() })); // a browser sends no header
      });
      socket.addEventListener("message", ({ data }) => {
        if (typeof data !== "string") return this.#tell("picture", readPicture(data));
        const message = JSON.parse(data);
        if (message.type === "ready") {
          this.#interval = 1000 / message.wishes_per_s;
          this.#works = true;
          resolve(socket);
        } else if (message.type === "problem") this.#refused(message);
        return undefined;
      });
      socket.addEventListener("close", ({ code }) => {
        this.#opening = null;
        reject(new Error("closed"));
        if (code !== IDLE) this.#tell("lost");
      });
    });
  }

  async #refused({ seq, problem }) {
    if (problem.code === "key_missing" || problem.code === "key_rejected") await askForKey(this.#keyUsed);
    else if (problem.status !== 408) this.#tell("problem", { seq, error: new Problem(problem) });
  }

  #tell(kind, detail) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }
}

/** A binary message: the header's length, the header as JSON, the picture. @returns {Picture} */
function readPicture(data) {
  const length = new DataView(data).getUint32(0);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(data, HEADER_BYTES, length)));
  return { ...header, blob: new Blob([new Uint8Array(data, HEADER_BYTES + length)], { type: header.media_type }) };
}
