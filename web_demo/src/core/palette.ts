/** The palette of DAVIS and PASCAL VOC: RGB of each id. The id's bits go to red, green and blue in turn, highest first. */
export function davisPalette(): Uint8Array {
  const palette = new Uint8Array(256 * 3);
  for (let id = 0; id < 256; id++) {
    for (let bit = 0; bit < 8; bit++) {
      for (let channel = 0; channel < 3; channel++) {
        palette[3 * id + channel]! |= ((id >> (3 * bit + channel)) & 1) << (7 - bit);
      }
    }
  }
  return palette;
}

export type Rgb = readonly [number, number, number];

export const toHex = (rgb: Rgb): string => `#${rgb.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
export function fromHex(hex: string): Rgb {
  const value = parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** Colours that are told apart on pictures, also by most people who are colour blind; the page's, not the masks'. */
export const COLOURS = [
  '#ff5a4f', '#2f9bff', '#ffc531', '#2fc98a', '#b57bff', '#ff8ad4', '#25d0e0', '#ff9544', '#a6d43b', '#8fa3ff',
  '#e06c9f', '#5fd3b0', '#f2e05c', '#c08a5a', '#7fc2ff', '#d0a8ff', '#ff7f6e', '#89e06a', '#e8b5d8', '#b8c4d6',
];
