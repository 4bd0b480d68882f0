import type {JSX} from 'preact';
import {Icon} from './icons';
import type {Session} from './session';

/** What is being done, how far it is, and the way to end it. */
export function Progress({session}: {session: Session}): JSX.Element | null {
  const {busy} = session;
  if (!busy) return null;
  const {what, done, of, stoppable} = busy;
  const count = of > 1e5 ? `${(done / 1e6).toFixed(1)} of ${(of / 1e6).toFixed(1)} MB` : of ? `${done} of ${of}` : '';
  return (
    <div class="progress">
      <span>{what} {count}</span>
      <progress aria-label={what} {...(of ? {value: done, max: of} : {})} />
      {stoppable && <button class="stop" onClick={() => session.stop()}><Icon name="stop" />Stop</button>}
    </div>
  );
}
