import {createHash} from 'node:crypto';
import {cpSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname, join, relative} from 'node:path';
import {fileURLToPath} from 'node:url';
import {defineConfig, type Plugin} from 'vite';

const here = dirname(fileURLToPath(import.meta.url));
const version = (name: string): string => JSON.parse(readFileSync(join(here, 'node_modules', name, 'package.json'), 'utf8')).version;
const litert = version('@litertjs/core');
// LiteRT.js names its licence, and ships no text: it is the project's own.
const LICENCES = [
  [`TTVOS-TF, and LiteRT.js ${litert} (Copyright Google LLC): Apache-2.0`, '../LICENSE'],
  [`mediabunny ${version('mediabunny')}: MPL-2.0; its source is in the npm package of this name and version`, 'node_modules/mediabunny/LICENSE'],
  [`Preact ${version('preact')}: MIT`, 'node_modules/preact/LICENSE'],
] as const;

function files(folder: string): string[] {
  return readdirSync(folder, {withFileTypes: true, recursive: true}).filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/')).sort();
}

/** LiteRT's wasm beside the page, in a folder that names its version, and a list of all files for offline use. */
function complete(): Plugin {
  let out = '';
  return {
    name: 'complete',
    apply: 'build',
    configResolved(config) { out = config.build.outDir; },
    closeBundle() {
      cpSync(join(here, 'node_modules/@litertjs/core/wasm'), join(out, `wasm-${litert}`), {recursive: true});
      writeFileSync(join(out, 'licences.txt'), LICENCES.map(([whose, file]) =>
        `${whose}\n${'='.repeat(whose.length)}\n\n${readFileSync(join(here, file), 'utf8').trim()}\n`).join('\n\n'));
      const digests: Record<string, string> = {};
      for (const file of files(out)) {
        if (!/^(sw\.js|build\.json)$/.test(file)) {
          digests[file] = createHash('sha256').update(readFileSync(join(out, file))).digest('hex');
        }
      }
      const build = createHash('sha256').update(JSON.stringify(digests)).digest('hex').slice(0, 12);
      writeFileSync(join(out, 'build.json'), `${JSON.stringify({build, files: digests}, null, 1)}\n`);
      const worker = join(out, 'sw.js');
      writeFileSync(worker, readFileSync(worker, 'utf8').replaceAll('BUILD', build));
    },
  };
}

export default defineConfig({
  root: here,
  base: './',
  define: {
    LITERT_VERSION: JSON.stringify(litert),
    MEDIABUNNY_VERSION: JSON.stringify(version('mediabunny')),
    PREACT_VERSION: JSON.stringify(version('preact')),
  },
  build: {
    outDir: join(here, '../ttvos_tf/web'),
    emptyOutDir: true,
    target: 'es2023',
    modulePreload: {polyfill: false},
    assetsInlineLimit: 0,
  },
  worker: {format: 'iife'},
  plugins: [complete()],
});
