import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Model } from './model.ts';

/** Raised with every change of what the bytes mean: a model of another format is learned anew. */
const format = 1;

/** The columns of numbers in the order of the bytes: those of four bytes first, so that each begins at its width. */
const columns = {
  features: Uint32Array,
  having: Uint32Array,
  begins: Uint32Array,
  labelOf: Uint16Array,
  counts: Uint16Array,
  unsure: Uint16Array,
} as const;
type Column = keyof typeof columns;
const names = Object.keys(columns) as Column[];

/** A model as the database keeps it, compressed: some bytes for each feature. */
export function encodeModel(model: Model): Promise<Buffer> {
  const { features, having, begins, labelOf, counts, unsure, ...rest } = model;
  const arrays = { features, having, begins, labelOf, counts, unsure };
  const lengths = Object.fromEntries(names.map((name) => [name, arrays[name].length]));
  const head = Buffer.from(JSON.stringify({ format, lengths, rest }));
  const size = Buffer.alloc(4);
  size.writeUInt32LE(head.length);
  const bytes = names.map((name) => {
    const { buffer, byteOffset, byteLength } = arrays[name];
    return Buffer.from(buffer, byteOffset, byteLength);
  });
  return promisify(gzip)(Buffer.concat([size, head, ...bytes]));
}

/** Null where the bytes are of another format: of another version of the server. */
export async function decodeModel(stored: Uint8Array): Promise<Model | null> {
  const bytes = await promisify(gunzip)(stored);
  const end = 4 + bytes.readUInt32LE(0);
  const head = JSON.parse(bytes.toString('utf8', 4, end));
  if (head.format !== format) return null;
  // a copy begins at a multiple of every width
  const body = Uint8Array.from(bytes.subarray(end)).buffer;
  let at = 0;
  const read = <T>(
    make: { BYTES_PER_ELEMENT: number; new (b: ArrayBuffer, at: number, n: number): T },
    name: Column,
  ) => {
    const array = new make(body, at, head.lengths[name]);
    at += head.lengths[name] * make.BYTES_PER_ELEMENT;
    return array;
  };
  return {
    ...head.rest,
    features: read(Uint32Array, 'features'),
    having: read(Uint32Array, 'having'),
    begins: read(Uint32Array, 'begins'),
    labelOf: read(Uint16Array, 'labelOf'),
    counts: read(Uint16Array, 'counts'),
    unsure: read(Uint16Array, 'unsure'),
  };
}
