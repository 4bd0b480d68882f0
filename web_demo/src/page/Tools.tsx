import type {JSX} from 'preact';
import {Icon, type IconName} from './icons';
import type {Session, Tool} from './session';

const TOOLS: readonly (readonly [Tool, IconName, string, string])[] = [
  ['box', 'box', 'Box', 'B'], ['brush', 'brush', 'Brush', 'P'], ['eraser', 'eraser', 'Eraser', 'E'],
];

export function Tools({session}: {session: Session}): JSX.Element {
  const {tool, brush, opacity, busy} = session;
  return (
    <div class="tools" role="toolbar" aria-label="Drawing">
      <div class="group">
        {TOOLS.map(([name, icon, label, key]) => (
          <button
            key={name} aria-pressed={tool === name} title={`${label} (${key})`} disabled={!!busy} onClick={() => session.set({tool: name})}
          >
            <Icon name={icon} /><span>{label}</span>
          </button>
        ))}
      </div>
      {tool !== 'box' && (
        <label class="slider">
          <span>Size</span>
          <input type="range" min="2" max="200" value={brush} onInput={(event) => session.set({brush: +event.currentTarget.value})} />
          <output>{brush} px</output>
        </label>
      )}
      <div class="group">
        <button title="Undo (Ctrl Z)" aria-label="Undo" disabled={!session.canUndo || !!busy} onClick={() => session.undo()}><Icon name="undo" /></button>
        <button title="Redo (Ctrl Y)" aria-label="Redo" disabled={!session.canRedo || !!busy} onClick={() => session.redo()}><Icon name="redo" /></button>
      </div>
      <label class="slider last">
        <span>Opacity</span>
        <input
          type="range" min="0" max="100" value={100 * opacity}
          onInput={(event) => session.set({opacity: +event.currentTarget.value / 100})}
        />
      </label>
    </div>
  );
}
