// The frame, the masks over it, and drawing on them. Pictures are drawn here and nowhere else.
import {useEffect, useLayoutEffect, useRef, useState} from 'preact/hooks';
import type {JSX, TargetedPointerEvent} from 'preact';
import type {Box} from '../core/boxes';
import {fromHex} from '../core/palette';
import {tint} from '../core/tint';
import type {Session} from './session';

interface Point { readonly x: number; readonly y: number }
/** What the pointer is doing: a box from its fixed corner, or a stroke on a mask that is not given yet. */
type Drag = {readonly kind: 'box'; readonly id: number; readonly fixed: Point; box: Box}
  | {readonly kind: 'stroke'; readonly id: number; readonly labels: Uint8Array; last: Point};

const NEAR = 14; // CSS pixels to a corner, for it to be taken
const LEAST = 3; // CSS pixels that a box must have

export function Stage({session}: {session: Session}): JSX.Element {
  const {size} = session.source!;
  const frame = useRef<HTMLCanvasElement>(null), masks = useRef<HTMLCanvasElement>(null), shapes = useRef<SVGSVGElement>(null);
  const [drag, setDrag] = useState<Drag | null>(null), [pointer, setPointer] = useState<Point | null>(null);
  const {picture, index, drawn, opacity, tool, brush} = session;
  const tracked = session.masks.get(index), given = drawn.givens.get(index);

  useLayoutEffect(() => {
    const canvas = frame.current!;
    if (!picture) return;
    if (canvas.width !== picture.width || canvas.height !== picture.height) Object.assign(canvas, {width: picture.width, height: picture.height});
    canvas.getContext('2d')!.drawImage(picture, 0, 0);
  }, [picture]);

  const colours = () => new Map(drawn.objects.map(({id, colour}) => [id, fromHex(colour)]));
  const paint = (labels: Uint8Array, left = 0, top = 0, right = size.width, bottom = size.height) => {
    const pixels = tint(labels, size, colours(), opacity, [left, top, right, bottom]);
    masks.current!.getContext('2d')!.putImageData(new ImageData(pixels, right - left, bottom - top), left, top);
  };
  useLayoutEffect(() => paint(session.labels()), [tracked, given, drawn.objects, opacity, index, size]);

  useEffect(() => {
    const cancel = (event: KeyboardEvent) => { if (event.key === 'Escape' && drag) { setDrag(null); paint(session.labels()); } };
    document.addEventListener('keydown', cancel);
    return () => document.removeEventListener('keydown', cancel);
  }, [drag]);

  const scale = () => shapes.current!.getBoundingClientRect().width / size.width;
  const at = (event: PointerEvent): Point => {
    const place = shapes.current!.getBoundingClientRect();
    const inside = (value: number, most: number) => Math.max(0, Math.min(most, value));
    return {
      x: inside((event.clientX - place.left) * size.width / place.width, size.width),
      y: inside((event.clientY - place.top) * size.height / place.height, size.height),
    };
  };

  const stroke = (moving: Drag & {kind: 'stroke'}, to: Point) => {
    const {labels, id, last} = moving, radius = brush / 2, steps = Math.max(1, Math.ceil(Math.hypot(to.x - last.x, to.y - last.y) / Math.max(1, radius / 2)));
    for (let step = 1; step <= steps; step++) {
      const x = last.x + (to.x - last.x) * step / steps, y = last.y + (to.y - last.y) * step / steps;
      stamp(labels, size, x, y, radius, (label) => (tool === 'brush' ? id : label === id ? 0 : label));
    }
    const around = radius + 2;
    paint(
      labels, Math.max(0, Math.floor(Math.min(last.x, to.x) - around)), Math.max(0, Math.floor(Math.min(last.y, to.y) - around)),
      Math.min(size.width, Math.ceil(Math.max(last.x, to.x) + around)), Math.min(size.height, Math.ceil(Math.max(last.y, to.y) + around)));
    moving.last = to;
  };

  const down = (event: TargetedPointerEvent<SVGSVGElement>) => {
    if (session.busy || event.button > 0 || drag) return;
    event.preventDefault();
    event.currentTarget.setPointerCapture(event.pointerId);
    session.playing = false;
    const id = session.addressed(), point = at(event), old = session.given(id);
    if (tool === 'box') {
      const corner = old?.kind === 'box' ? opposite(old.box, point, NEAR / scale()) : null;
      setDrag({kind: 'box', id, fixed: corner ?? point, box: corner ? between(corner, point) : [point.x, point.y, 0, 0]});
    } else {
      const begun: Drag = {kind: 'stroke', id, labels: session.labels(), last: point};
      stroke(begun, point);
      setDrag(begun);
    }
  };
  const move = (event: TargetedPointerEvent<SVGSVGElement>) => {
    const point = at(event);
    setPointer(event.pointerType === 'touch' ? null : point);
    if (drag?.kind === 'box') setDrag({...drag, box: between(drag.fixed, point)});
    if (drag?.kind === 'stroke') for (const each of event.getCoalescedEvents?.() ?? [event]) stroke(drag, at(each));
  };
  const up = () => {
    if (!drag) return;
    setDrag(null);
    if (drag.kind === 'box') {
      const [x, y, width, height] = drag.box;
      if (Math.min(width, height) * scale() >= LEAST) session.give(drag.id, {kind: 'box', box: [x, y, width, height]});
      else session.set({problem: 'That box covers nothing: press in one corner of the object, and let go in the other.'});
    } else {
      session.giveMask(drag.id, drag.labels.map((label) => (label === drag.id ? 1 : 0)));
    }
  };

  const boxes = drawn.objects.flatMap((object) => {
    const each = given?.get(object.id);
    const box = drag?.kind === 'box' && drag.id === object.id ? drag.box : each?.kind === 'box' ? each.box : null;
    return box ? [{...object, box}] : [];
  });
  const painting = tool !== 'box' && !session.busy;
  return (
    <div class="stage" style={{aspectRatio: `${size.width} / ${size.height}`, '--ratio': size.width / size.height}}>
      <canvas ref={frame} />
      <canvas ref={masks} width={size.width} height={size.height} />
      <svg
        ref={shapes} viewBox={`0 0 ${size.width} ${size.height}`} class={painting ? 'painting' : 'boxing'} role="application"
        aria-label={`Frame ${index}. Draw here with the pointer, or give a box by its numbers beside the object's name.`}
        onPointerDown={down} onPointerMove={move} onPointerUp={up} onPointerCancel={up} onPointerLeave={() => setPointer(null)}
      >
        {boxes.map(({id, name, colour, box: [x, y, width, height]}) => (
          <g key={id} class={id === session.selected ? 'shape selected' : 'shape'} stroke={colour} fill={colour}>
            <rect x={x} y={y} width={width} height={height} fill-opacity="0.08" />
            {id === session.selected && [[x, y], [x + width, y], [x, y + height], [x + width, y + height]].map(([cx, cy], corner) => (
              <circle key={corner} cx={cx} cy={cy} r={size.width / 160} />
            ))}
            <text x={x} y={y - size.height / 90} font-size={size.height / 26} stroke="none">{name}</text>
          </g>
        ))}
        {painting && pointer && <circle class="cursor" cx={pointer.x} cy={pointer.y} r={brush / 2} />}
      </svg>
    </div>
  );
}

function between(a: Point, b: Point): Box {
  const x = Math.round(Math.min(a.x, b.x)), y = Math.round(Math.min(a.y, b.y));
  return [x, y, Math.round(Math.max(a.x, b.x)) - x, Math.round(Math.max(a.y, b.y)) - y];
}

/** The corner of a box that stays where it is when the one near a point is dragged. */
function opposite([x, y, width, height]: Box, point: Point, near: number): Point | null {
  for (const [right, below] of [[0, 0], [1, 0], [0, 1], [1, 1]] as const) {
    const corner = {x: x + right * width, y: y + below * height};
    if (Math.hypot(corner.x - point.x, corner.y - point.y) <= near) return {x: x + (1 - right) * width, y: y + (1 - below) * height};
  }
  return null;
}

function stamp(
  labels: Uint8Array, {width, height}: {width: number; height: number}, x: number, y: number, radius: number, to: (label: number) => number,
): void {
  const bottom = Math.min(height - 1, Math.floor(y + radius)), right = Math.min(width - 1, Math.floor(x + radius));
  for (let row = Math.max(0, Math.ceil(y - radius - 1)); row <= bottom; row++) {
    for (let column = Math.max(0, Math.ceil(x - radius - 1)); column <= right; column++) {
      if ((column + 0.5 - x) ** 2 + (row + 0.5 - y) ** 2 <= radius ** 2) labels[row * width + column] = to(labels[row * width + column]!);
    }
  }
}
