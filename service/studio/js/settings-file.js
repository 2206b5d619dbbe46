/** Settings as a file: what the sliders and keyframes are set to, to be opened again with another photo. */

import { chooseFile, saveFile } from "./dom.js";
import { S } from "./strings.js";

const KIND = "portrait studio settings";

/** @param {import("./bench.js").Bench} bench */
export function saveSettings(bench) {
  const content = { kind: KIND, space: bench.values.document.space, values: bench.values.snapshot(), timeline: bench.timeline?.document() };
  saveFile(new Blob([`${JSON.stringify(content, null, 2)}\n`], { type: "application/json" }), "portrait-settings.json");
}

/** @param {import("./bench.js").Bench} bench */
export async function loadSettings(bench) {
  const file = await chooseFile("application/json,.json");
  if (!file) return;
  const content = read(await file.text());
  const unknown = new Set();
  const known = (values) => Object.fromEntries(Object.entries(values ?? {}).filter(([name, value]) => {
    if (bench.values.range(name) && Number.isFinite(value)) return true;
    unknown.add(name);
    return false;
  }));
  bench.values.reset();
  bench.values.change(known(content.values), { commit: true });
  if (content.timeline) bench.timeline?.open(content.timeline, known);
  if (unknown.size) throw new Error(S.sliders.unknown([...unknown].join(", ")));
}

function read(text) {
  try {
    const content = JSON.parse(text);
    if (content.kind === KIND) return content;
  } catch {
    // the same as a file of another kind
  }
  throw new Error(S.sliders.notSettings);
}
