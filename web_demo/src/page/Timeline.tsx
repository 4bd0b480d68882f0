import type {JSX} from 'preact';
import {inWords, lane, stretches} from '../core/lane';
import {Icon} from './icons';
import {Progress} from './Progress';
import type {Session} from './session';

export function Timeline({session}: {session: Session}): JSX.Element {
  const {source, index, busy, playing, drawn} = session, {times, names} = source!, last = times.length - 1;
  const p50 = session.percentile(0.5), p90 = session.percentile(0.9);
  const step = (by: number) => { session.playing = false; void session.show(index + by); };
  const nothing = !drawn.objects.length;
  return (
    <div class="timeline">
      <div class="transport">
        <div class="group">
          <button aria-label="Frame before (←)" disabled={!!busy || index === 0} onClick={() => step(-1)}><Icon name="previous" /></button>
          <button aria-label={playing ? 'Pause (Space)' : 'Play (Space)'} disabled={!!busy} onClick={() => void session.play()}><Icon name={playing ? 'pause' : 'play'} /></button>
          <button aria-label="Next frame (→)" disabled={!!busy || index === last} onClick={() => step(1)}><Icon name="next" /></button>
        </div>
        <span class="number"><b>{names[index]}</b> of {times.length}</span>
        {busy ? <Progress session={session} /> : (
          <div class="group go">
            <button title="Track to the first frame (R)" disabled={nothing || index === 0} onClick={() => void session.track(false)}><Icon name="backwards" /><span>Backwards</span></button>
            <button class="primary" title="Track to the last frame (T)" disabled={nothing} onClick={() => void session.track(true)}><Icon name="forwards" />{index && session.masks.size ? 'Track on from here' : 'Track'}</button>
          </div>
        )}
        {session.unseen && <span class="speed">This tab was in the background: browsers slow such tabs down, but no frame is left out.</span>}
        {p50 !== null && <span class="speed" title="Time of the network and what is around it, a frame">{Math.round(p50)} ms a frame, p90 {Math.round(p90!)} ms</span>}
      </div>
      <div class="lanes" style={{'--at': last ? index / last : 0}}>
        <input
          type="range" class="scrub" aria-label="Frame" min="0" max={last} value={index} disabled={!!busy}
          onInput={(event) => { session.playing = false; void session.show(+event.currentTarget.value); }}
        />
        <div class="tracks">{drawn.objects.map((object) => <Lane key={object.id} session={session} object={object} />)}</div>
        {drawn.objects.length > 0 && <p class="legend">
          <span><i class="here" />followed</span><span><i class="lost" />probably lost</span><span><i class="gone" />not seen</span><span><i class="mark" />given</span>
        </p>}
      </div>
    </div>
  );
}

/** How thick a lane is. */
const ACROSS = {untracked: {}, here: {y: 2, height: 18}, lost: {y: 8, height: 6}, gone: {y: 10, height: 2}} as const;

function Lane({session, object: {id, name, colour}}: {session: Session; object: Session['drawn']['objects'][number]}): JSX.Element {
  const count = session.source!.times.length, places = lane(id, count, session.fates);
  const given = [...session.drawn.givens].filter(([, each]) => each.has(id)).map(([index]) => index).sort((a, b) => a - b);
  const middle = (index: number) => (count > 1 ? index / (count - 1) : 0) * 1000;
  return (
    <div class={id === session.selected ? 'lane selected' : 'lane'} onClick={() => session.set({selected: id})}>
      <svg viewBox="0 0 1000 22" preserveAspectRatio="none" role="img" aria-label={inWords(name, places, given)} style={{color: colour}}>
        <rect class="ground" width="1000" height="22" rx="3" />
        {stretches(places).filter(({place}) => place !== 'untracked').map(({place, from, to}) => {
          const half = 500 / Math.max(1, count - 1), left = Math.max(0, middle(from) - half), right = Math.min(1000, middle(to) + half);
          return <rect key={from} class={place} x={left} width={right - left} {...ACROSS[place]} />;
        })}
      </svg>
      <span class="name" aria-hidden="true">{name}</span>
      {given.map((index) => <i key={index} class="mark" style={{left: `${middle(index) / 10}%`}} />)}
    </div>
  );
}
