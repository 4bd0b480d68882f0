// LiteRT.js with what TTVOS needs around it. Every tensor that is made or given here has one owner, who drops it once.
import {type CompiledModel, getGlobalLiteRt, getWebGpuDevice, loadAndCompile, loadLiteRt, supportsFeature, Tensor} from '@litertjs/core';
import {isFeature, isState, SIGNATURES, type SignatureName} from '../core/contract';
import {type Size} from '../core/letterbox';
import type {EngineKind} from '../protocol';

export type Tensors = Record<string, Tensor>;

const INT8 = 9, UINT8 = 3;
const MOST_THREADS = 4;

let live = 0;
/** Tensors that nobody has dropped. */
export const liveTensors = (): number => live;
export const heapBytes = (): number => getGlobalLiteRt().liteRtWasm.HEAPU8.buffer.byteLength;

export function drop(tensors: Tensors): void {
  for (const tensor of Object.values(tensors)) {
    tensor.delete();
    live--;
  }
}

export interface Loaded { readonly threads: number; readonly file: string; readonly content: Uint8Array<ArrayBuffer> }

/** Loads the kind of the engine that fits this browser from a folder, by way of `download`. */
export async function loadEngine(
  folder: string, kind: EngineKind, download: (url: string) => Promise<Uint8Array<ArrayBuffer>>,
): Promise<Loaded> {
  const plain = await supportsFeature('relaxedSimd') ? '' : 'compat_', build = {threaded: 'threaded_', single: plain, gpu: 'jspi_'}[kind];
  const name = `litert_wasm_${build}internal`, content = await download(`${folder}${name}.wasm`);
  const threads = kind === 'threaded' ? Math.min(navigator.hardwareConcurrency, MOST_THREADS) : 1;
  // LiteRT wakes the strongest GPU at once, whether a model will run on it or not.
  if (kind !== 'gpu') Object.defineProperty(navigator, 'gpu', {value: undefined});
  // The threaded wasm starts a worker a core, however many threads a model will use.
  Object.defineProperty(navigator, 'hardwareConcurrency', {value: threads});
  // In a worker, Emscripten takes the worker's own URL for its script's, and would start the worker again as each of its
  // threads.
  Object.assign(self, {Module: {wasmBinary: content, mainScriptUrlOrBlob: `${folder}${name}.js`}});
  await loadLiteRt(`${folder}${name}.js`);
  acceptInt8();
  return {threads, file: `${name}.wasm`, content};
}

/** The wrapper knows float32, int32 and uint8. It is told that int8 is uint8: such tensors are handed on, never read. */
function acceptInt8(): void {
  const prototype = getGlobalLiteRt().liteRtWasm.LiteRtRankedTensorType.prototype as {elementType(): {value: number}};
  const original = prototype.elementType;
  prototype.elementType = function () {
    const type = original.call(this);
    return type.value === INT8 ? {value: UINT8} : type;
  };
}

/** A TTVOS file, ready to run. */
export class Network {
  readonly size: Size;

  private constructor(private readonly model: CompiledModel, name: string) {
    for (const [signature, {inputs, outputs}] of Object.entries(SIGNATURES)) {
      const runner = model.signatures[signature];
      if (!runner) throw new Error(`${name} is no TTVOS model: it has no signature ${signature}`);
      const {has, gives} = {
        has: runner.getInputDetails().map((tensor) => tensor.name),
        gives: runner.getOutputDetails().map((tensor) => tensor.name),
      };
      const unknown = has.find((input) => !isState(input) && !isFeature(input) && !inputs.includes(input as never));
      const missing = outputs.find((output) => !gives.includes(output));
      if (unknown) throw new Error(`${name} is no TTVOS model: ${signature} has an unknown input ${unknown}`);
      if (missing) throw new Error(`${name} is no TTVOS model: ${signature} lacks the output ${missing}`);
    }
    const [, height, width] = model.signatures.init!.getInputDetails().find((tensor) => tensor.name === 'frame')!.shape;
    this.size = {width: width!, height: height!};
  }

  /** On the GPU if there is one here; see `loadEngine`. */
  static async open(name: string, content: Uint8Array, threads: number): Promise<Network> {
    const accelerator = getWebGpuDevice() ? 'webgpu' : 'wasm';
    let model: CompiledModel;
    try {
      // Half floats would be quicker on a GPU, and further from the masks of a processor.
      model = await loadAndCompile(content, {accelerator, cpuOptions: {numThreads: threads}, gpuOptions: {precision: 'fp32'}});
    } catch (error) {
      throw new Error(`${name} cannot be opened: the file is damaged or made for another version (${String(error)})`);
    }
    return new Network(model, name);
  }

  /** Runs a signature; takes of `tensors` those that it has, and leaves them to their owner. */
  async run(signature: SignatureName, tensors: Tensors): Promise<Tensors> {
    const outputs = await this.model.run(signature, tensors);
    live += Object.keys(outputs).length;
    return outputs;
  }

  frame(rgb: Uint8Array): Tensor {
    live++;
    return new Tensor(rgb as Uint8Array<ArrayBuffer>, [1, this.size.height, this.size.width, 3]);
  }

  map(values: Float32Array): Tensor {
    live++;
    return new Tensor(values as Float32Array<ArrayBuffer>, [1, this.size.height, this.size.width, 1]);
  }

  close(): void {
    this.model.delete();
  }
}

/** The values of a tensor; what the wrapper takes for uint8 is int8, but for frames, which are never read. */
export async function values(tensors: Tensors, name: string): Promise<ArrayLike<number>> {
  const data = await tensors[name]!.data();
  return data instanceof Uint8Array ? new Int8Array(data.buffer) : data;
}

/** The values of one output, which is dropped with the others but the states. */
export async function take(outputs: Tensors, name: string): Promise<{values: Float32Array; state: Tensors}> {
  const state: Tensors = {}, rest: Tensors = {};
  for (const [key, tensor] of Object.entries(outputs)) (isState(key) ? state : rest)[key] = tensor;
  const values = await rest[name]!.data() as Float32Array;
  drop(rest);
  return {values, state};
}
