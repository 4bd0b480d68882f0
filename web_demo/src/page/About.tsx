import {useEffect, useState} from 'preact/hooks';
import type {JSX} from 'preact';
import {Dialog} from './Dialog';
import {Progress} from './Progress';
import type {EngineInfo} from '../protocol';
import {TRYING_GPU, type Session} from './session';

declare const LITERT_VERSION: string, MEDIABUNNY_VERSION: string, PREACT_VERSION: string;

/** What runs here, whether it was checked, and whose work it is. */
export function About({session, close}: {session: Session; close(): void}): JSX.Element {
  const {engine, network, check, state} = session;
  const [built, setBuilt] = useState(''), [licences, setLicences] = useState('');
  useEffect(() => {
    if (engine) void asBuilt(engine).then(setBuilt);
    void fetch('./licences.txt').then((response) => response.text()).then(setLicences).catch(() => setLicences('licences.txt is missing'));
  }, [engine]);
  const rows: [string, string][] = [
    ['Self-check', check ? `passed in ${Math.round(check.milliseconds)} ms: five signatures, IoU ${check.iou.toFixed(4)} with stored masks`
      : state === 'loading' ? 'running' : `failed: ${session.problem}`],
    ['Engine', `LiteRT.js ${LITERT_VERSION}, ${engine?.kind === 'gpu' ? 'WebGPU and ' : ''}WebAssembly, ${engine?.threads ?? '?'} thread${engine?.threads === 1 ? '' : 's'}`],
    ['', crossOriginIsolated ? '' : 'One thread: the server does not send the two headers that isolate a page (COOP, COEP). With them it is about twice as fast.'],
    ['SHA-256', engine ? `${engine.sha256}${built}` : ''],
    ['Network', network ? `${network.name}, ${(network.bytes / 1e6).toFixed(1)} MB` : 'none'],
    ['SHA-256', network?.sha256 ?? ''],
  ];
  return (
    <Dialog title="About" close={close}>
      <dl>
        {rows.filter(([, value]) => value).map(([name, value]) => <div key={value}><dt>{name}</dt><dd>{value}</dd></div>)}
        <div><dt>GPU</dt><dd class="gpu"><GpuChoice session={session} /></dd></div>
      </dl>
      <h3>Keys</h3>
      <p class="keys">
        <kbd>B</kbd> box <kbd>P</kbd> brush <kbd>E</kbd> eraser <kbd>[</kbd> <kbd>]</kbd> size <kbd>N</kbd> new object{' '}
        <kbd>Ctrl</kbd> <kbd>Z</kbd> undo <kbd>T</kbd> track <kbd>R</kbd> track backwards <kbd>Esc</kbd> stop{' '}
        <kbd>Space</kbd> play <kbd>←</kbd> <kbd>→</kbd> frame <kbd>Home</kbd> <kbd>End</kbd>
      </p>
      <h3>Licences</h3>
      <p>TTVOS-TF: Apache-2.0. LiteRT.js {LITERT_VERSION}: Apache-2.0. mediabunny {MEDIABUNNY_VERSION}: MPL-2.0. Preact {PREACT_VERSION}: MIT.</p>
      <details>
        <summary>The texts</summary>
        <pre tabIndex={0}>{licences}</pre>
      </details>
    </Dialog>
  );
}

/** The GPU is offered once it has passed the self-check; else it is said why not. */
function GpuChoice({session}: {session: Session}): JSX.Element {
  const {gpu, busy, state} = session, disabled = state !== 'ready' || !!busy;
  const round = (milliseconds: number) => `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`;
  if (busy?.what === TRYING_GPU) return <Progress session={session} />;
  if (!gpu || 'why' in gpu) {
    return (
      <>
        <p>{gpu ? `Not used. ${gpu.why}` : 'Not used: the processor gives Python’s masks. A GPU rounds in its own way, so it has to pass the self-check first.'}</p>
        <button disabled={disabled} onClick={() => void session.tryGpu()}>{gpu ? 'Try again' : 'Try this machine’s GPU'}</button>
      </>
    );
  }
  return (
    <>
      <p>{gpu.used ? 'Used. ' : ''}It passed the self-check (IoU {gpu.iou.toFixed(4)}). A step takes it {round(gpu.milliseconds)}, and the processor {round(gpu.processor)}.</p>
      <button disabled={disabled} onClick={() => void session.useGpu(!gpu.used)}>{gpu.used ? 'Use the processor' : 'Use the GPU'}</button>
    </>
  );
}

/** Whether the engine that runs here is the one that the page was built with. */
async function asBuilt({file, sha256}: EngineInfo): Promise<string> {
  try {
    const {files} = await (await fetch('./build.json')).json() as {files: Record<string, string>};
    return files[file] === sha256 ? ', as built' : ', not as built: load the page again';
  } catch {
    return '';
  }
}
