// Resampling as OpenCV does it: means of areas where a picture shrinks, bilinear where it grows. Masks depend on it: an
// engine that sees other pixels finds other objects.
import {roundHalfEven, type Size} from './letterbox';

const fround = Math.fround;
const sameSize = (a: Size, b: Size) => a.width === b.width && a.height === b.height;
const shrinks = (from: Size, to: Size) => to.width < from.width || to.height < from.height;

export function resizeBytes(image: Uint8Array, from: Size, to: Size, channels: number): Uint8Array {
  if (sameSize(from, to)) return image;
  if (!shrinks(from, to)) return bilinearBytes(image, from, to, channels);
  if (from.width === 2 * to.width && from.height === 2 * to.height) return halveBytes(image, from, to, channels);
  return Uint8Array.from(meanOfAreas(image, from, to, channels), roundHalfEven);
}

/** Of one channel. */
export function resizeFloats(map: Float32Array, from: Size, to: Size): Float32Array {
  if (sameSize(from, to)) return map;
  return shrinks(from, to) ? meanOfAreas(map, from, to, 1) : bilinear(map, from, to);
}

function halveBytes(image: Uint8Array, from: Size, to: Size, channels: number): Uint8Array {
  const result = new Uint8Array(to.width * to.height * channels), row = from.width * channels;
  for (let y = 0, at = 0; y < to.height; y++) {
    for (let x = 0; x < to.width; x++) {
      for (let c = 0, a = 2 * (y * row + x * channels); c < channels; c++, a++, at++) {
        result[at] = (image[a]! + image[a + channels]! + image[a + row]! + image[a + row + channels]! + 2) >> 2;
      }
    }
  }
  return result;
}

/** Which pixels a result's pixel covers along one side, and with which share: OpenCV's computeResizeAreaTab. */
function areaTable(from: number, to: number): {start: Int32Array; source: Int32Array; share: Float32Array} {
  const scale = from / to, start = new Int32Array(to + 1), source: number[] = [], share: number[] = [];
  for (let i = 0; i < to; i++) {
    const begin = i * scale, end = begin + scale, cell = Math.min(scale, from - begin);
    const last = Math.min(Math.floor(end), from - 1), first = Math.min(Math.ceil(begin), last);
    if (first - begin > 1e-3) {
      source.push(first - 1);
      share.push((first - begin) / cell);
    }
    for (let s = first; s < last; s++) {
      source.push(s);
      share.push(1 / cell);
    }
    if (end - last > 1e-3) {
      source.push(last);
      share.push(Math.min(end - last, 1, cell) / cell);
    }
    start[i + 1] = source.length;
  }
  return {start, source: Int32Array.from(source), share: Float32Array.from(share)};
}

function meanOfAreas(image: ArrayLike<number>, from: Size, to: Size, channels: number): Float32Array {
  const columns = areaTable(from.width, to.width), rows = areaTable(from.height, to.height);
  const wide = to.width * channels, result = new Float32Array(wide * to.height), line = new Float32Array(wide);
  for (let y = 0; y < to.height; y++) {
    for (let r = rows.start[y]!; r < rows.start[y + 1]!; r++) {
      const base = rows.source[r]! * from.width * channels, weight = rows.share[r]!;
      line.fill(0);
      for (let x = 0; x < to.width; x++) {
        for (let k = columns.start[x]!; k < columns.start[x + 1]!; k++) {
          const pixel = base + columns.source[k]! * channels, share = columns.share[k]!;
          for (let c = 0; c < channels; c++) line[x * channels + c]! += fround(image[pixel + c]! * share);
        }
      }
      for (let i = 0; i < wide; i++) result[y * wide + i]! += fround(line[i]! * weight);
    }
  }
  return result;
}

/** The two neighbours of each result's pixel along one side, and the share of the second. */
function linearTable(from: number, to: number): {first: Int32Array; second: Int32Array; share: Float32Array} {
  const first = new Int32Array(to), second = new Int32Array(to), share = new Float32Array(to), scale = from / to;
  for (let i = 0; i < to; i++) {
    const at = fround((i + 0.5) * scale - 0.5), below = Math.floor(at);
    const outside = below < 0 || below >= from - 1;
    first[i] = Math.min(Math.max(below, 0), from - 1);
    second[i] = Math.min(first[i]! + 1, from - 1);
    share[i] = outside ? 0 : fround(at - below);
  }
  return {first, second, share};
}

/** Of one channel; between pixels, also where the map shrinks. */
export function bilinear(map: Float32Array, from: Size, to: Size): Float32Array {
  if (sameSize(from, to)) return map;
  const columns = linearTable(from.width, to.width), rows = linearTable(from.height, to.height);
  const result = new Float32Array(to.width * to.height);
  const lines = [new Float32Array(to.width), new Float32Array(to.width)] as const, held = [-1, -1];
  for (let y = 0; y < to.height; y++) {
    [rows.first[y]!, rows.second[y]!].forEach((source, which) => {
      if (held[which] === source) return;
      held[which] = source;
      const line = lines[which]!, base = source * from.width;
      for (let x = 0; x < to.width; x++) {
        const share = columns.share[x]!;
        line[x] = fround(map[base + columns.first[x]!]! * fround(1 - share))
            + fround(map[base + columns.second[x]!]! * share);
      }
    });
    const [above, below] = lines, share = rows.share[y]!, rest = fround(1 - share);
    for (let x = 0, at = y * to.width; x < to.width; x++, at++) {
      result[at] = fround(above[x]! * rest) + fround(below[x]! * share);
    }
  }
  return result;
}

/** In integers: shares have 11 bits. */
function bilinearBytes(image: Uint8Array, from: Size, to: Size, channels: number): Uint8Array {
  const columns = linearTable(from.width, to.width), rows = linearTable(from.height, to.height);
  const fixed = (share: number) => roundHalfEven(share * 2048);
  const result = new Uint8Array(to.width * to.height * channels);
  for (let y = 0, at = 0; y < to.height; y++) {
    const above = rows.first[y]! * from.width, below = rows.second[y]! * from.width;
    const b1 = fixed(rows.share[y]!), b0 = fixed(1 - rows.share[y]!);
    for (let x = 0; x < to.width; x++) {
      const a1 = fixed(columns.share[x]!), a0 = fixed(1 - columns.share[x]!);
      const left = columns.first[x]!, right = columns.second[x]!;
      for (let c = 0; c < channels; c++, at++) {
        const s0 = image[(above + left) * channels + c]! * a0 + image[(above + right) * channels + c]! * a1;
        const s1 = image[(below + left) * channels + c]! * a0 + image[(below + right) * channels + c]! * a1;
        result[at] = (((b0 * (s0 >> 4)) >> 16) + ((b1 * (s1 >> 4)) >> 16) + 2) >> 2;
      }
    }
  }
  return result;
}
