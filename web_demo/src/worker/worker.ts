// Answers what the page asks; the work is in the other files of this folder. Built as a classic script.
import {MIN_SIDE} from '../core/letterbox';
import type {Manifest, ModelEntry} from '../core/contract';
import type {Calls, CheckResult, EngineInfo, EngineKind, Event, Exported, ExportJob, Memory, NetworkInfo, Request, SourceInfo, TrackJob} from '../protocol';
import {heapBytes, liveTensors, loadEngine, Network} from './engine';
import {exportAs} from './exports';
import {selfCheck, timeSteps} from './selfcheck';
import {openSource, type Picture, type Source, Viewer} from './sources';
import {type Paused, track} from './track';

declare const LITERT_VERSION: string;
const WIDEST_SHOWN = 1280; // of frames that are shown while they are tracked

let base = '', threads = 1, debug = false;
let network: {net: Network; name: string} | null = null;
let source: Source | null = null;
let viewer: Viewer | null = null;
let paused: Paused | null = null;
let stopped = false;

const scope = self as unknown as DedicatedWorkerGlobalScope;
const say = (event: Event, handedOver: Transferable[] = []) => scope.postMessage(event, handedOver);

/** Lets messages in: without it, a stop would wait for the end. */
const breath = new MessageChannel();
function breathe(): Promise<void> {
  return new Promise((resolve) => {
    breath.port1.onmessage = () => resolve();
    breath.port2.postMessage(null);
  });
}

function opened(): Source {
  if (!source) throw new Error('No video is open.');
  return source;
}

function chosen(): {net: Network; name: string} {
  if (!network) throw new Error('No network is open.');
  return network;
}

function forget(): void {
  paused?.tracker.close();
  paused = null;
}

async function progress(done: number, of: number): Promise<boolean> {
  say({event: 'progress', done, of});
  await breathe();
  return !stopped;
}

const answers: {[Name in keyof Calls]: (args: never) => Promise<ReturnType<Calls[Name]>> | ReturnType<Calls[Name]>} = {
  async load({kind, ...args}: {base: string; kind: EngineKind; debug: boolean}): Promise<EngineInfo> {
    ({base, debug} = args);
    const folder = `wasm-${LITERT_VERSION}/`;
    const loaded = await loadEngine(base + folder, kind, (url) => download(url, 0));
    threads = loaded.threads;
    return {kind, threads, file: folder + loaded.file, sha256: await digest(loaded.content)};
  },

  async network({name}: {name: string}): Promise<NetworkInfo> {
    const manifest = await (await fetched(`${base}models/models.json`)).json() as Manifest;
    const {file, sha256, size_bytes: bytes} = manifest[name] as ModelEntry;
    const content = await download(`${base}models/${file}`, bytes);
    if (await digest(content) !== sha256) throw new Error(`${file} is damaged: its SHA-256 is not the listed one. Load the page again.`);
    const net = await Network.open(file, content, threads);
    forget();
    network?.net.close();
    network = {net, name};
    return {name, size: net.size, sha256, bytes};
  },

  check(): Promise<CheckResult> {
    forget();
    return selfCheck(chosen().net, chosen().name, `${base}selfcheck/`);
  },

  async open({files}: {files: readonly File[]}): Promise<SourceInfo> {
    const next = await openSource(files);
    forget();
    await viewer?.close();
    source?.close();
    source = next;
    viewer = new Viewer(source);
    return source.info;
  },

  async picture({index, most}: {index: number; most: number}): Promise<ImageBitmap> {
    return shown(await one(index), most);
  },

  async track(job: TrackJob): Promise<number> {
    stopped = false;
    const before = paused;
    paused = null;
    paused = await track(chosen().net, opened(), job, before, {
      debug,
      async tracked(frame, rgba) {
        const picture = await shown({index: frame.index, rgba}, WIDEST_SHOWN);
        say({event: 'tracked', frame: {...frame, picture}}, [picture]);
        await breathe();
        return !stopped;
      },
    });
    return paused.index;
  },

  export(job: ExportJob): Promise<Exported> {
    stopped = false;
    return exportAs(opened(), job, progress);
  },

  stop(): void {
    stopped = true;
  },

  memory(): Memory {
    return {tensors: liveTensors(), heap: heapBytes()};
  },

  loaded(): string[] {
    return performance.getEntriesByType('resource').map(({name}) => name);
  },

  steps({count}: {count: number}): Promise<number[]> {
    return timeSteps(chosen().net, `${base}selfcheck/`, count);
  },

  async pixels({index}: {index: number}): Promise<Uint8ClampedArray> {
    return (await one(index)).rgba;
  },
};

function one(index: number): Promise<Picture> {
  if (!viewer) throw new Error('No video is open.');
  return viewer.at(index);
}

function shown({rgba}: Picture, most: number): Promise<ImageBitmap> {
  const {width, height} = opened().info.size;
  const scale = Math.min(1, most / width);
  const options = scale < 1
    ? {resizeWidth: Math.max(MIN_SIDE, Math.round(width * scale)), resizeHeight: Math.max(MIN_SIDE, Math.round(height * scale))}
    : {};
  return createImageBitmap(new ImageData(rgba, width, height), options);
}

async function fetched(url: string): Promise<globalThis.Response> {
  const response = await fetch(url).catch(() => null);
  if (!response?.ok) throw new Error(`${url} cannot be loaded${response ? ` (${response.status})` : ': there is no connection'}.`);
  return response;
}

async function digest(content: Uint8Array<ArrayBuffer>): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', content));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Tells how far it is; `bytes` is 0 if nobody knows how many there are. */
async function download(url: string, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let done = 0;
  for await (const part of (await fetched(url)).body!) {
    parts.push(part);
    done += part.length;
    say({event: 'progress', done, of: bytes});
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

scope.onmessage = async ({data: {id, call, args}}: MessageEvent<Request>) => {
  try {
    const value = await answers[call](args as never);
    scope.postMessage({id, value}, value instanceof ImageBitmap ? [value] : []);
  } catch (error) {
    scope.postMessage({id, error: error instanceof Error ? error.message : String(error)});
  }
};
