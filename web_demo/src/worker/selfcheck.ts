// Does this machine compute what the network's makers saw? Two stored frames through all five signatures.
import {only} from '../core/runs';
import type {CheckResult} from '../protocol';
import {drop, liveTensors, type Network, take, values} from './engine';
import {Letterbox, type Size} from '../core/letterbox';
import {Tracker} from './tracker';

const LEAST_IOU = 0.98; // other processors add in another order
const MOST_DIFFERENCE = 0.02; // mean, of the range of a tensor

interface Stored extends Size { readonly rgba: Uint8ClampedArray }

/** Throws, with a sentence, if the results are not those that Python's runtime stored. */
export async function selfCheck(network: Network, name: string, folder: string): Promise<CheckResult> {
  const begun = performance.now();
  const [first, second, given, expected] = await Promise.all(
    ['first.png', 'second.png', 'given.png', `${name}.png`].map((file) => stored(folder + file))) as
    [Stored, Stored, Stored, Stored];
  const labels = (picture: Stored) => Uint8Array.from({length: picture.width * picture.height}, (_, i) => picture.rgba[4 * i]!);
  const masks = labels(given), ids = [...new Set(masks)].filter((id) => id);
  const tracker = new Tracker(network, first);
  await tracker.begin(first.rgba, new Map(ids.map((id) => [id, {covered: only(masks, id), isBox: false}])));
  await tracker.step(second.rgba);
  const found = tracker.labels(), wanted = labels(expected);
  tracker.close();
  const iou = Math.min(...ids.map((id) => intersectionOverUnion(only(found, id), only(wanted, id))));
  const difference = await fusedAgainstSplit(network, first, second, only(masks, ids[0]!));
  if (liveTensors()) throw new Error(`${liveTensors()} tensors are left over`);
  if (!(iou >= LEAST_IOU)) {
    throw new Error(`masks of a stored frame are not those that they should be (IoU ${iou.toFixed(3)}, ${LEAST_IOU} asked)`);
  }
  if (!(difference <= MOST_DIFFERENCE)) {
    throw new Error(`the signatures of the model disagree by ${difference.toFixed(3)} of a tensor's range`);
  }
  return {iou, difference, milliseconds: performance.now() - begun};
}

/** `step` must do what `encode`, `segment` and `update` do. Returns the difference of the tensor that differs most. */
async function fusedAgainstSplit(network: Network, first: Stored, second: Stored, covered: Uint8Array): Promise<number> {
  const box = new Letterbox(first, network.size);
  const inputs = {frame: network.frame(box.frameToModel(first.rgba)), mask: network.map(box.maskToModel(covered))};
  const state = await network.run('init', inputs);
  const next = {frame: network.frame(box.frameToModel(second.rgba))};
  const {values: probability, state: fused} = await take(await network.run('step', {...next, ...state}), 'probability');
  const features = await network.run('encode', next);
  const {values: logit} = await take(await network.run('segment', {...features, ...state}), 'logit');
  const share = {mask_prob: network.map(probability)};
  const split = await network.run('update', {...features, ...state, ...share});
  let largest = difference(probability, logit.map((value) => 1 / (1 + Math.exp(-2 * value))));
  for (const name of Object.keys(fused)) largest = Math.max(largest, difference(await values(fused, name), await values(split, name)));
  for (const tensors of [inputs, state, next, fused, features, share, split]) drop(tensors);
  return largest;
}

/** Milliseconds of `step` on one object of the stored frames, a step each. */
export async function timeSteps(network: Network, folder: string, count: number): Promise<number[]> {
  const [picture, given] = await Promise.all(['first.png', 'given.png'].map((file) => stored(folder + file))) as [Stored, Stored];
  const box = new Letterbox(picture, network.size), frame = network.frame(box.frameToModel(picture.rgba));
  const mask = network.map(box.maskToModel(Uint8Array.from({length: given.rgba.length / 4}, (_, i) => given.rgba[4 * i]!)));
  let state = await network.run('init', {frame, mask});
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const begun = performance.now(), {state: next} = await take(await network.run('step', {frame, ...state}), 'probability');
    drop(state);
    state = next;
    times.push(performance.now() - begun);
  }
  drop({...state, frame, mask});
  return times;
}

/** Mean difference as a share of the range. */
function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0, least = Infinity, most = -Infinity;
  for (let i = 0; i < a.length; i++) {
    sum += Math.abs(a[i]! - b[i]!);
    least = Math.min(least, a[i]!);
    most = Math.max(most, a[i]!);
  }
  return sum / a.length / Math.max(most - least, 1e-6);
}

export function intersectionOverUnion(a: Uint8Array, b: Uint8Array): number {
  let both = 0, either = 0;
  for (let i = 0; i < a.length; i++) {
    both += a[i]! & b[i]!;
    either += a[i]! | b[i]!;
  }
  return either ? both / either : 1;
}

async function stored(url: string): Promise<Stored> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} is missing on the server (${response.status})`);
  const bitmap = await createImageBitmap(await response.blob(), {colorSpaceConversion: 'none'});
  const {width, height} = bitmap, context = new OffscreenCanvas(width, height).getContext('2d', {willReadFrequently: true})!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return {width, height, rgba: context.getImageData(0, 0, width, height).data};
}
