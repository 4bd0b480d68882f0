import {roundHalfEven, type Size} from './letterbox';

/** x, y of the top left corner, width, height, in pixels of the frame. */
export type Box = readonly [number, number, number, number];

/** The box's pixels, clipped to the frame; null if there are none. */
export function filled([x, y, width, height]: Box, size: Size): Uint8Array | null {
  const left = Math.max(roundHalfEven(x), 0), right = Math.min(roundHalfEven(x + width), size.width);
  const top = Math.max(roundHalfEven(y), 0), bottom = Math.min(roundHalfEven(y + height), size.height);
  if (left >= right || top >= bottom) return null;
  const mask = new Uint8Array(size.width * size.height);
  for (let row = top; row < bottom; row++) mask.fill(1, row * size.width + left, row * size.width + right);
  return mask;
}

export const boxText = (box: Box): string => box.map((value) => String(Math.round(value))).join(',');
