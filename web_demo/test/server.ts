// Serves the built page, the models and test files, on this machine only; with or without the headers that isolate it.
import {createReadStream, existsSync, mkdirSync, statSync, writeFileSync} from 'node:fs';
import {createServer, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {dirname, extname, join, normalize} from 'node:path';
import {fileURLToPath} from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
export const OUT = join(here, 'out');
const FOLDERS: readonly (readonly [string, string])[] = [
  ['/input/', join(OUT, 'input')], ['/', join(here, '../../out/web')],
];
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm', '.svg': 'image/svg+xml',
  '.json': 'application/json', '.webm': 'video/webm', '.mp4': 'video/mp4', '.png': 'image/png', '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json', '.tflite': 'application/octet-stream',
};

export interface Served { readonly url: string; readonly asked: string[]; close(): Promise<void> }

/** What is POSTed to /out/NAME is written into OUT. `damage` changes what is answered for a path. */
export async function serve(isolated: boolean, damage: (path: string) => Buffer | null = () => null): Promise<Served> {
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url!, 'http://x').pathname));
    asked.push(path);
    if (isolated) {
      response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
      response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    }
    response.setHeader('Cache-Control', 'no-cache');
    if (request.method === 'POST' && path.startsWith('/out/')) {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part)).on('end', () => {
        mkdirSync(OUT, {recursive: true});
        writeFileSync(join(OUT, path.slice(5)), Buffer.concat(parts));
        response.writeHead(204).end();
      });
      return;
    }
    const [prefix, folder] = FOLDERS.find(([each]) => path.startsWith(each))!;
    const file = join(folder, path.slice(prefix.length) || 'index.html'), type = TYPES[extname(file)];
    if (!existsSync(file) || !statSync(file).isFile() || !type) return void response.writeHead(404).end();
    response.setHeader('Content-Type', type);
    const wrong = damage(path);
    if (wrong) return void response.writeHead(200).end(wrong);
    response.writeHead(200, {'Content-Length': statSync(file).size});
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, asked,
    close: () => new Promise((resolve) => { server.closeAllConnections(); server.close(() => resolve()); }),
  };
}

export const input = (name: string): string => join(OUT, 'input', name);
