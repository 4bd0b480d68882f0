// The worker, asked and answered. Where threads do not start in time, it is begun again without.
import workerUrl from '../worker/worker?worker&url';
import type {Calls, EngineInfo, Event, Response} from '../protocol';

const PATIENCE = 15000; // milliseconds without a sign of life; a threaded engine that hangs says nothing itself

type Args<Name extends keyof Calls> = Parameters<Calls[Name]>[0];
interface Waiting { resolve(value: unknown): void; reject(error: Error): void }

export class Client {
  private readonly waiting = new Map<number, Waiting>();
  private next = 0;
  private lastHeard = performance.now();

  private constructor(private readonly worker: Worker, heard: (event: Event) => void) {
    worker.onmessage = ({data}: MessageEvent<Response>) => {
      this.lastHeard = performance.now();
      if ('event' in data) return heard(data);
      const waiting = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if ('error' in data) waiting?.reject(new Error(data.error));
      else waiting?.resolve(data.value);
    };
    worker.onerror = ({message}) => {
      for (const {reject} of this.waiting.values()) reject(new Error(`The engine stopped (${message || 'no reason given'}). Load the page again.`));
      this.waiting.clear();
    };
  }

  /** Starts a worker and loads the engine: with threads where the page may have them, else without. */
  static async start(heard: (event: Event) => void, debug: boolean): Promise<{client: Client; engine: EngineInfo}> {
    const threaded = crossOriginIsolated && navigator.hardwareConcurrency > 1;
    const base = new URL('.', location.href).href;
    if (threaded) {
      const client = new Client(new Worker(workerUrl), heard);
      try {
        return {client, engine: await client.inTime(client.call('load', {base, threaded, debug}))};
      } catch {
        client.worker.terminate();
      }
    }
    const client = new Client(new Worker(workerUrl), heard);
    return {client, engine: await client.call('load', {base, threaded: false, debug})};
  }

  call<Name extends keyof Calls>(call: Name, ...[args]: Args<Name> extends undefined ? [] : [Args<Name>]): Promise<ReturnType<Calls[Name]>> {
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, {resolve: resolve as (value: unknown) => void, reject});
      this.worker.postMessage({id, call, args});
    });
  }

  private inTime<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, new Promise<T>((_, reject) => {
      const clock = setInterval(() => {
        if (performance.now() - this.lastHeard > PATIENCE) reject(new Error('no answer'));
      }, 500);
      promise.catch(() => null).finally(() => clearInterval(clock));
    })]);
  }
}
