/** Whether the service answers. While it does not, a banner says so, and it is asked until it is back. */

import { announce, pause } from "./dom.js";
import { S } from "./strings.js";

const EVERY_MS = 1000;

class Connection extends EventTarget {
  #away = false;

  /** A request found nobody. */
  async lost() {
    if (this.#away) return;
    this.#away = true;
    const banner = document.getElementById("banner");
    banner.textContent = S.page.away;
    banner.hidden = false;
    while (!(await this.#answers())) await pause(EVERY_MS);
    this.#away = false;
    banner.hidden = true;
    announce(S.page.back);
    this.dispatchEvent(new Event("back"));
  }

  async #answers() {
    try {
      return (await fetch(new URL("health/ready", document.baseURI), { cache: "no-store" })).ok;
    } catch {
      return false;
    }
  }
}

export const connection = new Connection();
