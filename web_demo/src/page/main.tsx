import {render} from 'preact';
import {App} from './App';
import {Session} from './session';
import './style.css';

const query = new URLSearchParams(location.search), debug = query.has('debug');
const session = new Session(debug);
if (debug) Object.assign(window, {ttvos: session});
render(<App session={session} />, document.getElementById('app')!);

void navigator.serviceWorker?.register('./sw.js').catch(() => null); // without one, the page needs its server
await session.start();
const video = query.get('video');
if (video && session.state === 'ready') await session.openUrl(new URL(video, location.href).pathname);
