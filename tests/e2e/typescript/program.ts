// What an application in TypeScript does with the types that openapi-typescript writes: node program.js URL FOLDER
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

type Job = components["schemas"]["Job"];
type Problem = components["schemas"]["Problem"];

const [url, folder] = process.argv.slice(2) as [string, string];
const api = createClient<paths>({ baseUrl: `${url}/v1` });
const file = (name: string) => readFileSync(`${folder}/${name}`).toString("base64");
const wait = { prefer: "wait=60" };
const source = file("photo.jpg");

function succeeded(job: Job | undefined, error: Problem | undefined): Job {
  if (job?.status !== "succeeded" || !job.result) {
    throw new Error(`no result: ${JSON.stringify(job ?? error)}`);
  }
  return job;
}

async function media(job: Job): Promise<string> {
  const { data, response } = await api.GET("/jobs/{job_id}/result", {
    params: { path: { job_id: job.id } },
    parseAs: "arrayBuffer",
  });
  if (!data) throw new Error(`no media: ${response.status}`);
  return `${job.result?.media_type} ${new Uint8Array(data).length > 1000}`;
}

const sliders = await api.GET("/sliders");
const smile = sliders.data?.presets["smile"];
if (!smile) throw new Error("no preset");

// Only what differs from the defaults is given.
const edit = await api.POST("/edit", {
  params: { header: wait },
  body: { source, controls: smile, options: { output: { format: "jpeg" } } },
});
console.log("edit", await media(succeeded(edit.data as Job, edit.error)));

const uploaded = await api.POST("/sources", { body: { source } });
if (!uploaded.data) throw new Error(uploaded.error.detail);
const source_id = uploaded.data.id;

const reenact = await api.POST("/reenact", {
  params: { header: wait },
  body: { source_id, driver: file("driver.mp4"), options: { smoothing: 0.3, gains: { mouth: 1.2 } } },
});
console.log("reenact", await media(succeeded(reenact.data as Job, reenact.error)));

const talk = await api.POST("/talk", {
  params: { header: wait },
  body: { source_id, audio: file("speech.wav"), options: { seed: 7 } },
});
console.log("talk", await media(succeeded(talk.data as Job, talk.error)));

const extract = await api.POST("/extract", { params: { header: wait }, body: { source_id } });
const motion = extract.data as components["schemas"]["MotionDocument"];
console.log("extract", motion.space, motion.names.length === motion.frames[0]?.coefficients.length);

const wrong = await api.POST("/edit", { body: { source_id, controls: { expression: { mouthSmil: 1 } } } });
console.log("error", wrong.error?.status, wrong.error?.code, wrong.error?.errors?.[0]?.field);

const followed = await api.GET("/jobs/{job_id}/events", {
  params: { path: { job_id: (edit.data as Job).id } },
  parseAs: "text",
});
const event = Object.fromEntries(
  (followed.data ?? "").trim().split("\n").map((line) => line.split(/: (.*)/s).slice(0, 2)),
) as components["schemas"]["JobEvent"];
console.log("event", event.event, (JSON.parse(event.data) as Job).status);
