// Whether a page can have this machine's GPU at all.

/** Why not, as a sentence; null if it can. */
export async function whyNoGpu(): Promise<string | null> {
  if (!navigator.gpu) return 'This browser has no WebGPU.';
  if (!('Suspending' in WebAssembly)) return 'This browser cannot let WebAssembly wait for a GPU (JSPI).';
  if (!await navigator.gpu.requestAdapter()) return 'The browser finds no GPU here that a page may use.';
  return null;
}
