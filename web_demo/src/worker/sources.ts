// Where frames come from: a video file or a folder of images. Frames are numbered, and come exactly, from any number on.
import {BlobSource, EncodedPacketSink, Input, MATROSKA, MP4, QTFF, VideoSampleSink, WEBM, type VideoSample} from 'mediabunny';
import {formatSize, MIN_SIDE, type Size} from '../core/letterbox';
import type {SourceInfo} from '../protocol';

const MOST_PIXELS = 4096 * 2304;
const MOST_FRAMES = 60000;
const FOLDER_RATE = 24; // of a folder, as `ttvos segment` has it
const HELD_BYTES = 96e6; // of frames that are decoded ahead to be walked backwards
const IMAGES = /\.(jpe?g|png|bmp|webp|avif|gif)$/i;

export interface Picture { readonly index: number; readonly rgba: Uint8ClampedArray<ArrayBuffer> }

export interface Source {
  readonly info: SourceInfo;
  /** Frames from..to, both inclusive and in order; from may be above to. */
  walk(from: number, to: number): AsyncGenerator<Picture>;
  close(): void;
}

const AHEAD = 12; // frames: so far, going on is quicker than going to a key frame anew

/** Single frames of a source, quick for those that follow one another. */
export class Viewer {
  private walk: AsyncGenerator<Picture> | null = null;
  private next = 0;

  constructor(private readonly source: Source) {}

  async at(index: number): Promise<Picture> {
    if (!this.walk || index < this.next || index > this.next + AHEAD) {
      await this.close();
      this.walk = this.source.walk(index, this.source.info.times.length - 1);
      this.next = index;
    }
    for (;;) {
      const {value, done} = await this.walk.next();
      if (done) throw new Error(`Frame ${index} cannot be decoded.`);
      this.next = value.index + 1;
      if (value.index === index) return value;
    }
  }

  async close(): Promise<void> {
    await this.walk?.return(undefined);
    this.walk = null;
  }
}

export async function openSource(files: readonly File[]): Promise<Source> {
  const [first] = files;
  if (!first) throw new Error('There is no file in what was given.');
  const images = files.filter((file) => IMAGES.test(file.name) && !file.name.startsWith('.'));
  if (images.length && (files.length > 1 || IMAGES.test(first.name))) return ImageFolder.open(images);
  if (files.length > 1) throw new Error(`${first.name} is not an image: a folder of frames holds images only.`);
  return VideoFile.open(first);
}

function checkSize(name: string, size: Size, count: number): void {
  if (!count) throw new Error(`${name} holds no frame.`);
  if (Math.min(size.width, size.height) < MIN_SIDE) {
    throw new Error(`${name} is ${formatSize(size)}: it must be at least ${MIN_SIDE}x${MIN_SIDE}.`);
  }
  if (size.width * size.height > MOST_PIXELS) {
    throw new Error(`${name} is ${formatSize(size)}: frames may have up to 4096x2304 pixels here. Scale it down first.`);
  }
  if (count > MOST_FRAMES) {
    throw new Error(`${name} has ${count} frames: up to ${MOST_FRAMES} are taken here. Cut it first.`);
  }
}

class Pixels {
  private readonly canvas: OffscreenCanvas;
  private readonly context: OffscreenCanvasRenderingContext2D;

  constructor(private readonly size: Size) {
    this.canvas = new OffscreenCanvas(size.width, size.height);
    this.context = this.canvas.getContext('2d', {willReadFrequently: true})!;
  }

  read(draw: (context: OffscreenCanvasRenderingContext2D) => void): Uint8ClampedArray<ArrayBuffer> {
    draw(this.context);
    return this.context.getImageData(0, 0, this.size.width, this.size.height).data as Uint8ClampedArray<ArrayBuffer>;
  }
}

class VideoFile implements Source {
  private readonly pixels: Pixels;

  private constructor(
    readonly info: SourceInfo, private readonly input: Input, private readonly sink: VideoSampleSink,
  ) {
    this.pixels = new Pixels(info.size);
  }

  static async open(file: File): Promise<VideoFile> {
    if (!file.size) throw new Error(`${file.name} is empty.`);
    const input = new Input({formats: [MP4, QTFF, MATROSKA, WEBM], source: new BlobSource(file)});
    try {
      if (!await input.canRead()) {
        throw new Error(`${file.name} is not a video that is read here: MP4, MOV, WebM and MKV are, and folders of images.`);
      }
      const track = await input.getPrimaryVideoTrack();
      if (!track) throw new Error(`${file.name} has no picture in it.`);
      const codec = track.codec, name = codec ?? await foreignCodec(track);
      if (!codec || !await track.canDecode()) {
        throw new Error(
          `${file.name} is encoded in ${name.toUpperCase()}, which this browser does not play. H.264 or VP9 will do: `
          + 'ffmpeg -i IN -c:v libx264 OUT.mp4');
      }
      const times = await packetTimes(new EncodedPacketSink(track));
      const size = {width: track.displayWidth, height: track.displayHeight};
      checkSize(file.name, size, times.length);
      const rate = times.length > 1 ? (times.length - 1) / (times.at(-1)! - times[0]!) : FOLDER_RATE;
      const names = times.map((_, index) => String(index).padStart(5, '0'));
      return new VideoFile({name: file.name, kind: codec, size, times, names, rate}, input, new VideoSampleSink(track));
    } catch (error) {
      input.dispose();
      throw error;
    }
  }

  async* walk(from: number, to: number): AsyncGenerator<Picture> {
    const {times, size: {width, height}} = this.info;
    if (from <= to) {
      let index = from;
      for await (const sample of this.sink.samplesAtTimestamps(times.slice(from, to + 1))) {
        if (!sample) throw new Error(`Frame ${index} of ${this.info.name} cannot be decoded: the file is damaged.`);
        yield {index: index++, rgba: await this.read(sample)};
      }
      return;
    }
    // Decoders go forwards only: a stretch is decoded ahead, then handed out from its end.
    const stretch = Math.max(2, Math.min(32, Math.floor(HELD_BYTES / (4 * width * height))));
    for (let end = from; end >= to; end -= stretch) {
      const held: Picture[] = [];
      for await (const picture of this.walk(Math.max(to, end - stretch + 1), end)) held.push(picture);
      yield* held.reverse();
    }
  }

  close(): void {
    this.input.dispose();
  }

  private async read(sample: VideoSample): Promise<Uint8ClampedArray<ArrayBuffer>> {
    const {width, height} = this.info.size;
    try {
      // The same bytes as by way of a canvas, in a tenth of the time.
      if (!sample.rotation && sample.visibleRect.width === width && sample.visibleRect.height === height) {
        const rgba = new Uint8ClampedArray(4 * width * height);
        await sample.copyTo(rgba, {format: 'RGBA', colorSpace: 'srgb'});
        return rgba;
      }
      return this.pixels.read((context) => sample.draw(context, 0, 0, width, height));
    } finally {
      sample.close();
    }
  }
}

async function foreignCodec(track: {getInternalCodecId?(): Promise<unknown>}): Promise<string> {
  const id = await track.getInternalCodecId?.();
  if (id === 'mp4v') return 'MPEG-4 part 2 (mp4v)';
  return typeof id === 'string' ? id : 'a codec that is not known here';
}

/** Times of all frames, in seconds, ascending; packets of one time give one picture. */
async function packetTimes(sink: EncodedPacketSink): Promise<number[]> {
  const times = new Set<number>();
  for await (const packet of sink.packets(undefined, undefined, {metadataOnly: true})) times.add(packet.timestamp);
  return [...times].sort((a, b) => a - b);
}

class ImageFolder implements Source {
  private readonly pixels: Pixels;

  private constructor(readonly info: SourceInfo, private readonly files: readonly File[]) {
    this.pixels = new Pixels(info.size);
  }

  static async open(given: readonly File[]): Promise<ImageFolder> {
    const order = new Intl.Collator('en', {numeric: true});
    const files = [...given].sort((a, b) => order.compare(a.name, b.name));
    const names = files.map((file) => file.name.replace(/\.[^.]*$/, ''));
    const twice = names.find((name, i) => names.indexOf(name) < i);
    if (twice) throw new Error(`Two frames are named ${twice}, and both would give ${twice}.png.`);
    const bitmap = await picture(files[0]!);
    const size = {width: bitmap.width, height: bitmap.height};
    bitmap.close();
    checkSize(files[0]!.name, size, files.length);
    const times = files.map((_, index) => index / FOLDER_RATE);
    const [folder] = (files[0]!.webkitRelativePath || 'images').split('/');
    return new ImageFolder({name: folder!, kind: 'images', size, times, names, rate: FOLDER_RATE}, files);
  }

  async* walk(from: number, to: number): AsyncGenerator<Picture> {
    const step = from <= to ? 1 : -1, {size} = this.info;
    for (let index = from; index !== to + step; index += step) {
      const bitmap = await picture(this.files[index]!);
      if (bitmap.width !== size.width || bitmap.height !== size.height) {
        throw new Error(`${this.files[index]!.name} is ${formatSize(bitmap)}, but the first frame is ${formatSize(size)}.`);
      }
      const rgba = this.pixels.read((context) => context.drawImage(bitmap, 0, 0));
      bitmap.close();
      yield {index, rgba};
    }
  }

  close(): void {}
}

async function picture(file: File): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(file, {imageOrientation: 'none', colorSpaceConversion: 'none'});
  } catch {
    throw new Error(`${file.name} cannot be read as an image.`);
  }
}
