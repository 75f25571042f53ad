import { readSync } from 'node:fs';
import { exitCodes, type Order } from './order.ts';
import { textOfBytes } from './plain.ts';

/*
 * The process that reads a file nobody vouches for, started by take-out.ts for this one file, which is its
 * standard input. It may read its own code and nothing else, has no environment, and is killed when it takes too
 * long or too much memory. The text it finds is what it writes to standard output; how it went, its exit code.
 */

const { kind, pdfjs, mostText, mostPdf, server } = JSON.parse(process.argv[2] ?? '') as Order;

// Whose server was killed works for nobody.
setInterval(() => process.ppid !== server && process.exit(exitCodes.broken), 500).unref();

// pdf.js leaves promises lying about.
for (const event of ['unhandledRejection', 'uncaughtException'])
  process.on(event, () => process.exit(exitCodes.broken));

try {
  const text = kind === 'pdf' ? await ofPdf() : textOfBytes(readUpTo(4 * mostText));
  process.stdout.end(Buffer.from(text).subarray(0, mostText), () => process.exit(0));
} catch (error) {
  const isLocked = error instanceof Error && error.name === 'PasswordException';
  process.exit(isLocked ? exitCodes.locked : exitCodes.broken);
}

async function ofPdf(): Promise<string> {
  // One byte more tells whether there is more.
  const { bytes } = readUpTo(mostPdf + 1);
  if (bytes.length > mostPdf) process.exit(exitCodes.tooBig);
  const { loadPdfjs, textOfPdf } = await import('./pdf.ts');
  const getDocument = await loadPdfjs(pdfjs).catch(() => process.exit(exitCodes.unable));
  return textOfPdf(bytes, { getDocument, limit: mostText });
}

/** What the file holds, or its beginning. */
function readUpTo(most: number): { bytes: Buffer; whole: boolean } {
  const pieces: Buffer[] = [];
  for (let read = 0; read < most; ) {
    const piece = Buffer.allocUnsafe(Math.min(1024 * 1024, most - read));
    const length = readSync(0, piece);
    if (length === 0) return { bytes: Buffer.concat(pieces), whole: true };
    pieces.push(piece.subarray(0, length));
    read += length;
  }
  return { bytes: Buffer.concat(pieces), whole: false };
}
