// Labels shown on their frame: a tint, and an outline where another label is next to a pixel.
import type {Size} from './letterbox';
import type {Rgb} from './palette';

export const OPACITY = 0.45;

/** Whether one of a pixel's eight neighbours has another label. */
function onOutline(labels: Uint8Array, {width, height}: Size, x: number, y: number): boolean {
  const label = labels[y * width + x];
  for (let row = Math.max(y - 1, 0); row <= Math.min(y + 1, height - 1); row++) {
    for (let column = Math.max(x - 1, 0); column <= Math.min(x + 1, width - 1); column++) {
      if (labels[row * width + column] !== label) return true;
    }
  }
  return false;
}

/** Part of a picture: left, top, right, bottom; the last two are outside. */
export type Part = readonly [number, number, number, number];

/** RGBA of the tint alone, to lay over a frame; of the whole picture or a part. */
export function tint(
  labels: Uint8Array, size: Size, colours: ReadonlyMap<number, Rgb>, opacity: number,
  [left, top, right, bottom]: Part = [0, 0, size.width, size.height],
): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(4 * (right - left) * (bottom - top)), within = Math.round(255 * opacity);
  for (let y = top, to = 0; y < bottom; y++) {
    for (let x = left; x < right; x++, to += 4) {
      const label = labels[y * size.width + x]!, colour = label ? colours.get(label) : undefined;
      if (!colour) continue;
      rgba[to] = colour[0];
      rgba[to + 1] = colour[1];
      rgba[to + 2] = colour[2];
      rgba[to + 3] = onOutline(labels, size, x, y) ? 255 : within;
    }
  }
  return rgba;
}
