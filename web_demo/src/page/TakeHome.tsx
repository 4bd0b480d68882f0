import type {JSX} from 'preact';
import type {ExportKind} from '../protocol';
import {Icon} from './icons';
import type {Session} from './session';

const KINDS: readonly (readonly [ExportKind, string, string])[] = [
  ['masks', 'Masks', 'PNG a frame in a ZIP, as ttvos segment writes them'],
  ['coco', 'COCO', 'JSON with run lengths'],
  ['overlay', 'Overlay', 'video with the objects in colour'],
  ['cutout', 'Cut-out', 'WebM video with transparency'],
  ['blur', 'Blurred background', 'video'],
  ['colour', 'One-coloured background', 'video'],
];

export function TakeHome({session}: {session: Session}): JSX.Element {
  const {masks, busy, source, background} = session, count = masks.size;
  return (
    <section class="card">
      <h2>Take home</h2>
      <p class="hint">{count ? `${count} of ${source!.times.length} frames have masks.` : 'Track first: what is found can be saved here.'}</p>
      <ul class="exports">
        {KINDS.map(([kind, name, what]) => (
          <li key={kind}>
            <button disabled={!count || !!busy} onClick={() => void session.export(kind)}>
              <Icon name="save" /><span><b>{name}</b><small>{what}</small></span>
            </button>
            {kind === 'colour' && (
              <input type="color" aria-label="Colour of the background" value={background} onInput={(event) => session.set({background: event.currentTarget.value})} />
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
