// Masks run-length encoded: a frame's labels take some kilobytes, not a byte a pixel.

/** Labels of a frame, row by row: pairs of (label, how many pixels). */
export type Runs = Uint32Array;

export function encode(labels: Uint8Array): Runs {
  const runs: number[] = [];
  for (let begin = 0; begin < labels.length;) {
    const label = labels[begin]!;
    let end = begin + 1;
    while (end < labels.length && labels[end] === label) end++;
    runs.push(label, end - begin);
    begin = end;
  }
  return Uint32Array.from(runs);
}

/** Labels of a frame; with `known`, of those alone. */
export function decode(runs: Runs, pixels: number, known?: ReadonlySet<number>): Uint8Array<ArrayBuffer> {
  const labels = new Uint8Array(pixels);
  for (let i = 0, at = 0; i < runs.length; i += 2) {
    const end = at + runs[i + 1]!, label = runs[i]!;
    if (label && (!known || known.has(label))) labels.fill(label, at, end);
    at = end;
  }
  return labels;
}

/** 1 where a label is, else 0. */
export function only(labels: Uint8Array, id: number): Uint8Array {
  return labels.map((label) => (label === id ? 1 : 0));
}
