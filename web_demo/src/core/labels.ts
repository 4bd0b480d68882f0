// From the objects' maps to a label a pixel. All in float32 and in Python's order: an int8 file's logits are often
// exactly 0, where object and background tie, and the last bit decides.

const fround = Math.fround;

/** Softmax over [-max(d), d_1, ..., d_K] a pixel, background left out (section 3.1 of the paper). */
export function softAggregate(logits: readonly Float32Array[]): Float32Array[] {
  const maps = logits.map((logit) => new Float32Array(logit.length));
  for (let i = 0; i < maps[0]!.length; i++) {
    let top = -Infinity;
    for (const logit of logits) top = Math.max(top, logit[i]!);
    const largest = Math.abs(top);
    let sum = fround(Math.exp(fround(-top - largest)));
    for (let k = 0; k < maps.length; k++) {
      maps[k]![i] = Math.exp(fround(logits[k]![i]! - largest));
      sum = fround(sum + maps[k]![i]!);
    }
    for (const map of maps) map[i]! /= sum;
  }
  return maps;
}

/** The most probable id of every pixel; 0, the background, has the rest and wins a tie. */
export function mostProbable(soft: ReadonlyMap<number, Float32Array>, pixels: number): Uint8Array {
  const labels = new Uint8Array(pixels), ids = [...soft.keys()], maps = [...soft.values()], objects = ids.length;
  for (let i = 0; i < pixels; i++) {
    let best = 1;
    for (let k = 0; k < objects; k++) best = fround(best - maps[k]![i]!);
    for (let k = 0; k < objects; k++) {
      const probability = maps[k]![i]!;
      if (probability > best) {
        best = probability;
        labels[i] = ids[k]!;
      }
    }
  }
  return labels;
}
