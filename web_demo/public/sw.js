// Offline after the first load: what the page has asked for is kept. The name of the cache is that of this build; another one clears it.
const CACHE = 'ttvos-BUILD';
const NEEDED = ['./', './build.json', './app.webmanifest', './icon.svg', './licences.txt', './sample/sample.webm', './sample/sample.json'];

self.addEventListener('install', (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(CACHE);
    const {files} = await (await fetch('./build.json', {cache: 'no-store'})).json();
    // The page and what it loads first; of the engine, the one kind that this browser takes comes when it is asked for.
    const own = Object.keys(files).filter((file) => file.startsWith('assets/') || file.startsWith('selfcheck/'));
    await cache.addAll([...NEEDED, ...own]);
    await self.skipWaiting();
  })());
});

self.addEventListener('activate', (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith('ttvos-') && name !== CACHE) await caches.delete(name);
    await self.clients.claim();
  })());
});

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  const kept = event.request.method === 'GET' && url.origin === location.origin && !url.pathname.includes('/input/');
  if (kept) event.respondWith(answer(event.request, url));
});

/** What carries its version in its name comes from the cache; the rest from the server, and from the cache without one. */
async function answer(request, url) {
  const cache = await caches.open(CACHE), versioned = /\/(assets|wasm-[^/]+)\//.test(url.pathname);
  const known = () => cache.match(request, {ignoreSearch: true});
  if (versioned) {
    const found = await known();
    if (found) return found;
  }
  try {
    const response = await fetch(request);
    if (response.status === 200) await cache.put(request.url.split('?')[0], response.clone());
    return response;
  } catch (error) {
    const found = await known() ?? (request.mode === 'navigate' ? await cache.match('./') : undefined);
    if (found) return found;
    throw error;
  }
}
