// Where an object is along a video, and where it probably is not what was asked for. Ours, not the paper's.

/** Of an object in a tracked frame: it is labelled, it is labelled but probably lost, or nothing is labelled. */
export type Fate = 'here' | 'lost' | 'gone';
export type Place = Fate | 'untracked';

/** What is known of an object in each frame. */
export function lane(id: number, count: number, fates: ReadonlyMap<number, ReadonlyMap<number, Fate>>): Place[] {
  return Array.from({length: count}, (_, index) => fates.get(index)?.get(id) ?? 'untracked');
}

export interface Stretch { readonly place: Place; readonly from: number; readonly to: number }

/** Neighbours that are alike, joined; `to` belongs to the stretch. */
export function stretches(places: readonly Place[]): Stretch[] {
  const result: Stretch[] = [];
  for (const [index, place] of places.entries()) {
    const last = result.at(-1);
    if (last?.place === place) result[result.length - 1] = {...last, to: index};
    else result.push({place, from: index, to: index});
  }
  return result;
}

/** A lane in words, for those who do not see it. */
export function inWords(name: string, places: readonly Place[], given: readonly number[]): string {
  const frames = (place: Place) => stretches(places).filter((stretch) => stretch.place === place)
    .map(({from, to}) => (from === to ? `${from}` : `${from} to ${to}`)).join(', ');
  const tracked = places.filter((place) => place !== 'untracked').length;
  const parts = [`${name}: tracked in ${tracked} of ${places.length} frames`];
  if (given.length) parts.push(`given in frame ${given.join(', ')}`);
  for (const [place, word] of [['gone', 'not seen'], ['lost', 'probably lost']] as const) {
    if (frames(place)) parts.push(`${word} in ${frames(place)}`);
  }
  return parts.join('; ');
}
