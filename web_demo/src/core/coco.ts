// COCO's annotations with its compressed run lengths (cocoapi, maskApi.c): columns first, every count but the first three
// as the difference to the one before the last, in groups of five bits from '0' on.
import type {Size} from './letterbox';

export interface CocoObject { readonly id: number; readonly name: string }
export interface CocoFrame { readonly name: string; readonly labels: Uint8Array }

export class Coco {
  private readonly images: object[] = [];
  private readonly annotations: object[] = [];

  constructor(private readonly size: Size, private readonly objects: readonly CocoObject[]) {}

  add({name, labels}: CocoFrame): void {
    const {width, height} = this.size, image = this.images.length + 1;
    this.images.push({id: image, file_name: name, width, height});
    for (const {id} of this.objects) {
      const {counts, area, bbox} = described(labels, this.size, id);
      if (!area) continue;
      this.annotations.push({
        id: this.annotations.length + 1, image_id: image, category_id: id, track_id: id, iscrowd: 0, area, bbox,
        segmentation: {size: [height, width], counts},
      });
    }
  }

  finish(): Blob {
    const categories = this.objects.map(({id, name}) => ({id, name, supercategory: 'object'}));
    const content = {info: {description: 'TTVOS-TF'}, images: this.images, annotations: this.annotations, categories};
    return new Blob([JSON.stringify(content)], {type: 'application/json'});
  }
}

function described(labels: Uint8Array, {width, height}: Size, id: number) {
  const counts: number[] = [];
  let run = 0, inside = false, area = 0, left = width, right = -1, top = height, bottom = -1;
  for (let x = 0; x < width; x++) {
    for (let y = 0, at = x; y < height; y++, at += width) {
      const here = labels[at] === id;
      if (here !== inside) {
        counts.push(run);
        run = 0;
        inside = here;
      }
      run++;
      if (here) {
        area++;
        left = Math.min(left, x);
        right = Math.max(right, x);
        top = Math.min(top, y);
        bottom = Math.max(bottom, y);
      }
    }
  }
  counts.push(run);
  return {counts: compressed(counts), area, bbox: [left, top, right - left + 1, bottom - top + 1]};
}

function compressed(counts: readonly number[]): string {
  let text = '';
  counts.forEach((count, i) => {
    let value = i > 2 ? count - counts[i - 2]! : count;
    for (let more = true; more;) {
      let group = value & 31;
      value >>= 5;
      more = group & 16 ? value !== -1 : value !== 0;
      if (more) group |= 32;
      text += String.fromCharCode(group + 48);
    }
  });
  return text;
}
