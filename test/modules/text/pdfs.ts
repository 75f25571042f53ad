import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';

/** PDFs made by hand, object by object: good ones, and such as nobody should send. */

type Body = string | Buffer;

const bytesOf = (body: Body) => (typeof body === 'string' ? Buffer.from(body, 'latin1') : body);

/** A file of these objects, numbered from 1, of which the first is the catalog; with a correct table of contents. */
export function assemble(bodies: Body[], trailer = ''): Buffer {
  const pieces = [Buffer.from('%PDF-1.4\n%\xe2\xe3\xcf\xd3\n', 'latin1')];
  let length = pieces[0]?.length ?? 0;
  const offsets = bodies.map((body, i) => {
    const at = length;
    const piece = Buffer.concat([Buffer.from(`${i + 1} 0 obj\n`), bytesOf(body), Buffer.from('\nendobj\n')]);
    pieces.push(piece);
    length += piece.length;
    return `${String(at).padStart(10, '0')} 00000 n \n`;
  });
  const size = bodies.length + 1;
  pieces.push(
    Buffer.from(
      `xref\n0 ${size}\n0000000000 65535 f \n${offsets.join('')}` +
        `trailer\n<< /Size ${size} /Root 1 0 R ${trailer} >>\nstartxref\n${length}\n%%EOF\n`,
    ),
  );
  return Buffer.concat(pieces);
}

export function stream(data: Body, entries = ''): Buffer {
  const bytes = bytesOf(data);
  return Buffer.concat([
    Buffer.from(`<< /Length ${bytes.length} ${entries} >>\nstream\n`),
    bytes,
    Buffer.from('\nendstream'),
  ]);
}

export const deflated = (data: Body) =>
  stream(deflateSync(bytesOf(data), { level: 9 }), '/Filter /FlateDecode');

const font = '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>';
const page = (content: string) =>
  `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents ${content} /Resources << /Font << /F1 5 0 R >> >> >>`;

/** One page for each content, all in Helvetica. */
export function ofPages(contents: Buffer[], trailer = ''): Buffer {
  const first = 6;
  const kids = contents.map((_, i) => `${first + 2 * i} 0 R`);
  return assemble(
    [
      '<< /Type /Catalog /Pages 2 0 R >>',
      `<< /Type /Pages /Kids [${kids.join(' ')}] /Count ${kids.length} >>`,
      'null',
      'null',
      font,
      ...contents.flatMap((content, i) => [page(`${first + 2 * i + 1} 0 R`), content]),
    ],
    trailer,
  );
}

const escaped = (line: string) => line.replace(/[()\\]/g, '\\$&');
const lines = (text: string) =>
  `BT /F1 12 Tf 72 720 Td 14 TL ${text
    .split('\n')
    .map((line) => `(${escaped(line)}) Tj T*`)
    .join(' ')} ET`;

/** A page for each text, in windows-1252. */
export const textPdf = (...texts: string[]) => ofPages(texts.map((text) => deflated(lines(text))));

/** As a scanner without text recognition makes it: only drawing. */
export const scanPdf = () => ofPages([stream('q 500 0 0 700 40 60 cm 0.5 g 0 0 1 1 re f Q')]);

/** Kilobytes that become a gigabyte. */
export function bombPdf(): Buffer {
  const zeros = deflateSync(Buffer.alloc(1 << 30, 0x20), { level: 9 });
  return ofPages([stream(deflateSync(zeros, { level: 9 }), '/Filter [/FlateDecode /FlateDecode]')]);
}

/** Arrays within arrays within arrays. */
export const deepPdf = () => ofPages([deflated(Buffer.alloc(20_000_000, '['))]);

/** The same page, full of lines that say nothing, again and again, and at the end one that says `text`. */
export function slowPdf(text: string, times = 30): Buffer {
  return assemble([
    '<< /Type /Catalog /Pages 2 0 R >>',
    `<< /Type /Pages /Kids [${'3 0 R '.repeat(times)} 6 0 R] /Count ${times + 1} >>`,
    page('4 0 R'),
    deflated('0 0 m 9 9 l S\n'.repeat(100_000)),
    font,
    page('7 0 R'),
    deflated(lines(text)),
  ]);
}

/** Hours of work, and little memory. */
export const endlessPdf = () => slowPdf('never', 50_000);

/** A page that says so much that nobody wants it all. */
export const talkativePdf = (word: string) =>
  ofPages([deflated(`BT /F1 12 Tf ${`(${word}) Tj T* `.repeat(1_000_000)} ET`)]);

/** Locked with a password that it does not open without (RC4, 40 bits: the first that PDF knew). */
export function lockedPdf(password: string): Buffer {
  const padding = Buffer.from('28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a', 'hex');
  const padded = (text: string) => Buffer.concat([Buffer.from(text, 'latin1'), padding]).subarray(0, 32);
  const md5 = (...parts: Buffer[]) => createHash('md5').update(Buffer.concat(parts)).digest();
  const owner = rc4(md5(padded(password)).subarray(0, 5), padded(password));
  const id = Buffer.alloc(16, 7);
  const rights = Buffer.alloc(4);
  rights.writeInt32LE(-44);
  const key = md5(padded(password), owner, rights, id).subarray(0, 5);
  const user = rc4(key, padding);
  const hex = (bytes: Buffer) => `<${bytes.toString('hex')}>`;
  const content = lines('Secret');
  // the content is object 4, generation 0
  const objectKey = md5(key, Buffer.from([4, 0, 0, 0, 0])).subarray(0, 10);
  return assemble(
    [
      '<< /Type /Catalog /Pages 2 0 R >>',
      '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
      page('4 0 R'),
      stream(rc4(objectKey, Buffer.from(content, 'latin1'))),
      font,
      `<< /Filter /Standard /V 1 /R 2 /Length 40 /P -44 /O ${hex(owner)} /U ${hex(user)} >>`,
    ],
    `/Encrypt 6 0 R /ID [${hex(id)} ${hex(id)}]`,
  );
}

/** OpenSSL keeps it out of reach by now, and it is short. */
function rc4(key: Buffer, data: Buffer): Buffer {
  const state = Array.from({ length: 256 }, (_, i) => i);
  const at = (i: number) => state[i & 255] ?? 0;
  const swap = (i: number, j: number) => {
    const kept = at(i);
    state[i] = at(j);
    state[j] = kept;
  };
  for (let i = 0, j = 0; i < 256; i += 1) {
    j = (j + at(i) + (key[i % key.length] ?? 0)) & 255;
    swap(i, j);
  }
  let j = 0;
  return Buffer.from(
    data.map((byte, n) => {
      const i = (n + 1) & 255;
      j = (j + at(i)) & 255;
      swap(i, j);
      return byte ^ at(at(i) + at(j));
    }),
  );
}
