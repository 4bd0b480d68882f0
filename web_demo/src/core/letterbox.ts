// How a frame of any size goes into a model of fixed size, and how the result comes back; as letterbox.py has it.
// A frame that fits and nearly fills the model in one dimension keeps its pixels and is only padded (854x480 in 864x480);
// any other is resized with its aspect kept, then padded with its last column and row, on the right and below.
import {bilinear, resizeBytes, resizeFloats} from './resize';

export interface Size { readonly width: number; readonly height: number }

const NEARLY_FILLS = 0.9;
export const MIN_SIDE = 16; // the coarsest features have a stride of 16: less is not a picture

/** As people write the size of a picture: "854x480". */
export const formatSize = ({width, height}: Size): string => `${width}x${height}`;

/** Halves to even, as Python rounds. */
export function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1;
}

export class Letterbox {
  /** Size of the frame in the top left corner of the model's input; that of `source` if nothing is resampled. */
  readonly inner: Size;

  constructor(readonly source: Size, readonly model: Size) {
    const scale = Math.min(model.height / source.height, model.width / source.width);
    const place = (side: number, limit: number) => Math.min(limit, Math.max(1, roundHalfEven(side * scale)));
    this.inner = 1 <= scale && scale <= 1 / NEARLY_FILLS ? source : {
      width: place(source.width, model.width),
      height: place(source.height, model.height),
    };
  }

  /** RGBA of the source's size -> RGB of the model's. */
  frameToModel(rgba: Uint8ClampedArray | Uint8Array): Uint8Array {
    const {source, inner, model} = this;
    const rgb = new Uint8Array(source.width * source.height * 3);
    for (let from = 0, to = 0; to < rgb.length; from += 4) {
      rgb[to++] = rgba[from]!;
      rgb[to++] = rgba[from + 1]!;
      rgb[to++] = rgba[from + 2]!;
    }
    return pad(resizeBytes(rgb, source, inner, 3), inner, model, 3, new Uint8Array(model.width * model.height * 3));
  }

  /** Mask of the source's size, not 0 inside -> the share of each of the model's pixels that is covered, 0 to 1. */
  maskToModel(mask: Uint8Array): Float32Array {
    const {source, inner, model} = this;
    const soft = Float32Array.from(mask, (value) => (value ? 1 : 0));
    return pad(resizeFloats(soft, source, inner), inner, model, 1, new Float32Array(model.width * model.height));
  }

  /** Map of the model's size -> of the source's, bilinear where it was resampled. */
  mapToSource(map: Float32Array): Float32Array {
    const {source, inner, model} = this;
    const cropped = new Float32Array(inner.width * inner.height);
    for (let y = 0; y < inner.height; y++) {
      cropped.set(map.subarray(y * model.width, y * model.width + inner.width), y * inner.width);
    }
    return bilinear(cropped, inner, source);
  }
}

function pad<T extends Uint8Array | Float32Array>(image: T, inner: Size, model: Size, channels: number, padded: T): T {
  if (inner.width === model.width && inner.height === model.height) return image;
  const row = inner.width * channels, wide = model.width * channels;
  for (let y = 0; y < model.height; y++) {
    const from = Math.min(y, inner.height - 1) * row;
    padded.set(image.subarray(from, from + row) as never, y * wide);
    for (let x = row; x < wide; x++) padded[y * wide + x] = image[from + row - channels + (x % channels)]!;
  }
  return padded;
}
