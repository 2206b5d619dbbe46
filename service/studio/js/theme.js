/** Light or dark: as the system has it, or as chosen here. */

import { S } from "./strings.js";

const THEMES = ["auto", "light", "dark"];

export function themeButton() {
  const button = document.getElementById("theme");
  let theme = 0;
  const show = () => {
    const name = THEMES[theme];
    if (name === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = name;
    button.setAttribute("aria-label", S.page.theme[name]);
    button.title = S.page.theme[name];
  };
  button.addEventListener("click", () => { theme = (theme + 1) % THEMES.length; show(); });
  show();
}
