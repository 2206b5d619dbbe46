/** Edit, Animate, Drive, Talk: which panel is shown. */

/** @param {import("./bench.js").Bench} bench */
export function modeButtons(bench) {
  const buttons = [...document.querySelectorAll("#modes button")];
  const page = document.querySelector(".bench");
  // What the sliders have made outlives a visit to the timeline.
  let edited = {};
  const show = (mode) => {
    if (bench.mode === "edit") edited = bench.values.snapshot();
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    for (const panel of document.querySelectorAll("[data-for]")) panel.hidden = !panel.dataset.for.split(" ").includes(mode);
    page.dataset.mode = mode;
    if (bench.mode === "animate" && mode !== "animate") { bench.setMode(mode); bench.values.show(edited); return; }
    bench.setMode(mode);
  };
  bench.values.addEventListener("start", () => { edited = {}; });
  for (const button of buttons) button.addEventListener("click", () => { if (button.dataset.mode !== bench.mode) show(button.dataset.mode); });
  show("edit");
}
