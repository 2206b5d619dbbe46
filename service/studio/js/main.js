/** The page: its parts, put together. */

import { Bench } from "./bench.js";
import { Easel } from "./easel.js";
import { FaceValues } from "./face-values.js";
import { Intake } from "./intake.js";
import { PhotoTable } from "./photo-table.js";
import { Preview } from "./preview.js";
import { Reel } from "./reel.js";
import { Timeline } from "./timeline.js";
import { Viewer } from "./viewer.js";
import { json } from "./api.js";
import { showCode } from "./code-dialog.js";
import { drivePanel } from "./drive-panel.js";
import { easelTools } from "./easel-tools.js";
import { facePanel } from "./face-panel.js";
import { modeButtons } from "./modes.js";
import { clearProblems, showProblem } from "./problems.js";
import { sendJob } from "./send-job.js";
import { talkPanel } from "./talk-panel.js";
import { themeButton } from "./theme.js";
import { el } from "./dom.js";
import { S, fillTexts } from "./strings.js";

const PATIENCE_S = 3600;

fillTexts(document);
themeButton();
document.getElementById("panel-face").append(el("p", { class: "no-face", role: "status" }, S.sliders.loading));
start();

async function start() {
  const sliders = await json("sliders", { patience: PATIENCE_S }).catch((error) => {
    showProblem(error, document.getElementById("panel-face"));
  });
  if (!sliders) return;
  const bench = new Bench(new FaceValues(sliders));
  const { values } = bench;
  const preview = new Preview(bench);
  const easel = new Easel(bench, preview, (face) => table.choose(face));
  const viewer = new Viewer({ onclose: () => { reel.mark(null); table.show(); }, onuse: (file) => { viewer.close(); table.put(file); } });
  const reel = new Reel((shot) => { table.hide(); viewer.open(shot); reel.mark(shot.result); });
  const intake = new Intake((file) => { if (viewer.isOpen) viewer.close(); table.put(file); }, () => bench.mode !== "drive" && bench.mode !== "talk" || !bench.photo);
  const table = new PhotoTable(bench, easel, intake);
  const timeline = new Timeline(bench, reel);
  const drive = drivePanel(bench, reel);
  const talk = talkPanel(bench, reel);

  const still = (format) => ({ kind: "edit", controls: values.controls(), options: { face: bench.photo.face.index, output: { format } } });
  const requests = {
    edit: () => still("png"),
    animate: () => ({ kind: "edit", ...timeline.request() }),
    drive: () => ({ kind: "reenact", ...drive.request(), files: drive.files(), texts: drive.texts() }),
    talk: () => ({ kind: "talk", ...talk.request(), files: talk.files() }),
  };
  easelTools(bench, easel, {
    oncode: () => showCode({ photo: bench.photo.name, ...requests[bench.mode]() }),
    ondownload: (format) => { clearProblems(easel.note); sendJob(bench, reel, { ...still(format), note: easel.note, download: true }); },
  });

  values.addEventListener("values", () => { if (bench.photo?.own && (bench.mode === "edit" || bench.mode === "animate")) wish(); });
  const wish = () => {
    clearProblems(easel.note);
    if (values.changedNames.length) preview.wish(values.controls());
    else easel.clear(); // nothing changed is the photo itself
  };
  preview.addEventListener("problem", (event) => showProblem(event.detail.error, easel.note));

  const face = document.getElementById("panel-face");
  face.replaceChildren(facePanel(bench));
  document.getElementById("panel-drive").append(drive.element);
  document.getElementById("panel-talk").append(talk.element);
  modeButtons(bench);
  document.documentElement.dataset.ready = "";
}
