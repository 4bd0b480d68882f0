import {useRef, useState} from 'preact/hooks';
import type {JSX, TargetedEvent} from 'preact';
import {Camera} from './Camera';
import {Icon} from './icons';
import {Progress} from './Progress';
import type {Session} from './session';

export function Welcome({session}: {session: Session}): JSX.Element {
  const video = useRef<HTMLInputElement>(null), folder = useRef<HTMLInputElement>(null);
  const [camera, setCamera] = useState(false);
  const disabled = session.state !== 'ready' || !!session.busy;
  const open = (event: TargetedEvent<HTMLInputElement>) => {
    const files = [...event.currentTarget.files ?? []];
    event.currentTarget.value = '';
    if (files.length) void session.open(files);
  };
  return (
    <main class="welcome">
      <div class="lead">
        <h2>Draw a box around something. It is followed through the video.</h2>
        <p>A small neural network labels every pixel of every frame, here in your browser. Correct it where it errs, go on
          from there, and take the masks home.</p>
        <div class="first">
          <button class="primary large" disabled={disabled} onClick={() => void session.openSample()}><Icon name="play" />Try the sample clip</button>
          <Progress session={session} />
        </div>
      </div>
      <div class="ways">
        <h3>Or take your own</h3>
        <button disabled={disabled} onClick={() => video.current!.click()}>
          <Icon name="film" /><span><b>A video</b><small>MP4, MOV, WebM or MKV. Or drop it anywhere on this page.</small></span>
        </button>
        <button disabled={disabled} onClick={() => folder.current!.click()}>
          <Icon name="folder" /><span><b>A folder of images</b><small>One a frame, in the order of their names.</small></span>
        </button>
        <button disabled={disabled} onClick={() => setCamera(true)}>
          <Icon name="camera" /><span><b>The camera</b><small>Record a few seconds, then draw.</small></span>
        </button>
        <input ref={video} type="file" accept="video/*,.mkv" hidden onChange={open} data-way="video" />
        <input ref={folder} type="file" multiple hidden onChange={open} data-way="folder" {...{webkitdirectory: true}} />
      </div>
      {camera && <Camera close={() => setCamera(false)} recorded={(file) => { setCamera(false); void session.open([file]); }} />}
    </main>
  );
}
