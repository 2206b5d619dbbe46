/** The photo on the table: its file, its source in the service, its faces, and what the face shows by itself. */

import { Problem, json, jsonBody, request } from "./api.js";
import { S } from "./strings.js";

const WAIT = { Prefer: "wait=60" };
const PATIENCE_S = 60;
const NO_PICTURE = "unsupported_media";
const GONE = new Set(["source_not_found", "source_expired", "unknown_source"]);

/**
 * @typedef {{index: number, box: number[], crop: number[], points: Record<string, number[]>, turn: number,
 *   verdicts: {edit: {verdict: "good"|"usable"|"poor"}}}} Face
 * @typedef {{expression: Record<string, number>, pose: Record<string, number>}} OwnValues
 */

export class Photo {
  /** @type {string} */ sourceId = "";
  /** @type {Face[]} */ faces = [];
  /** @type {Face|null} */ face = null;
  /** @type {OwnValues|null} */ own = null;
  width = 0;
  height = 0;

  /** @param {File|Blob} file @param {string} name */
  constructor(file, name) {
    this.file = file;
    this.name = name;
    this.url = URL.createObjectURL(file);
  }

  /** Send the file. */
  async send() {
    const form = new FormData();
    form.append("source", this.file, this.name);
    const source = await json("sources", { method: "POST", body: form, patience: PATIENCE_S }).catch((error) => {
      throw error.code === NO_PICTURE ? notPicture() : error;
    });
    if (!source.media_type.startsWith("image/")) throw notPicture(); // videos and sounds are sources too
    this.sourceId = source.id;
  }

  /** Find the faces. */
  async look() {
    const found = await this.using((source_id) => json("faces", { ...withWait({ source_id }), patience: PATIENCE_S }));
    Object.assign(this, { faces: found.faces, width: found.width, height: found.height });
  }

  /** Choose a face, and read what it shows. */
  async choose(face) {
    const document = await this.using((source_id) =>
      json("extract", { ...withWait({ source_id, options: { face: face.index } }), patience: PATIENCE_S }));
    const { expression, pose } = document.frames[0];
    Object.assign(this, { face, own: { expression, pose } });
  }

  /**
   * Make a request that names the source. A service that has lost it, after a restart or an expiry, gets it again.
   * @template T @param {(sourceId: string) => Promise<T>} ask @returns {Promise<T>}
   */
  async using(ask) {
    try {
      return await ask(this.sourceId);
    } catch (error) {
      if (!(error instanceof Problem && GONE.has(error.code))) throw error;
      await this.send();
      return ask(this.sourceId);
    }
  }

  /** A picture that the browser can show, of a file that it cannot (HEIC, TIFF): the service decodes it. */
  async decoded() {
    const options = { output: { format: "jpeg" }, ...(this.face && { face: this.face.index }) };
    const body = jsonBody({ source_id: this.sourceId, options });
    const answer = await request("edit", { ...body, headers: { ...body.headers, ...WAIT, Accept: "image/jpeg" } });
    URL.revokeObjectURL(this.url);
    this.url = URL.createObjectURL(await answer.blob());
  }

  close() {
    URL.revokeObjectURL(this.url);
  }
}

const notPicture = () => new Problem({ detail: S.intake.notPicture, code: NO_PICTURE, status: 415 });

function withWait(content) {
  const body = jsonBody(content);
  return { ...body, headers: { ...body.headers, ...WAIT } };
}
