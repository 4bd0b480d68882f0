import {useEffect, useRef} from 'preact/hooks';
import type {ComponentChildren, JSX} from 'preact';
import {Icon} from './icons';

export function Dialog({title, close, children}: {title: string; close(): void; children: ComponentChildren}): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current!.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby="dialog-title" onClose={close}>
      <div class="title">
        <h2 id="dialog-title">{title}</h2>
        <button class="bare" aria-label="Close" onClick={close}><Icon name="close" /></button>
      </div>
      {children}
    </dialog>
  );
}
