/** How a keyframe leads to the next: shapes from 0 to 1. */

export const EASINGS = {
  smooth: (t) => t * t * (3 - 2 * t),
  linear: (t) => t,
  in: (t) => t * t,
  out: (t) => t * (2 - t),
  hold: (t) => (t < 1 ? 0 : 1),
};

/**
 * The values at a time. Before the first keyframe the face comes from the photo; after the last it stays.
 * @param {{time: number, easing: string, values: Record<string, number>}[]} keyframes in order of time
 * @param {number} time @param {Record<string, number>} own values of the photo
 */
export function valuesAt(keyframes, time, own) {
  const after = keyframes.findIndex((keyframe) => keyframe.time > time + 1e-6);
  const next = keyframes[after];
  const last = after < 0 ? keyframes.at(-1) : keyframes[after - 1];
  if (!next) return last ? { ...last.values } : {};
  const from = last ?? { time: 0, easing: "smooth", values: {} };
  const weight = EASINGS[from.easing]((time - from.time) / (next.time - from.time));
  const values = {};
  for (const name of new Set([...Object.keys(from.values), ...Object.keys(next.values)])) {
    const start = from.values[name] ?? own[name];
    values[name] = start + ((next.values[name] ?? own[name]) - start) * weight;
  }
  return values;
}
