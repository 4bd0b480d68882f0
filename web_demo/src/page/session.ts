// What is open, drawn and tracked, and all that can be done with it. The view only shows it.
import {boxText, type Box} from '../core/boxes';
import type {Manifest} from '../core/contract';
import type {Fate} from '../core/lane';
import {COLOURS, fromHex} from '../core/palette';
import {maskPng, readMask} from '../core/png';
import {decode, encode, type Runs} from '../core/runs';
import type {CheckResult, EngineInfo, Event, ExportKind, Given, NetworkInfo, SourceInfo} from '../protocol';
import {Client, type Started, STOPPED} from './client';
import {whyNoGpu} from './gpu';

export interface TrackedObject { readonly id: number; readonly name: string; readonly colour: string }
export type Tool = 'box' | 'brush' | 'eraser';
type Givens = ReadonlyMap<number, ReadonlyMap<number, Given>>;
interface Drawn { readonly objects: readonly TrackedObject[]; readonly givens: Givens }

export interface Busy { readonly what: string; readonly done: number; readonly of: number; readonly stoppable: boolean }

/** The check of a GPU while it runs. */
interface Trial { client: Client | null; stopped: boolean }

/** A worker that is ready: its engine has the network, and passed the self-check with it. */
interface Ready extends Started { readonly network: NetworkInfo; readonly check: CheckResult }

/** What is known of this machine's GPU: why it cannot be used, or that it passed the self-check, and milliseconds of a step. */
export type Gpu = {readonly why: string} | {readonly iou: number; readonly milliseconds: number; readonly processor: number; readonly used: boolean};

export const MAX_OBJECTS = 20;
const WIDEST_SHOWN = 1920;
const TIMED_STEPS = 3;
export const TRYING_GPU = 'Trying the GPU';

export class Session {
  state: 'loading' | 'ready' | 'failed' = 'loading';
  engine: EngineInfo | null = null;
  network: NetworkInfo | null = null;
  check: CheckResult | null = null;
  /** null before it was tried with this network. */
  gpu: Gpu | null = null;
  models: readonly string[] = [];

  source: SourceInfo | null = null;
  index = 0;
  picture: ImageBitmap | null = null;

  drawn: Drawn = {objects: [], givens: new Map()};
  selected = 0;
  tool: Tool = 'box';
  brush = 24; // diameter, in pixels of the frame
  opacity = 0.45;
  background = '#12805c';

  masks = new Map<number, Runs>();
  fates = new Map<number, ReadonlyMap<number, Fate>>();
  times: number[] = [];

  busy: Busy | null = {what: 'Loading', done: 0, of: 0, stoppable: false};
  playing = false;
  /** Whether the page was in the background while frames were tracked. */
  unseen = false;
  problem = '';
  notice = '';

  private client!: Client;
  /** The engine that is not used now, if both the processor's and the GPU's are there. */
  private other: Ready | null = null;
  private trial: Trial | null = null;
  private files: readonly File[] = [];
  private readonly listeners = new Set<() => void>();
  private undone: Drawn[] = [];
  private done: Drawn[] = [];
  private wanted: number | null = null;

  constructor(private readonly debug: boolean) {}

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  changed(): void {
    for (const listener of this.listeners) listener();
  }

  set(values: Partial<Pick<Session, 'tool' | 'brush' | 'opacity' | 'background' | 'selected' | 'problem'>>): void {
    Object.assign(this, values);
    this.changed();
  }

  // ---- the engine

  async start(): Promise<void> {
    try {
      if (!self.isSecureContext) throw new Error('Browsers decode video on secure pages only: open this one over https, or on 127.0.0.1.');
      if (typeof VideoDecoder === 'undefined') throw new Error('This browser has no WebCodecs, so it cannot hand out frames. Take a newer one.');
      const {client, engine} = await Client.start((event) => this.heard(event), this.debug);
      this.client = client;
      this.engine = engine;
      const manifest = await (await fetch('models/models.json')).json() as Manifest;
      this.models = Object.keys(manifest).filter((name) => name !== 'default').sort();
      await this.choose(smallest(manifest));
    } catch (error) {
      this.fail(error);
    }
  }

  /** Another network. On the GPU, each has to pass the self-check for itself. */
  async choose(name: string): Promise<void> {
    if (this.gpu && 'used' in this.gpu && this.gpu.used) await this.useGpu(false);
    this.other?.client.close();
    this.other = this.gpu = null;
    this.state = 'loading';
    this.check = null;
    try {
      await this.during('Loading the network', false, async () => {
        this.network = await this.client.call('network', {name});
        this.work('Checking the engine', false);
        this.check = await this.client.call('check');
      });
      this.state = 'ready';
      void this.keep();
      this.say(`Ready: ${name}, ${this.engine!.threads === 1 ? 'one thread' : `${this.engine!.threads} threads`}.`);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Whether this machine's GPU finds the stored masks, and how soon. It is used only if the person then says so. */
  async tryGpu(): Promise<void> {
    const {name} = this.network!, trial: Trial = {client: null, stopped: false};
    this.trial = trial;
    this.gpu = null;
    try {
      await this.during(TRYING_GPU, true, async () => {
        const why = await whyNoGpu();
        if (why) throw new Error(why);
        const {client, engine} = await Client.load('gpu', (event) => this.heard(event), this.debug);
        trial.client = client;
        if (trial.stopped) throw new Error(STOPPED);
        const network = await client.call('network', {name});
        this.work(TRYING_GPU, true);
        const check = await client.call('check'), milliseconds = median(await client.call('steps', {count: TIMED_STEPS}));
        this.other = {client, engine, network, check};
        this.gpu = {iou: check.iou, milliseconds, processor: median(await this.steps(TIMED_STEPS)), used: false};
      });
    } catch (error) {
      trial.client?.close();
      this.gpu = {why: sentence(error)};
    }
    this.trial = null;
    this.changed();
  }

  /** Goes over to the GPU that was tried, or back to the processor; what is open and drawn stays. */
  async useGpu(used: boolean): Promise<void> {
    const {client, engine, network, check, other, files} = this;
    if (!other || !engine || !network || !check) return;
    await this.attempt(used ? 'Going over to the GPU' : 'Going back to the processor', false, async () => {
      if (this.source) await other.client.call('open', {files});
      this.other = {client, engine, network, check};
      Object.assign(this, other);
      this.gpu = {...this.gpu as Gpu & {used: boolean}, used};
    });
  }

  /** What came before the service worker, or around it, is asked for once more, so that it is there without a server. */
  private async keep(): Promise<void> {
    const worker = navigator.serviceWorker;
    if (!worker) return;
    await worker.ready;
    if (!worker.controller) await new Promise((resolve) => worker.addEventListener('controllerchange', resolve, {once: true}));
    for (const url of await this.client.call('loaded')) await fetch(url, {cache: 'force-cache'}).catch(() => null);
  }

  private fail(error: unknown): void {
    this.state = 'failed';
    this.busy = null;
    this.problem = `Not ready: ${sentence(error)}`;
    this.changed();
  }

  // ---- the source

  async open(files: readonly File[], objects: readonly {name: string; box: Box}[] = []): Promise<void> {
    await this.attempt('Opening', false, async () => {
      const source = await this.client.call('open', {files});
      this.source = source;
      this.files = files;
      this.masks = new Map();
      this.fates = new Map();
      this.times = [];
      this.done = [];
      this.undone = [];
      this.index = 0;
      this.drawn = {
        objects: objects.map(({name}, i) => ({id: i + 1, name, colour: COLOURS[i]!})),
        givens: new Map([[0, new Map(objects.map(({box}, i) => [i + 1, {kind: 'box', box} as const]))]]),
      };
      this.selected = objects.length ? 1 : 0;
      this.tool = 'box';
      await this.show(0);
      const {width, height} = source.size;
      this.say(`${source.name}: ${source.times.length} frames of ${width}x${height}.`);
    });
  }

  async openUrl(url: string, objects: readonly {name: string; box: Box}[] = []): Promise<void> {
    const name = decodeURIComponent(url.split('/').at(-1)!);
    const response = await fetch(url).catch(() => null);
    if (!response?.ok) return this.set({problem: `${name} cannot be loaded from the server.`});
    await this.open([new File([await response.blob()], name)], objects);
  }

  async openSample(): Promise<void> {
    const {objects} = await (await fetch('sample/sample.json')).json() as {objects: {name: string; box: Box}[]};
    await this.openUrl('sample/sample.webm', objects);
  }

  /** Shows a frame; of many wishes in a row, the last. */
  async show(index: number): Promise<void> {
    const most = this.source!.times.length - 1;
    this.index = Math.max(0, Math.min(most, index));
    this.changed();
    const running = this.wanted !== null;
    this.wanted = this.index;
    if (running) return;
    try {
      while (this.wanted !== null) {
        const now: number = this.wanted;
        const picture = await this.client.call('picture', {index: now, most: WIDEST_SHOWN});
        if (this.index === now) this.present(picture);
        else picture.close();
        if (this.wanted === now) this.wanted = null;
      }
    } catch (error) {
      this.wanted = null;
      this.problem = sentence(error);
    }
    this.changed();
  }

  /** A bitmap that is not closed stays until the garbage collector comes, and it does not see how large they are. */
  private present(picture: ImageBitmap): void {
    this.picture?.close();
    this.picture = picture;
  }

  async play(): Promise<void> {
    if (!this.source) return;
    this.playing = !this.playing;
    const {times, rate} = this.source;
    if (this.playing && this.index === times.length - 1) this.index = 0;
    while (this.playing && this.index < times.length - 1) {
      const begun = performance.now();
      await this.show(this.index + 1);
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, 1000 / rate - (performance.now() - begun))));
    }
    this.playing = false;
    this.changed();
  }

  // ---- drawing

  get object(): TrackedObject | undefined {
    return this.drawn.objects.find(({id}) => id === this.selected);
  }

  get ids(): ReadonlySet<number> {
    return new Set(this.drawn.objects.map(({id}) => id));
  }

  given(id: number, index = this.index): Given | undefined {
    return this.drawn.givens.get(index)?.get(id);
  }

  /** The labels of a frame as they are shown: what was tracked, and over it what was painted. */
  labels(index = this.index): Uint8Array {
    const {size} = this.source!, pixels = size.width * size.height;
    const tracked = this.masks.get(index), labels = tracked ? decode(tracked, pixels, this.ids) : new Uint8Array(pixels);
    const given = [...this.drawn.givens.get(index) ?? []].sort(([a], [b]) => a - b);
    for (const [id, each] of given) {
      if (each.kind !== 'mask') continue;
      const covered = decode(each.runs, pixels);
      for (let i = 0; i < pixels; i++) {
        if (covered[i]) labels[i] = id;
        else if (labels[i] === id) labels[i] = 0;
      }
    }
    return labels;
  }

  /** The selected object, or a first one. */
  addressed(): number {
    if (!this.object) this.addObject();
    return this.selected;
  }

  addObject(): void {
    const {objects, givens} = this.drawn;
    if (objects.length === MAX_OBJECTS) return this.set({problem: `At most ${MAX_OBJECTS} objects at once.`});
    const id = Math.max(0, ...objects.map((object) => object.id)) + 1;
    const free = COLOURS.find((colour) => !objects.some((object) => object.colour === colour))!;
    this.draw({objects: [...objects, {id, name: `Object ${id}`, colour: free}], givens});
    this.set({selected: id});
  }

  change(id: number, values: Partial<Omit<TrackedObject, 'id'>>): void {
    const objects = this.drawn.objects.map((object) => (object.id === id ? {...object, ...values} : object));
    this.drawn = {...this.drawn, objects};
    this.changed();
  }

  removeObject(id: number): void {
    const objects = this.drawn.objects.filter((object) => object.id !== id);
    const givens = new Map([...this.drawn.givens].map(([index, given]) => [index, without(given, id)]));
    this.draw({objects, givens}); // its masks stay, unseen, for an undo
    this.set({selected: objects.at(-1)?.id ?? 0});
  }

  give(id: number, given: Given | null): void {
    const {objects, givens} = this.drawn, now = new Map(givens.get(this.index));
    if (given) now.set(id, given);
    else now.delete(id);
    this.draw({objects, givens: new Map(givens).set(this.index, now)});
    if (given?.kind === 'box') this.say(`Box of ${this.object?.name}: ${boxText(given.box)}.`);
  }

  giveMask(id: number, covered: Uint8Array): void {
    this.give(id, covered.some((value) => value) ? {kind: 'mask', runs: encode(covered)} : null);
  }

  /** A mask file for the frame that is shown: pixel values are objects. */
  async giveMaskFile(file: File): Promise<void> {
    await this.attempt('Reading the mask', false, async () => {
      const {size} = this.source!, {labels, ...of} = await readMask(file);
      if (of.width !== size.width || of.height !== size.height) {
        throw new Error(`${file.name} is ${of.width}x${of.height}, but the frame is ${size.width}x${size.height}.`);
      }
      let ids = [...new Set(labels)].filter((id) => id && id !== 255).sort((a, b) => a - b);
      if (!ids.length && labels.includes(255)) {
        labels.forEach((value, i) => { labels[i] = value ? 1 : 0; });
        ids = [1];
      }
      if (!ids.length) throw new Error(`${file.name} holds no object: every pixel is 0.`);
      if (ids.length > MAX_OBJECTS) throw new Error(`${file.name} holds ${ids.length} objects: at most ${MAX_OBJECTS} at once.`);
      const known = new Map(this.drawn.objects.map((object) => [object.id, object]));
      for (const id of ids) if (!known.has(id)) known.set(id, {id, name: `Object ${id}`, colour: COLOURS[(id - 1) % COLOURS.length]!});
      const now = new Map(this.drawn.givens.get(this.index));
      for (const id of ids) now.set(id, {kind: 'mask', runs: encode(labels.map((value) => (value === id ? 1 : 0)))});
      this.draw({objects: [...known.values()], givens: new Map(this.drawn.givens).set(this.index, now)});
      this.selected = ids[0]!;
    });
  }

  private draw(drawn: Drawn): void {
    this.done.push(this.drawn);
    this.undone = [];
    this.drawn = drawn;
    this.problem = '';
    this.changed();
  }

  get canUndo(): boolean { return this.done.length > 0; }
  get canRedo(): boolean { return this.undone.length > 0; }

  undo(): void { this.swap(this.done, this.undone); }
  redo(): void { this.swap(this.undone, this.done); }

  private swap(from: Drawn[], to: Drawn[]): void {
    const drawn = from.pop();
    if (!drawn) return;
    to.push(this.drawn);
    this.drawn = drawn;
    if (!this.object) this.selected = drawn.objects.at(-1)?.id ?? 0;
    this.changed();
  }

  // ---- tracking

  async track(forwards: boolean): Promise<void> {
    const from = this.begins();
    if (from === null) return this.set({problem: 'There is nothing to track yet: draw a box around an object, or paint it.'});
    this.playing = false;
    const last = forwards ? this.source!.times.length - 1 : 0;
    const {ids, drawn: {givens}} = this, start = encode(this.labels(from));
    this.times = [];
    this.unseen = document.hidden;
    const hidden = () => { this.unseen ||= document.hidden; };
    document.addEventListener('visibilitychange', hidden);
    await this.attempt('Tracking', true, async () => {
      this.work('Tracking', true, 0, Math.abs(last - from) + 1);
      const end = await this.client.call('track', {from, to: last, start, ids, givens});
      this.say(end === last ? `Tracked to frame ${end}.` : `Stopped at frame ${end}.`);
      await this.show(end);
    });
    document.removeEventListener('visibilitychange', hidden);
    document.title = TITLE;
  }

  /** The frame from which tracking would begin: this one, or the last one before it that holds something. */
  private begins(): number | null {
    for (let index = this.index; index >= 0; index--) {
      if (this.drawn.givens.get(index)?.size || this.masks.get(index)?.some((value, i) => i % 2 === 0 && value)) return index;
    }
    return null;
  }

  stop(): void {
    if (!this.trial) return void this.client.call('stop');
    this.trial.stopped = true;
    this.trial.client?.close();
  }

  percentile(share: number): number | null {
    const sorted = [...this.times].sort((a, b) => a - b);
    return sorted.length ? sorted[Math.floor(share * (sorted.length - 1))]! : null;
  }

  /** What does the same without a browser; null where `ttvos segment` cannot. */
  command(): string | null {
    const first = this.drawn.givens.get(0);
    if (!this.source || !first?.size) return null;
    const boxes = [...first].sort(([a], [b]) => a - b).flatMap(([, given]) => (given.kind === 'box' ? [`--box ${boxText(given.box)}`] : []));
    const given = boxes.length === first.size ? boxes.join(' ') : '--mask first_mask.png';
    return `ttvos segment ${quoted(this.source.name)} ${given} --model ${this.network?.name}`;
  }

  // ---- taking home

  async export(kind: ExportKind): Promise<void> {
    await this.attempt('Exporting', true, async () => {
      const objects = this.drawn.objects.map(({id, name, colour}) => ({id, name, colour: fromHex(colour)}));
      const background = fromHex(this.background);
      const {name, content} = await this.client.call('export', {kind, masks: this.masks, objects, background, opacity: this.opacity});
      save(name, content);
      this.say(`Saved ${name}.`);
    });
  }

  async saveFirstMask(): Promise<void> {
    save('first_mask.png', new Blob([await maskPng(this.labels(0), this.source!.size)], {type: 'image/png'}));
  }

  /** Milliseconds of so many steps on a stored frame. */
  steps(count: number) { return this.client.call('steps', {count}); }
  /** For tests: what the worker holds, and the pixels of a frame. */
  memory() { return this.client.call('memory'); }
  pixels(index: number) { return this.client.call('pixels', {index}); }

  // ---- what goes on

  private heard(event: Event): void {
    if (event.event === 'progress') {
      if (this.busy) this.busy = {...this.busy, done: event.done, of: event.of};
    } else {
      const {index, runs, fates, milliseconds, picture} = event.frame;
      this.masks.set(index, runs);
      this.fates.set(index, fates);
      this.times.push(milliseconds);
      this.index = index;
      this.present(picture);
      if (this.busy) this.busy = {...this.busy, done: this.busy.done + 1};
      document.title = `${Math.round(100 * (this.busy?.done ?? 0) / (this.busy?.of || 1))}% ${TITLE}`;
    }
    this.changed();
  }

  private say(notice: string): void {
    this.notice = notice;
    this.changed();
  }

  private work(what: string, stoppable: boolean, done = 0, of = 0): void {
    this.busy = {what, stoppable, done, of};
    this.changed();
  }

  private async during(what: string, stoppable: boolean, task: () => Promise<void>): Promise<void> {
    this.problem = '';
    this.work(what, stoppable);
    try {
      await task();
    } finally {
      this.busy = null;
      this.changed();
    }
  }

  private async attempt(what: string, stoppable: boolean, task: () => Promise<void>): Promise<void> {
    try {
      await this.during(what, stoppable, task);
    } catch (error) {
      if ((error as Error).message) this.set({problem: sentence(error)});
    }
  }
}

export const TITLE = document.title;

/** The default's backbone and precision, at its smallest size: a browser has half the speed of a program. */
function smallest(manifest: Manifest): string {
  const SIZE = /_(\d+)x(\d+)_/, area = (name: string) => SIZE.exec(name)!.slice(1).reduce((a, b) => a * +b, 1);
  const plain = manifest.default.replace(SIZE, '_');
  return Object.keys(manifest).filter((name) => SIZE.test(name) && name.replace(SIZE, '_') === plain)
    .sort((a, b) => area(a) - area(b))[0] ?? manifest.default;
}

function without<V>(map: ReadonlyMap<number, V>, id: number): Map<number, V> {
  const rest = new Map(map);
  rest.delete(id);
  return rest;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

function sentence(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

const quoted = (name: string): string => (/^[\w.@/-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`);

function save(name: string, content: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
