import type {JSX} from 'preact';
import {Icon} from './icons';
import type {Session} from './session';

/** What is being done, how far it is, and the way to end it. */
export function Progress({session}: {session: Session}): JSX.Element | null {
  const {busy} = session;
  if (!busy) return null;
  const {what, done, of, stoppable} = busy;
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  const count = Math.max(done, of) < 1e5 ? (of ? `${done} of ${of}` : '') : of ? `${megabytes(done)} of ${megabytes(of)} MB` : `${megabytes(done)} MB`;
  return (
    <div class="progress">
      <span>{what} {count}</span>
      <progress aria-label={what} {...(of ? {value: done, max: of} : {})} />
      {stoppable && <button class="stop" onClick={() => session.stop()}><Icon name="stop" />Stop</button>}
    </div>
  );
}
