// What is taken home: masks, COCO, and videos that are drawn anew.
import {
  BufferTarget, canEncodeVideo, CanvasSource, Mp4OutputFormat, Output, QUALITY_HIGH, type VideoCodec, WebMOutputFormat,
} from 'mediabunny';
import {Coco} from '../core/coco';
import type {Size} from '../core/letterbox';
import {maskPng} from '../core/png';
import {decode} from '../core/runs';
import {tint} from '../core/tint';
import {Zip} from '../core/zip';
import type {Exported, ExportJob} from '../protocol';
import type {Picture, Source} from './sources';

/** Told how many frames are done; false ends the work. */
export type Progress = (done: number, of: number) => Promise<boolean>;
export class Stopped extends Error {}

export async function exportAs(source: Source, job: ExportJob, progress: Progress): Promise<Exported> {
  const stem = source.info.name.replace(/\.[^.]*$/, '');
  switch (job.kind) {
    case 'masks': return {name: `${stem}_masks.zip`, content: await maskFolder(source, job, progress)};
    case 'coco': return {name: `${stem}_coco.json`, content: await coco(source, job, progress)};
    default: {
      const {suffix, content} = await video(source, job, progress);
      return {name: `${stem}_${job.kind}.${suffix}`, content};
    }
  }
}

async function* labelled(source: Source, job: ExportJob, progress: Progress) {
  const {size, names} = source.info, indices = [...job.masks.keys()].sort((a, b) => a - b);
  for (const [done, index] of indices.entries()) {
    yield {name: names[index]!, labels: decode(job.masks.get(index)!, size.width * size.height, known(job))};
    if (!await progress(done + 1, indices.length)) throw new Stopped();
  }
}

const known = (job: ExportJob) => new Set(job.objects.map(({id}) => id));

async function maskFolder(source: Source, job: ExportJob, progress: Progress): Promise<Blob> {
  const zip = new Zip();
  for await (const {name, labels} of labelled(source, job, progress)) {
    zip.add(`${name}.png`, await maskPng(labels, source.info.size));
  }
  return zip.finish();
}

async function coco(source: Source, job: ExportJob, progress: Progress): Promise<Blob> {
  const file = new Coco(source.info.size, job.objects);
  for await (const frame of labelled(source, job, progress)) file.add({...frame, name: `${frame.name}.png`});
  return file.finish();
}

async function video(source: Source, job: ExportJob, progress: Progress): Promise<{suffix: string; content: Blob}> {
  const {size, times, rate} = source.info, transparent = job.kind === 'cutout';
  const codec = await encoder(size, transparent);
  const format = codec === 'avc' ? new Mp4OutputFormat() : new WebMOutputFormat();
  const output = new Output({format, target: new BufferTarget()});
  const canvas = new OffscreenCanvas(size.width, size.height), painter = new Painter(canvas, size, job);
  const track = new CanvasSource(canvas, {codec, quality: QUALITY_HIGH, alpha: transparent ? 'keep' : 'discard'});
  output.addVideoTrack(track, {frameRate: rate});
  await output.start();
  try {
    for await (const picture of source.walk(0, times.length - 1)) {
      painter.paint(picture);
      const time = times[picture.index]! - times[0]!, next = times[picture.index + 1];
      await track.add(time, next === undefined ? 1 / rate : next - times[picture.index]!);
      if (!await progress(picture.index + 1, times.length)) throw new Stopped();
    }
    await output.finalize();
  } catch (error) {
    await output.cancel();
    throw error;
  }
  const type = codec === 'avc' ? 'video/mp4' : 'video/webm';
  return {suffix: type.slice(6), content: new Blob([(output.target as BufferTarget).buffer!], {type})};
}

/** H.264 has no transparency, and no odd sides. */
async function encoder(size: Size, transparent: boolean): Promise<VideoCodec> {
  const even = size.width % 2 === 0 && size.height % 2 === 0;
  const wanted: VideoCodec[] = transparent || !even ? ['vp9', 'vp8'] : ['avc', 'vp9', 'vp8'];
  for (const codec of wanted) if (await canEncodeVideo(codec, {...size, quality: QUALITY_HIGH})) return codec;
  throw new Error(`This browser encodes no video of this size (asked for: ${wanted.join(', ')}). Masks can be had.`);
}

/** Draws one frame as an export shows it. */
class Painter {
  private readonly context: OffscreenCanvasRenderingContext2D;
  private readonly layer: OffscreenCanvas;
  private readonly above: OffscreenCanvasRenderingContext2D;

  constructor(canvas: OffscreenCanvas, private readonly size: Size, private readonly job: ExportJob) {
    this.context = canvas.getContext('2d')!;
    this.layer = new OffscreenCanvas(size.width, size.height);
    this.above = this.layer.getContext('2d')!;
  }

  paint({index, rgba}: Picture): void {
    const {context, above, job, size: {width, height}} = this, runs = job.masks.get(index);
    const labels = runs ? decode(runs, width * height, known(job)) : new Uint8Array(width * height);
    const picture = new ImageData(rgba, width, height);
    context.clearRect(0, 0, width, height);
    if (job.kind === 'overlay') {
      const colours = new Map(job.objects.map(({id, colour}) => [id, colour]));
      context.putImageData(picture, 0, 0);
      above.putImageData(new ImageData(tint(labels, this.size, colours, job.opacity), width, height), 0, 0);
    } else {
      above.putImageData(picture, 0, 0);
      if (job.kind === 'blur') this.blurred();
      if (job.kind === 'colour') {
        context.fillStyle = `rgb(${job.background.join(' ')})`;
        context.fillRect(0, 0, width, height);
      }
      const objects = new Uint8ClampedArray(rgba);
      labels.forEach((label, i) => { if (!label) objects[4 * i + 3] = 0; });
      above.putImageData(new ImageData(objects, width, height), 0, 0);
    }
    context.drawImage(this.layer, 0, 0);
  }

  /** The frame that lies in the layer, blurred, as the background. */
  private blurred(): void {
    const {width, height} = this.size;
    this.context.filter = `blur(${Math.max(4, Math.round(width / 60))}px)`;
    this.context.drawImage(this.layer, 0, 0, width, height);
    this.context.filter = 'none';
  }
}
