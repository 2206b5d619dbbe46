/** Edit, Animate, Drive, Talk: which panel is shown. */

/** @param {import("./bench.js").Bench} bench */
export function modeButtons(bench) {
  const buttons = [...document.querySelectorAll("#modes button")];
  const page = document.querySelector(".bench");
  const show = (mode) => {
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    for (const panel of document.querySelectorAll("[data-for]")) panel.hidden = !panel.dataset.for.split(" ").includes(mode);
    page.dataset.mode = mode;
    const left = bench.mode;
    if (mode === "animate") bench.values.putAside();
    bench.setMode(mode);
    if (left === "animate") bench.values.takeBack(); // what the sliders have made outlives a visit to the timeline
  };
  for (const button of buttons) button.addEventListener("click", () => { if (button.dataset.mode !== bench.mode) show(button.dataset.mode); });
  show("edit");
}
