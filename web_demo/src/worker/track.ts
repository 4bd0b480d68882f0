// One stretch of a video, tracked: forwards or backwards, with what a person gave along the way.
import {filled} from '../core/boxes';
import {decode, encode, only} from '../core/runs';
import type {Given, TrackJob, Tracked} from '../protocol';
import type {Network} from './engine';
import type {Source} from './sources';
import {type Beginning, Tracker} from './tracker';

export interface Hooks {
  readonly debug: boolean;
  /** Told of each frame; false ends the work. */
  tracked(frame: Omit<Tracked, 'picture'>, rgba: Uint8ClampedArray<ArrayBuffer>): Promise<boolean>;
}

/** A tracker that stopped, to go on from where it is: objects that are hidden there are not forgotten. */
export interface Paused { readonly tracker: Tracker; readonly index: number; readonly forwards: boolean }

/** Returns where it ended. */
export async function track(
  network: Network, source: Source, job: TrackJob, paused: Paused | null, hooks: Hooks,
): Promise<Paused> {
  const {size} = source.info, pixels = size.width * size.height, forwards = job.to >= job.from;
  const goesOn = paused && paused.index === job.from && paused.forwards === forwards;
  const tracker = goesOn ? paused.tracker : new Tracker(network, size);
  if (!goesOn) paused?.tracker.close();
  for (const id of tracker.ids) if (!job.ids.has(id)) tracker.remove(id);
  let index = job.from;
  try {
    for await (const picture of source.walk(job.from, job.to)) {
      const begun = performance.now(), given = beginnings(job.givens.get(picture.index), size);
      index = picture.index;
      if (index === job.from) {
        await tracker.begin(picture.rgba, goesOn ? given : atStart(job, given, pixels));
        if (!tracker.ids.length) throw new Error('There is nothing to track: draw a box or paint a mask first.');
      } else {
        await tracker.step(picture.rgba);
        if (given.size) await tracker.begin(picture.rgba, given);
      }
      const labels = tracker.labels(), fates = await tracker.fates(labels);
      if (hooks.debug) tracker.checkTensors();
      const frame = {index, runs: encode(labels), fates, milliseconds: performance.now() - begun};
      if (!await hooks.tracked(frame, picture.rgba)) break;
    }
  } catch (error) {
    tracker.close();
    throw error;
  }
  return {tracker, index, forwards};
}

/** All objects that are shown in the first frame. What was painted is part of it; a box is looked into. */
function atStart(job: TrackJob, given: ReadonlyMap<number, Beginning>, pixels: number): Map<number, Beginning> {
  const labels = decode(job.start, pixels), objects = new Map<number, Beginning>();
  for (const id of [...job.ids].sort((a, b) => a - b)) {
    const box = given.get(id)?.isBox ? given.get(id) : undefined;
    if (box) objects.set(id, box);
    else if (labels.includes(id)) objects.set(id, {covered: only(labels, id), isBox: false});
  }
  return objects;
}

function beginnings(given: ReadonlyMap<number, Given> | undefined, size: {width: number; height: number}): Map<number, Beginning> {
  const result = new Map<number, Beginning>();
  for (const [id, each] of given ?? []) {
    const covered = each.kind === 'box' ? filled(each.box, size) : decode(each.runs, size.width * size.height);
    if (covered?.some((value) => value)) result.set(id, {covered, isBox: each.kind === 'box'});
  }
  return result;
}
