// Follows objects from frame to frame; the Tracker of Python's runtime, with the same results.
import {mostProbable, softAggregate} from '../core/labels';
import type {Fate} from '../core/lane';
import {MEMORY_KEY, MEMORY_MASK} from '../core/contract';
import {Letterbox, type Size} from '../core/letterbox';
import {isLost, recognize} from '../core/recognition';
import {drop, liveTensors, type Network, take, type Tensors, values} from './engine';

const MIN_BOX_COVERAGE = 0.05; // of a box, for what was found in it to be taken for the object
export const MAX_OBJECTS = 20;

/** What an object is begun from: not 0 where it is, or a box, in which the network looks for it first. */
export interface Beginning { readonly covered: Uint8Array; readonly isBox: boolean }

export class Tracker {
  private readonly box: Letterbox;
  private readonly states = new Map<number, Tensors>();
  /** Per object, its probability in the last frame, of the source's size; the background has the rest. */
  private readonly soft = new Map<number, Float32Array>();

  constructor(private readonly network: Network, source: Size) {
    this.box = new Letterbox(source, network.size);
  }

  get ids(): number[] {
    return [...this.states.keys()];
  }

  /** Begins objects, or begins them again, in the frame that was seen last. */
  async begin(rgba: Uint8ClampedArray, objects: ReadonlyMap<number, Beginning>): Promise<void> {
    for (const id of objects.keys()) this.remove(id);
    if (objects.size + this.states.size > MAX_OBJECTS) throw new Error(`At most ${MAX_OBJECTS} objects at once`);
    const frame = {frame: this.network.frame(this.box.frameToModel(rgba))};
    try {
      for (const [id, {covered, isBox}] of objects) {
        const mask = this.box.maskToModel(covered);
        this.states.set(id, await (isBox ? this.initInBox(frame, mask) : this.init(frame, mask)));
        for (const soft of this.soft.values()) for (let i = 0; i < covered.length; i++) if (covered[i]) soft[i] = 0;
        this.soft.set(id, Float32Array.from(covered, (inside) => (inside ? 1 : 0)));
      }
    } finally {
      drop(frame);
    }
  }

  async step(rgba: Uint8ClampedArray): Promise<void> {
    if (!this.states.size) return;
    const frame = {frame: this.network.frame(this.box.frameToModel(rgba))};
    try {
      await (this.states.size === 1 ? this.stepOne(frame) : this.stepSeveral(frame));
    } finally {
      drop(frame);
    }
  }

  /** Of the last frame. */
  labels(): Uint8Array {
    return mostProbable(this.soft, this.box.source.width * this.box.source.height);
  }

  /** What became of each object; a network without a memory cannot tell whether one is lost. */
  async fates(labels: Uint8Array): Promise<Map<number, Fate>> {
    const fates = new Map<number, Fate>();
    for (const [id, state] of this.states) {
      const seen = labels.includes(id), memory = seen && MEMORY_KEY in state;
      const lost = memory && isLost(recognize(await values(state, MEMORY_KEY), await values(state, MEMORY_MASK) as Float32Array));
      fates.set(id, lost ? 'lost' : seen ? 'here' : 'gone');
    }
    return fates;
  }

  remove(id: number): void {
    drop(this.states.get(id) ?? {});
    this.states.delete(id);
    this.soft.delete(id);
  }

  close(): void {
    for (const id of this.ids) this.remove(id);
  }

  /** That nothing but the states is alive between two frames; asked in debug builds. */
  checkTensors(): void {
    const owned = [...this.states.values()].reduce((sum, state) => sum + Object.keys(state).length, 0);
    if (liveTensors() !== owned) throw new Error(`${liveTensors()} tensors are alive, but the states are ${owned}`);
  }

  private async init(frame: Tensors, mask: Float32Array): Promise<Tensors> {
    const given = {mask: this.network.map(mask)};
    try {
      return await this.network.run('init', {...frame, ...given});
    } finally {
      drop(given);
    }
  }

  /** A box holds background too, so the state is that of what the network finds in it; of the box, if nothing. */
  private async initInBox(frame: Tensors, box: Float32Array): Promise<Tensors> {
    const state = await this.init(frame, box);
    const outputs = await this.network.run('step', {...frame, ...state});
    const {values: found, state: unused} = await take(outputs, 'probability');
    drop(unused);
    let inside = 0, whole = 0;
    found.forEach((probability, i) => {
      found[i] = box[i]! * probability;
      inside += found[i]!;
      whole += box[i]!;
    });
    if (inside < MIN_BOX_COVERAGE * whole) return state;
    drop(state);
    return this.init(frame, found);
  }

  private async stepOne(frame: Tensors): Promise<void> {
    const [[id, state]] = [...this.states] as [[number, Tensors]];
    const {values, state: next} = await take(await this.network.run('step', {...frame, ...state}), 'probability');
    drop(state);
    this.states.set(id, next);
    this.soft.set(id, this.box.mapToSource(values));
  }

  private async stepSeveral(frame: Tensors): Promise<void> {
    const features = await this.network.run('encode', frame);
    const logits: Float32Array[] = [];
    for (const state of this.states.values()) {
      logits.push((await take(await this.network.run('segment', {...features, ...state}), 'logit')).values);
    }
    const maps = softAggregate(logits);
    for (const [k, [id, state]] of [...this.states].entries()) {
      const given = {mask_prob: this.network.map(maps[k]!)};
      this.states.set(id, await this.network.run('update', {...features, ...state, ...given}));
      drop(given);
      drop(state);
      this.soft.set(id, this.box.mapToSource(maps[k]!));
    }
    drop(features);
  }
}
