/** What the parts of the page share: the mode, the photo on the table, the sliders' values. */

export class Bench extends EventTarget {
  /** @type {import("./photo.js").Photo|null} */ photo = null;
  /** @type {import("./face-values.js").FaceValues} */ values;
  /** @type {import("./timeline.js").Timeline|null} */ timeline = null;
  mode = "edit";

  constructor(values) {
    super();
    this.values = values;
  }

  /** Put a photo, or a newly chosen face of it, on the table. */
  setPhoto(photo) {
    this.photo = photo;
    if (photo?.own) this.values.start(photo.own);
    this.dispatchEvent(new Event("photo"));
  }

  setMode(mode) {
    this.mode = mode;
    this.dispatchEvent(new Event("mode"));
  }
}
