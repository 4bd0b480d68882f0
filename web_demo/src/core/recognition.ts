// Whether what is followed still looks like what was given; as scores.py has it. Ours, not the paper's.

// A place is the object's from half of the largest share that any has, and is another's below a twentieth of the place.
const OWN = 0.5, OTHER = 0.05;
const LEAST_LIKENESS = 0.45, LEAST_DISTINCT = 0.2;

/** How well the given object's places are found again, and the share of its recent places that are more like it than like the rest. */
export interface Recognition { readonly likeness: number; readonly distinct: number }

export const isLost = ({likeness, distinct}: Recognition): boolean => likeness < LEAST_LIKENESS || distinct < LEAST_DISTINCT;

/** Of an object's memory: keys of the given frame's places, then of a recent frame's, and the object's share of each place. */
export function recognize(keys: ArrayLike<number>, shares: Float32Array): Recognition {
  const half = shares.length / 2, channels = keys.length / shares.length, given = shares.subarray(0, half);
  const target = owned(given), rest = [...given.keys()].filter((place) => given[place]! < OTHER);
  const now = owned(shares.subarray(half)).map((place) => half + place);
  if (!target.length || !now.length) return {likeness: 1, distinct: 1}; // it covers no place, or was not seen since
  const unit = directions(keys, channels), found = new Float32Array(target.length).fill(-1);
  const cosine = (a: number, b: number) => {
    let sum = 0;
    for (let i = a * channels, j = b * channels, end = i + channels; i < end; i++, j++) sum += unit[i]! * unit[j]!;
    return sum;
  };
  let distinct = 0, whole = 0;
  for (const place of now) {
    let own = -1, other = -1;
    target.forEach((each, i) => {
      const alike = cosine(place, each);
      own = Math.max(own, alike);
      found[i] = Math.max(found[i]!, alike);
    });
    for (const each of rest) other = Math.max(other, cosine(place, each));
    whole += shares[place]!;
    if (own > other) distinct += shares[place]!;
  }
  return {likeness: found.reduce((sum, value) => sum + value) / found.length, distinct: rest.length ? distinct / whole : 1};
}

function owned(shares: Float32Array): number[] {
  const least = OWN * shares.reduce((a, b) => Math.max(a, b));
  return [...shares.keys()].filter((place) => shares[place]! > 0 && shares[place]! >= least);
}

/** The keys at length 1: int8 files count them in steps of one scale. */
function directions(keys: ArrayLike<number>, channels: number): Float32Array {
  const unit = Float32Array.from(keys);
  for (let from = 0; from < unit.length; from += channels) {
    const key = unit.subarray(from, from + channels), length = Math.hypot(...key) + 1e-6;
    key.forEach((value, i) => { key[i] = value / length; });
  }
  return unit;
}
