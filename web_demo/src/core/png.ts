// Masks as `ttvos segment` writes them: 8-bit PNG, pixel value = object's id, with the palette of DAVIS.
import {crc32} from './crc';
import type {Size} from './letterbox';
import {davisPalette} from './palette';

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
const PALETTED = 3;

export async function maskPng(labels: Uint8Array, {width, height}: Size): Promise<Uint8Array<ArrayBuffer>> {
  const header = new Uint8Array(13), view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, PALETTED], 8);
  const lines = new Uint8Array((width + 1) * height); // each begins with 0: no filter
  for (let y = 0; y < height; y++) lines.set(labels.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  return joined([
    SIGNATURE, chunk('IHDR', header), chunk('tEXt', ascii('Software\0ttvos')), chunk('PLTE', davisPalette()),
    chunk('IDAT', await deflate(lines)), chunk('IEND', new Uint8Array()),
  ]);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length), view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(ascii(type), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

export const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

const GREY = 0;
const CHANNELS_NOT_ONE = 'a mask is an 8-bit PNG of one channel, paletted or grey';

/** Pixel values of a mask file, palette indices as they are. A canvas would give colours instead. */
export async function readMask(file: File): Promise<{labels: Uint8Array; width: number; height: number}> {
  const bytes = new Uint8Array(await file.arrayBuffer()), view = new DataView(bytes.buffer);
  const refuse = (why: string) => new Error(`${file.name} cannot be read as a mask: ${why}.`);
  if (!SIGNATURE.every((byte, i) => bytes[i] === byte)) throw refuse('it is no PNG');
  let width = 0, height = 0;
  const data: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = view.getUint32(at), type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const content = bytes.slice(at + 8, at + 8 + length);
    if (type === 'IHDR') {
      width = view.getUint32(at + 8);
      height = view.getUint32(at + 12);
      const [depth, colour, , , interlaced] = content.subarray(8);
      if (depth !== 8 || (colour !== PALETTED && colour !== GREY)) throw refuse(CHANNELS_NOT_ONE);
      if (interlaced) throw refuse('it is interlaced');
    }
    if (type === 'IDAT') data.push(content);
    at += 12 + length;
  }
  const lines = await inflate(data).catch(() => { throw refuse('it is damaged'); });
  if (!width || lines.length !== (width + 1) * height) throw refuse('it is damaged');
  return {labels: unfiltered(lines, width, height), width, height};
}

async function inflate(parts: Uint8Array<ArrayBuffer>[]): Promise<Uint8Array> {
  const stream = new Blob(parts).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Undoes PNG's filters, for one byte a pixel. */
function unfiltered(lines: Uint8Array, width: number, height: number): Uint8Array {
  const result = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const filter = lines[y * (width + 1)]!;
    for (let x = 0, at = y * width; x < width; x++, at++) {
      const left = x ? result[at - 1]! : 0, up = y ? result[at - width]! : 0, corner = x && y ? result[at - width - 1]! : 0;
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter] ?? 0;
      result[at] = lines[y * (width + 1) + 1 + x]! + guess;
    }
  }
  return result;
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}
