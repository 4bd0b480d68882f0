// A ZIP of files that are compressed already: stored, not deflated again.
import {crc32} from './crc';
import {ascii, joined} from './png';

const LOCAL = 0x04034b50, CENTRAL = 0x02014b50, END = 0x06054b50;
const MOST_ENTRIES = 65535;
const UTF8_NAMES = 0x0800, VERSION = 20;
const NEW_YEAR_1980 = 0x21; // no clock: the same masks give the same file

export class Zip {
  private readonly parts: Uint8Array<ArrayBuffer>[] = [];
  private readonly entries: Uint8Array[] = [];
  private size = 0;

  add(name: string, content: Uint8Array<ArrayBuffer>): void {
    if (this.entries.length === MOST_ENTRIES) throw new Error(`A ZIP holds at most ${MOST_ENTRIES} files: export a part`);
    const path = ascii(name);
    const described = (signature: number, before: number, after: number) => {
      const bytes = new Uint8Array(before + 26 + after), view = new DataView(bytes.buffer);
      view.setUint32(0, signature, true);
      view.setUint16(before, VERSION, true);
      view.setUint16(before + 2, UTF8_NAMES, true);
      view.setUint16(before + 8, NEW_YEAR_1980, true);
      view.setUint32(before + 10, crc32(content), true);
      view.setUint32(before + 14, content.length, true);
      view.setUint32(before + 18, content.length, true);
      view.setUint16(before + 22, path.length, true);
      return {bytes, view};
    };
    const entry = described(CENTRAL, 6, 14);
    entry.view.setUint16(4, VERSION, true);
    entry.view.setUint32(42, this.size, true);
    this.entries.push(joined([entry.bytes, path]));
    for (const part of [described(LOCAL, 4, 0).bytes, path, content]) {
      this.parts.push(part as Uint8Array<ArrayBuffer>);
      this.size += part.length;
    }
  }

  finish(): Blob {
    const directory = joined(this.entries), end = new Uint8Array(22), view = new DataView(end.buffer);
    view.setUint32(0, END, true);
    view.setUint16(8, this.entries.length, true);
    view.setUint16(10, this.entries.length, true);
    view.setUint32(12, directory.length, true);
    view.setUint32(16, this.size, true);
    return new Blob([...this.parts, directory, end], {type: 'application/zip'});
  }
}
