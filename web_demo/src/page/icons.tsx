import type {JSX} from 'preact';

const PATHS = {
  box: 'M4 8V6a2 2 0 0 1 2-2h2M16 4h2a2 2 0 0 1 2 2v2M20 16v2a2 2 0 0 1-2 2h-2M8 20H6a2 2 0 0 1-2-2v-2',
  brush: 'M14 5l5 5M4 20c3 0 5-1 5-3.500a2.500 2.500 0 0 0-5 0C4 18 3 19 2 19.500c.6.3 1.200.5 2 .5zM8.500 14.500L17 4.500a1.800 1.800 0 0 1 2.600 2.600L9.800 15.500',
  eraser: 'M9 20h11M5.500 15.500l9-9a2 2 0 0 1 2.800 0l2.200 2.200a2 2 0 0 1 0 2.800L12 19H8l-2.500-2.500a.7.7 0 0 1 0-1zM10 11l5 5',
  undo: 'M9 7L4 12l5 5M4 12h10a6 6 0 0 1 6 6v1', redo: 'M15 7l5 5-5 5M20 12H10a6 6 0 0 0-6 6v1',
  play: 'M7 5l12 7-12 7z', pause: 'M8 5v14M16 5v14', stop: 'M6 6h12v12H6z',
  previous: 'M15 6l-6 6 6 6', next: 'M9 6l6 6-6 6', forwards: 'M5 6l7 6-7 6zM13 6l7 6-7 6z', backwards: 'M19 6l-7 6 7 6zM11 6l-7 6 7 6z',
  plus: 'M12 5v14M5 12h14', trash: 'M5 7h14M10 7V5h4v2M7 7l1 13h8l1-13', film: 'M4 5h16v14H4zM8 5v14M16 5v14M4 9.700h4M4 14.300h4M16 9.700h4M16 14.300h4',
  folder: 'M3 7a2 2 0 0 1 2-2h4l2 2h8a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2z', camera: 'M3 8a2 2 0 0 1 2-2h9a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2zM16 11l5-3v8l-5-3',
  copy: 'M9 9h10v10H9zM5 15V5h10', lock: 'M6 11h12v9H6zM9 11V8a3 3 0 0 1 6 0v3', close: 'M6 6l12 12M18 6L6 18', save: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  mask: 'M4 5h16v14H4zM4 16c3-5 6-6 8-3s4 2 8-3',
} as const;
export type IconName = keyof typeof PATHS;
const SOLID: ReadonlySet<IconName> = new Set(['play', 'stop', 'forwards', 'backwards']);

export function Icon({name}: {name: IconName}): JSX.Element {
  return (
    <svg class={SOLID.has(name) ? 'icon solid' : 'icon'} viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
