import {useRef, useState} from 'preact/hooks';
import type {JSX} from 'preact';
import type {Box} from '../core/boxes';
import {Icon} from './icons';
import type {Session, TrackedObject} from './session';

export function Objects({session}: {session: Session}): JSX.Element {
  const {drawn: {objects}, busy, source} = session, file = useRef<HTMLInputElement>(null);
  return (
    <section class="card">
      <div class="title">
        <h2>Objects</h2>
        <button disabled={!!busy} title="New object (N)" onClick={() => session.addObject()}><Icon name="plus" />Add</button>
      </div>
      {!objects.length && <p class="hint">Draw a box around something in the picture. Or paint it with the brush, or load a mask.</p>}
      <ul class="objects">{objects.map((object) => <Entry key={object.id} session={session} object={object} />)}</ul>
      <div class="row">
        <button disabled={!!busy} onClick={() => file.current!.click()}><Icon name="mask" />Load a mask for this frame</button>
        <input
          ref={file} type="file" accept="image/png" hidden data-way="mask" onChange={(event) => {
            const [mask] = event.currentTarget.files ?? [];
            event.currentTarget.value = '';
            if (mask) void session.giveMaskFile(mask);
          }}
        />
      </div>
      <Command key={source!.name} session={session} />
    </section>
  );
}

function Entry({session, object: {id, name, colour}}: {session: Session; object: TrackedObject}): JSX.Element {
  const {busy, index, source} = session, selected = id === session.selected, given = session.given(id), {size} = source!;
  const centred: Box = [Math.round(size.width / 4), Math.round(size.height / 4), Math.round(size.width / 2), Math.round(size.height / 2)];
  return (
    <li class={selected ? 'selected' : ''}>
      <div class="head">
        <input type="color" value={colour} aria-label={`Colour of ${name}`} onInput={(event) => session.change(id, {colour: event.currentTarget.value})} />
        <input
          type="text" value={name} aria-label={`Name of object ${id}`} onFocus={() => session.set({selected: id})}
          onInput={(event) => session.change(id, {name: event.currentTarget.value})}
        />
        <button class="bare" aria-pressed={selected} aria-label={`Draw ${name}`} title="Draw this one" disabled={!!busy} onClick={() => session.set({selected: id})}><Icon name="brush" /></button>
        <button class="bare" aria-label={`Remove ${name}`} disabled={!!busy} onClick={() => session.removeObject(id)}><Icon name="trash" /></button>
      </div>
      {selected && (
        <div class="given">
          {given?.kind === 'box' ? (
            <fieldset disabled={!!busy}>
              <legend>Box in frame {index}, pixels</legend>
              {(['x', 'y', 'width', 'height'] as const).map((side, i) => (
                <label key={side}>{side}
                  <input
                    type="number" min={i < 2 ? 0 : 1} max={i % 2 ? size.height : size.width} value={given.box[i]}
                    onChange={(event) => session.give(id, {kind: 'box', box: given.box.with(i, +event.currentTarget.value) as unknown as Box})}
                  />
                </label>
              ))}
            </fieldset>
          ) : given ? <p>Painted in frame {index}.</p> : <p>Nothing given in frame {index}.</p>}
          <div class="row">
            {given?.kind !== 'box' && <button disabled={!!busy} onClick={() => session.give(id, {kind: 'box', box: centred})}>Box by numbers</button>}
            {given && <button disabled={!!busy} onClick={() => session.give(id, null)}>Take back</button>}
          </div>
        </div>
      )}
    </li>
  );
}

/** The command line that does the same. */
function Command({session}: {session: Session}): JSX.Element | null {
  const [copied, setCopied] = useState(''), command = session.command();
  if (!command) return null;
  const copy = async () => setCopied(await navigator.clipboard.writeText(command).then(() => command, () => ''));
  return (
    <div class="command">
      <div class="title"><h3>The same from the command line</h3><button onClick={() => void copy()}><Icon name="copy" />{copied === command ? 'Copied' : 'Copy'}</button></div>
      <code tabIndex={0}>{command}</code>
      {command.includes('first_mask.png') && <button onClick={() => void session.saveFirstMask()}><Icon name="save" />first_mask.png</button>}
    </div>
  );
}
