// Tracks one object with LiteRT.js, in Node here, as in a browser's worker: npm install @litertjs/core@2.5.3
//
//   node usage.mjs MODEL.tflite frames.rgb first.gray masks.gray
import {readFileSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {dirname, join} from 'node:path';
import vm from 'node:vm';

const [model, framesFile, firstFile, masksFile] = process.argv.slice(2);
const require = createRequire(join(process.cwd(), 'package.json'));
const wasm = join(dirname(require.resolve('@litertjs/core')), '../wasm/litert_wasm_compat_internal');
// What Node lacks of a browser's worker. In one, `await loadLiteRt('wasm/')` is all.
Object.assign(globalThis, {
  require, __dirname: dirname(wasm), __filename: `${wasm}.js`, self: globalThis,
  importScripts: (path) => vm.runInThisContext(readFileSync(path, 'utf8')),
});
const {getGlobalLiteRt, loadAndCompile, loadLiteRt, Tensor} = await import(require.resolve('@litertjs/core'));
await loadLiteRt(`${wasm}.js`);

// The wrapper knows no int8. States are handed on and never read, so it is told that they are uint8.
const type = getGlobalLiteRt().liteRtWasm.LiteRtRankedTensorType.prototype, elementType = type.elementType;
type.elementType = function () { const found = elementType.call(this); return found.value === 9 ? {value: 3} : found; };

const network = await loadAndCompile(new Uint8Array(readFileSync(model)), {accelerator: 'wasm'});
const [, height, width] = network.signatures.init.getInputDetails().find(({name}) => name === 'mask').shape;
const frames = new Uint8Array(readFileSync(framesFile)), first = readFileSync(firstFile), size = 3 * height * width;
const frame = (t) => new Tensor(frames.slice(t * size, (t + 1) * size), [1, height, width, 3]);
const mask = new Tensor(Float32Array.from(first, (value) => Number(value > 127)), [1, height, width, 1]);

let state = await network.run('init', {frame: frame(0), mask});
const masks = [];
for (let t = 1; t < frames.length / size; t++) {
  const {probability, ...next} = await network.run('step', {frame: frame(t), ...state});
  state = next;  // a page that runs for long calls delete() on tensors that it needs no more
  masks.push(Uint8Array.from(await probability.data(), (value) => 255 * (value > 0.5)));
}
writeFileSync(masksFile, Buffer.concat(masks));
process.exit();
