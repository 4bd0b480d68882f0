// What the page and its worker say to each other. Masks travel run-length encoded, pictures as bitmaps that are handed over.
import type {Box} from './core/boxes';
import type {Fate} from './core/lane';
import type {Size} from './core/letterbox';
import type {Rgb} from './core/palette';
import type {Runs} from './core/runs';

export interface SourceInfo {
  readonly name: string;
  /** Its codec, or "images". */
  readonly kind: string;
  readonly size: Size;
  /** Of each frame, in seconds. */
  readonly times: readonly number[];
  /** Of each frame's mask, without suffix. */
  readonly names: readonly string[];
  /** Frames a second. */
  readonly rate: number;
}

/** What a person gave of one object in one frame. */
export type Given = {readonly kind: 'box'; readonly box: Box} | {readonly kind: 'mask'; readonly runs: Runs};

export interface TrackJob {
  readonly from: number;
  readonly to: number;
  /** The labels of `from` as the page shows them: what was tracked there, and over it what was painted. */
  readonly start: Runs;
  /** Ids of the objects that there are. */
  readonly ids: ReadonlySet<number>;
  /** Frame -> object -> what was given; frames between from and to alone count. */
  readonly givens: ReadonlyMap<number, ReadonlyMap<number, Given>>;
}

export interface Tracked {
  readonly index: number;
  readonly runs: Runs;
  /** By object. */
  readonly fates: ReadonlyMap<number, Fate>;
  /** Of the network and what is around it; decoding is not counted. */
  readonly milliseconds: number;
  readonly picture: ImageBitmap;
}

export type ExportKind = 'masks' | 'coco' | 'overlay' | 'cutout' | 'blur' | 'colour';

export interface ExportJob {
  readonly kind: ExportKind;
  readonly masks: ReadonlyMap<number, Runs>;
  readonly objects: readonly {readonly id: number; readonly name: string; readonly colour: Rgb}[];
  readonly background: Rgb;
  readonly opacity: number;
}

export interface Exported { readonly name: string; readonly content: Blob }

/** `gpu` computes on WebGPU what that can do, and the rest as `single`. */
export type EngineKind = 'threaded' | 'single' | 'gpu';

export interface EngineInfo {
  readonly kind: EngineKind;
  readonly threads: number;
  /** Where the page has it, "wasm-<version>/<name>.wasm". */
  readonly file: string;
  readonly sha256: string;
}
export interface NetworkInfo { readonly name: string; readonly size: Size; readonly sha256: string; readonly bytes: number }
export interface CheckResult { readonly iou: number; readonly difference: number; readonly milliseconds: number }
export interface Memory { readonly tensors: number; readonly heap: number }

/** What the worker can be asked for. */
export interface Calls {
  load(args: {base: string; kind: EngineKind; debug: boolean}): EngineInfo;
  network(args: {name: string}): NetworkInfo;
  check(): CheckResult;
  open(args: {files: readonly File[]}): SourceInfo;
  picture(args: {index: number; most: number}): ImageBitmap;
  /** Ends by itself, or after `stop`; gives the number of the last frame. */
  track(args: TrackJob): number;
  export(args: ExportJob): Exported;
  stop(): void;
  memory(): Memory;
  /** Addresses of what the worker has loaded. */
  loaded(): string[];
  /** Runs `step` so many times on the stored frame; gives milliseconds each. */
  steps(args: {count: number}): number[];
  /** The pixels of a frame as they were decoded. For tests. */
  pixels(args: {index: number}): Uint8ClampedArray;
}

export type Event =
  | {readonly event: 'tracked'; readonly frame: Tracked}
  | {readonly event: 'progress'; readonly done: number; readonly of: number};

export interface Request { readonly id: number; readonly call: keyof Calls; readonly args: unknown }
export type Response = {readonly id: number; readonly value: unknown} | {readonly id: number; readonly error: string} | Event;
