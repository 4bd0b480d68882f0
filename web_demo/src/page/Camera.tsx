import {useEffect, useRef, useState} from 'preact/hooks';
import type {JSX} from 'preact';
import {Dialog} from './Dialog';

const KINDS = ['video/mp4;codecs=avc1.42001f', 'video/webm;codecs=vp9', 'video/webm;codecs=vp8', 'video/webm', 'video/mp4'];

/** Records from the camera into a file, which is opened as any other. */
export function Camera({close, recorded}: {close(): void; recorded(file: File): void}): JSX.Element {
  const preview = useRef<HTMLVideoElement>(null), recorder = useRef<MediaRecorder | null>(null);
  const [stream, setStream] = useState<MediaStream | null>(null), [problem, setProblem] = useState(''), [seconds, setSeconds] = useState(-1);

  useEffect(() => {
    let gone = false, taken: MediaStream | null = null;
    const ask = navigator.mediaDevices?.getUserMedia({video: {width: {ideal: 854}, height: {ideal: 480}}, audio: false})
      ?? Promise.reject(new DOMException('', 'NotFoundError'));
    ask.then((given) => {
      taken = given;
      if (gone) return end(given);
      setStream(given);
      preview.current!.srcObject = given;
    }).catch((error: DOMException) => setProblem(reason(error)));
    return () => {
      gone = true;
      if (taken) end(taken);
    };
  }, []);

  const record = () => {
    const type = KINDS.find((kind) => MediaRecorder.isTypeSupported(kind)) ?? '', parts: Blob[] = [];
    const recording = new MediaRecorder(stream!, {mimeType: type, videoBitsPerSecond: 4e6});
    recording.ondataavailable = ({data}) => parts.push(data);
    recording.onstop = () => recorded(new File(parts, type.includes('mp4') ? 'camera.mp4' : 'camera.webm'));
    recording.start();
    recorder.current = recording;
    setSeconds(0);
  };
  useEffect(() => {
    if (seconds < 0) return;
    const clock = setTimeout(() => setSeconds(seconds + 1), 1000);
    return () => clearTimeout(clock);
  }, [seconds]);

  return (
    <Dialog title="Record from the camera" close={close}>
      {problem ? <p role="alert">{problem}</p> : <video ref={preview} class="preview" autoplay muted playsInline aria-label="What the camera sees" />}
      <div class="row">
        {seconds < 0
          ? <button class="primary" disabled={!stream} onClick={record}>Record</button>
          : <button class="primary" onClick={() => recorder.current!.stop()}>Stop after {seconds} s, and draw</button>}
        <button onClick={close}>Cancel</button>
      </div>
    </Dialog>
  );
}

const end = (stream: MediaStream) => { for (const track of stream.getTracks()) track.stop(); };

function reason({name, message}: DOMException): string {
  if (name === 'NotAllowedError') return 'The camera was refused. Allow it for this page in the browser’s address bar, then try again.';
  if (name === 'NotFoundError') return 'There is no camera on this machine.';
  if (name === 'NotReadableError') return 'Another program is using the camera.';
  return `The camera cannot be used: ${message || name}.`;
}
