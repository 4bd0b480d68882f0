// The worker, asked and answered. Where threads do not start in time, it is begun again without.
import workerUrl from '../worker/worker?worker&url';
import type {Calls, EngineInfo, EngineKind, Event, Response} from '../protocol';

export const STOPPED = 'It was stopped.';
const PATIENCE = 15000; // milliseconds without a sign of life; an engine that waits for threads or for a GPU says nothing itself

type Args<Name extends keyof Calls> = Parameters<Calls[Name]>[0];
/** A worker, and what it said of the engine in it. */
export interface Started { readonly client: Client; readonly engine: EngineInfo }
type Heard = (event: Event) => void;
interface Waiting { resolve(value: unknown): void; reject(error: Error): void }

export class Client {
  private readonly waiting = new Map<number, Waiting>();
  private next = 0;
  private lastHeard = performance.now();

  private constructor(private readonly worker: Worker, heard: Heard) {
    worker.onmessage = ({data}: MessageEvent<Response>) => {
      this.lastHeard = performance.now();
      if ('event' in data) return heard(data);
      const waiting = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if ('error' in data) waiting?.reject(new Error(data.error));
      else waiting?.resolve(data.value);
    };
    worker.onerror = ({message}) => this.fail(`The engine stopped (${message || 'no reason given'}). Load the page again.`);
  }

  /** With threads where the page may have them and they start in time, else without. */
  static start(heard: Heard, debug: boolean): Promise<Started> {
    const threaded = crossOriginIsolated && navigator.hardwareConcurrency > 1;
    const single = () => Client.load('single', heard, debug);
    return threaded ? Client.load('threaded', heard, debug).catch(single) : single();
  }

  /** Starts a worker and loads one kind of the engine; if that fails, the worker is gone. */
  static async load(kind: EngineKind, heard: Heard, debug: boolean): Promise<Started> {
    const client = new Client(new Worker(workerUrl), heard);
    try {
      const loading = client.call('load', {base: new URL('.', location.href).href, kind, debug});
      return {client, engine: await (kind === 'single' ? loading : client.inTime(loading))};
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /** Ends the worker, whatever it does. */
  close(): void {
    this.worker.terminate();
    this.fail(STOPPED);
  }

  call<Name extends keyof Calls>(call: Name, ...[args]: Args<Name> extends undefined ? [] : [Args<Name>]): Promise<ReturnType<Calls[Name]>> {
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, {resolve: resolve as (value: unknown) => void, reject});
      this.worker.postMessage({id, call, args});
    });
  }

  private fail(why: string): void {
    for (const {reject} of this.waiting.values()) reject(new Error(why));
    this.waiting.clear();
  }

  private inTime<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, new Promise<T>((_, reject) => {
      const clock = setInterval(() => {
        if (performance.now() - this.lastHeard > PATIENCE) reject(new Error('The engine does not start.'));
      }, 500);
      promise.catch(() => null).finally(() => clearInterval(clock));
    })]);
  }
}
