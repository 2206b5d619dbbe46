/** From a panel's fields to a job on the strip; what the service refuses is said beside the field. */

import { Job } from "./jobs.js";
import { fileName } from "./reel.js";
import { saveFile } from "./dom.js";
import { showProblem } from "./problems.js";

const OF_A_FILE = new Set([413, 415]);

/**
 * @param {import("./bench.js").Bench} bench @param {import("./reel.js").Reel} reel
 * @param {{kind: "edit"|"reenact"|"talk", files?: Record<string, File>, texts?: Record<string, string>, controls: any, options: any, driver?: File, note: HTMLElement, download?: boolean}} request
 *   `download`: whether the browser saves the result as soon as it is there
 */
export function sendJob(bench, reel, { kind, files = {}, texts = {}, controls, options, driver, note, download = false }) {
  const job = new Job(kind, { driver });
  reel.add(job);
  job.addEventListener("end", () => {
    if (job.error) showProblem(withField(job.error, files), note);
    else if (download && job.results.length) saveFile(job.results[0].blob, fileName(job, bench.photo?.name.replace(/\.\w+$/, "") ?? "portrait", job.results[0]));
  });
  job.run(bench.photo, (sourceId) => jobForm(sourceId, files, controls, options, texts));
  return job;
}

/** The body of a request that makes a job. @param {Record<string, File>} files @param {Record<string, string>} [texts] */
export function jobForm(sourceId, files, controls, options, texts = {}) {
  const form = new FormData();
  form.append("source_id", sourceId);
  for (const [field, file] of Object.entries(files)) form.append(field, file, file.name);
  for (const [field, text] of Object.entries(texts)) form.append(field, text);
  form.append("controls", JSON.stringify(controls));
  form.append("options", JSON.stringify(options));
  return form;
}

/** A file that is too large or of no known type is the one that the request carried: the photo was taken before. */
function withField(error, files) {
  const [field] = Object.keys(files);
  if (OF_A_FILE.has(error.status) && !error.errors.length && field) error.errors = [{ field, message: error.message }];
  return error;
}
