// The parts that need no browser, against OpenCV and Python.
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect, test} from '@playwright/test';
import {filled} from '../src/core/boxes';
import {inWords, lane, stretches} from '../src/core/lane';
import {mostProbable, softAggregate} from '../src/core/labels';
import {Letterbox, roundHalfEven} from '../src/core/letterbox';
import {isLost, recognize} from '../src/core/recognition';
import {davisPalette} from '../src/core/palette';
import {maskPng, readMask} from '../src/core/png';
import {decode, encode} from '../src/core/runs';
import {OUT} from './server';

interface Case { source: [number, number]; model: [number, number]; [array: string]: string | [number, number] }
interface Memory { keys: string; shares: string; likeness: number; distinct: number }
const {cases, palette, memories} = JSON.parse(readFileSync(join(OUT, 'expected.json'), 'utf8')) as {cases: Case[]; palette: number[]; memories: Memory[]};

for (const each of cases) {
  const bytes = (name: string) => new Uint8Array(Buffer.from(each[name] as string, 'base64'));
  const floats = (name: string) => new Float32Array(bytes(name).buffer);
  const size = ([height, width]: [number, number]) => ({width, height});
  test(`letterbox ${each.source.join('x')} in ${each.model.join('x')}`, () => {
    const box = new Letterbox(size(each.source), size(each.model));
    const rgb = bytes('frame'), rgba = new Uint8Array(rgb.length / 3 * 4);
    for (let i = 0; i < rgb.length / 3; i++) rgba.set(rgb.subarray(3 * i, 3 * i + 3), 4 * i);
    expect(largest(box.frameToModel(rgba), bytes('frame_to_model'))).toBeLessThanOrEqual(1);
    expect(largest(box.maskToModel(bytes('mask')), floats('mask_to_model'))).toBeLessThan(1e-5);
    expect(largest(box.mapToSource(floats('soft')), floats('map_to_source'))).toBeLessThan(1e-5);
  });
}

test('halved frames and maps, as the sample clip has them, are OpenCV’s to the last bit', () => {
  const [each] = cases as [Case];
  const box = new Letterbox({width: 854, height: 480}, {width: 432, height: 240}), rgb = Buffer.from(each['frame'] as string, 'base64');
  const rgba = new Uint8Array(854 * 480 * 4);
  for (let i = 0; i < 854 * 480; i++) rgba.set(rgb.subarray(3 * i, 3 * i + 3), 4 * i);
  expect(largest(box.frameToModel(rgba), Buffer.from(each['frame_to_model'] as string, 'base64'))).toBe(0);
});

function largest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!));
  return most;
}

test('rounding is Python’s', () => {
  expect([0.5, 1.5, 2.5, 2.4, 2.6, -1.5].map(roundHalfEven)).toEqual([0, 2, 2, 2, 3, -2]);
});

test('palette is DAVIS’', () => {
  expect([...davisPalette()]).toEqual(palette);
});

test('runs give back the labels, and only those that are known', () => {
  const labels = Uint8Array.from([0, 0, 1, 1, 2, 0, 0, 3]);
  expect([...decode(encode(labels), 8)]).toEqual([...labels]);
  expect([...decode(encode(labels), 8, new Set([2]))]).toEqual([0, 0, 0, 0, 2, 0, 0, 0]);
});

test('a mask file gives back its labels', async () => {
  const labels = Uint8Array.from({length: 7 * 5}, (_, i) => (i * i) % 5), size = {width: 7, height: 5};
  const read = await readMask(new File([await maskPng(labels, size)], 'mask.png'));
  expect(read).toEqual({labels, ...size});
});

test('boxes are clipped, and those outside are none', () => {
  const size = {width: 6, height: 4};
  expect([...filled([-2, 2, 4, 9], size)!]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0]);
  expect(filled([6, 0, 3, 3], size)).toBeNull();
  expect(filled([1, 1, 0, 3], size)).toBeNull();
});

test('objects share a pixel by soft aggregation, and the background wins a tie', () => {
  const [a, b] = softAggregate([Float32Array.of(2, 0, -1), Float32Array.of(-1, 0, -1)]) as [Float32Array, Float32Array];
  const odds = [Math.exp(-2), Math.exp(2), Math.exp(-1)], sum = odds[0]! + odds[1]! + odds[2]!;
  expect(a[0]).toBeCloseTo(odds[1]! / sum, 6);
  expect(b[0]).toBeCloseTo(odds[2]! / sum, 6);
  const maps = new Map([[4, Float32Array.of(0.5, 0.25, 0.25, 0.5)], [7, Float32Array.of(0.25, 0.5, 0.25, 0.5)]]);
  expect([...mostProbable(maps, 4)]).toEqual([4, 7, 0, 4]);
  expect([...mostProbable(new Map([[4, Float32Array.of(0.5, 0.6)]]), 2)]).toEqual([0, 4]);
});

test('an object is recognised, or not, as Python has it', () => {
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64')).buffer;
  for (const {keys, shares, likeness, distinct} of memories) {
    const found = recognize(new Int8Array(bytes(keys)), new Float32Array(bytes(shares)));
    expect(found.likeness).toBeCloseTo(likeness, 4);
    expect(found.distinct).toBeCloseTo(distinct, 4);
  }
  expect([{likeness: 0.44, distinct: 1}, {likeness: 1, distinct: 0.19}, {likeness: 0.46, distinct: 0.21}].map(isLost)).toEqual([true, true, false]);
});

test('a lane says where an object is, in colours and in words', () => {
  const fates = (['here', 'here', 'lost', 'gone'] as const).map((fate, index) => [index, new Map([[1, fate]])] as const);
  const places = lane(1, 5, new Map(fates));
  expect(places).toEqual(['here', 'here', 'lost', 'gone', 'untracked']);
  expect(stretches(places)[0]).toEqual({place: 'here', from: 0, to: 1});
  expect(inWords('Car', places, [0])).toBe('Car: tracked in 4 of 5 frames; given in frame 0; not seen in 3; probably lost in 2');
});
