import {useEffect, useReducer, useState} from 'preact/hooks';
import type {JSX} from 'preact';
import {About} from './About';
import {Icon} from './icons';
import {Objects} from './Objects';
import {type Session} from './session';
import {Stage} from './Stage';
import {TakeHome} from './TakeHome';
import {Timeline} from './Timeline';
import {Tools} from './Tools';
import {Welcome} from './Welcome';
import {filesOf} from './files';

export function App({session}: {session: Session}): JSX.Element {
  const [, redraw] = useReducer<number, void>((count) => count + 1, 0);
  const [about, setAbout] = useState(false), [over, setOver] = useState(false);
  useEffect(() => session.subscribe(() => redraw()), [session]);
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => shortcut(session, event);
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
  }, [session]);

  const drop = async (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    if (session.state === 'ready' && !session.busy) await session.open(await filesOf(event.dataTransfer!));
  };
  return (
    <div
      class={over ? 'page over' : 'page'} onDragOver={(event) => { event.preventDefault(); setOver(true); }}
      onDragLeave={() => setOver(false)} onDrop={drop}
    >
      <Header session={session} openAbout={() => setAbout(true)} />
      {session.problem && (
        <div class="problem" role="alert">
          <p>{session.problem}</p>
          {session.state !== 'failed' && (
            <button class="bare" aria-label="Close the message" onClick={() => session.set({problem: ''})}><Icon name="close" /></button>
          )}
        </div>
      )}
      <p class="hidden" role="status" aria-live="polite">{session.notice}</p>
      {session.source ? <Studio session={session} /> : <Welcome session={session} />}
      {about && <About session={session} close={() => setAbout(false)} />}
    </div>
  );
}

function Header({session, openAbout}: {session: Session; openAbout(): void}): JSX.Element {
  const {state, busy, source, models, network} = session;
  return (
    <header>
      <h1><img src="./icon.svg" alt="" width="28" height="28" />TTVOS</h1>
      <p class="promise"><Icon name="lock" /><span>Nothing is uploaded: all is computed on this machine.</span></p>
      <div class="right">
        {models.length > 0 && (
          <label class="model">
            <span class="hidden">Network</span>
            <select
              value={network?.name} disabled={!!busy} onChange={(event) => void session.choose(event.currentTarget.value)}
            >
              {models.map((name) => <option key={name} value={name}>{name}</option>)}
            </select>
          </label>
        )}
        {source && <button disabled={!!busy} onClick={() => { session.source = null; session.playing = false; session.set({problem: ''}); }}>New</button>}
        <button onClick={openAbout}>{state === 'ready' ? 'About' : state === 'loading' ? 'Loading' : 'Why not'}</button>
      </div>
    </header>
  );
}

function Studio({session}: {session: Session}): JSX.Element {
  return (
    <main class="studio">
      <section class="viewer" aria-label="Video">
        <Tools session={session} />
        <Stage session={session} />
        <Timeline session={session} />
      </section>
      <aside class="panel">
        <Objects session={session} />
        <TakeHome session={session} />
      </aside>
    </main>
  );
}

/** Keys act where no text is being typed. */
function shortcut(session: Session, event: KeyboardEvent): void {
  const target = event.target as HTMLElement;
  const typing = target.matches('input:not([type=range]):not([type=color]):not([type=file]), textarea, select');
  if (!session.source || typing || document.querySelector('dialog[open]')) return;
  const control = event.ctrlKey || event.metaKey;
  const last = session.source.times.length - 1;
  const keys: Record<string, () => void> = control ? {
    z: () => (event.shiftKey ? session.redo() : session.undo()), y: () => session.redo(),
  } : {
    ' ': () => void session.play(),
    b: () => session.set({tool: 'box'}), p: () => session.set({tool: 'brush'}), e: () => session.set({tool: 'eraser'}),
    '[': () => session.set({brush: Math.max(2, Math.round(session.brush * 0.8))}),
    ']': () => session.set({brush: Math.min(200, Math.round(session.brush * 1.25))}),
    n: () => session.addObject(),
    t: () => void session.track(true), r: () => void session.track(false),
    Escape: () => session.stop(),
    ArrowLeft: () => void session.show(session.index - 1), ArrowRight: () => void session.show(session.index + 1),
    Home: () => void session.show(0), End: () => void session.show(last),
  };
  const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act || event.altKey) return;
  // Buttons have the space bar, sliders the arrows.
  if (event.key === ' ' && target.matches('button, summary, a')) return;
  if (target.matches('input[type=range]') && /^(Arrow|Home|End)/.test(event.key)) return;
  if (session.busy && event.key !== 'Escape') return;
  event.preventDefault();
  act();
}
