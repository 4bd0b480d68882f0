import {render} from 'preact';
import {App} from './App';
import {Session} from './session';
import './style.css';

const query = new URLSearchParams(location.search), debug = query.has('debug');
const session = new Session(debug);
if (debug) Object.assign(window, {ttvos: session});
render(<App session={session} />, document.getElementById('app')!);

await session.start();
const video = query.get('video');
if (video && session.state === 'ready') await session.openUrl(new URL(video, location.href).pathname);

if ('serviceWorker' in navigator) {
  // What was loaded before the service worker came is asked for once more, so that it is kept.
  const loaded = performance.getEntriesByType('resource').map(({name}) => name).filter((name) => /\/(models|wasm-)/.test(name));
  await navigator.serviceWorker.register('./sw.js').then(() => navigator.serviceWorker.ready).catch(() => null);
  for (const url of loaded) void fetch(url).catch(() => null);
}
