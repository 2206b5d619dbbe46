/** What lies under the pointer: a part of the face, by its five points. */

const MOUTH = 0.34; // sizes in distances between the eyes
const CORNER = 0.24;
const EYE = 0.3;
const BROW = 0.26;
const BROW_ABOVE = 0.5;

/**
 * Axes of a face in the photo: `across` from its right eye to its left, `down` from the eyes to the mouth.
 * @param {import("./photo.js").Face} face
 */
export function faceAxes({ points }) {
  const across = subtract(points.left_eye, points.right_eye);
  const unit = Math.hypot(...across);
  const [ux, uy] = across.map((value) => value / unit);
  return { unit, across: [ux, uy], down: [-uy, ux] };
}

/**
 * @param {import("./photo.js").Face} face @param {number[]} point in pixels of the photo
 * @returns {"head"|"tilt"|"pan"|"lips"|"mouthLeft"|"mouthRight"|"eyeLeft"|"eyeRight"|"browLeft"|"browRight"}
 */
export function regionAt(face, point) {
  const { points } = face;
  const { unit, down } = faceAxes(face);
  const near = (place, reach) => Math.hypot(...subtract(point, place)) < reach * unit;
  const brow = (eye) => eye.map((value, axis) => value - BROW_ABOVE * unit * down[axis]);
  const lips = points.mouth_left.map((value, axis) => (value + points.mouth_right[axis]) / 2);
  const small = [
    ["mouthLeft", points.mouth_left, CORNER], ["mouthRight", points.mouth_right, CORNER], ["lips", lips, MOUTH],
    ["eyeLeft", points.left_eye, EYE], ["eyeRight", points.right_eye, EYE],
    ["browLeft", brow(points.left_eye), BROW], ["browRight", brow(points.right_eye), BROW],
  ];
  const found = small.find(([, place, reach]) => near(place, reach));
  if (found) return found[0];
  if (inside(point, face.box)) return "head";
  return inside(point, face.crop) ? "tilt" : "pan";
}

const subtract = (a, b) => [a[0] - b[0], a[1] - b[1]];
const inside = ([x, y], [x0, y0, x1, y1]) => x >= x0 && x <= x1 && y >= y0 && y <= y1;
