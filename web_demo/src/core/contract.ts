// The tensors of a TTVOS file, by name. Which states and features there are, their shapes and dtypes, the file says.

export const SIGNATURES = {
  init: {inputs: ['frame', 'mask'], outputs: []},
  step: {inputs: ['frame'], outputs: ['probability']},
  encode: {inputs: ['frame'], outputs: []},
  segment: {inputs: [], outputs: ['logit']},
  update: {inputs: ['mask_prob'], outputs: []},
} as const;
export type SignatureName = keyof typeof SIGNATURES;

/** Of networks with a memory. */
export const MEMORY_KEY = 'state_memory_key', MEMORY_MASK = 'state_memory_mask';

export const isState = (name: string): boolean => name.startsWith('state_');
export const isFeature = (name: string): boolean => name.startsWith('feat');

export interface ModelEntry { readonly file: string; readonly sha256: string; readonly size_bytes: number }
/** models.json of the package. */
export type Manifest = {readonly default: string} & {readonly [name: string]: ModelEntry | string};
