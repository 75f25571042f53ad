import { setImmediate as nextTurn } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

type GetDocument = typeof import('unpdf/pdfjs').getDocument;

/** pdf.js takes longer to read than most files: who needs it not does without. */
export async function loadPdfjs(file: string): Promise<GetDocument> {
  const { getDocument } = (await import(pathToFileURL(file).href)) as { getDocument: GetDocument };
  return getDocument;
}

/** A piece of a line, or the mark of a part of the page, which says nothing. */
interface Item {
  str?: string;
  hasEOL?: boolean;
}

/**
 * The text of a PDF, page after page, until there are `limit` characters; pages that are broken are left out. Throws
 * where nothing can be read: broken, or a `PasswordException`.
 */
export async function textOfPdf(
  bytes: Uint8Array,
  { getDocument, limit }: { getDocument: GetDocument; limit: number },
): Promise<string> {
  const pdf = await getDocument({
    // pdf.js takes the buffer for its own, and no Node Buffer
    data: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    verbosity: 0,
    disableFontFace: true,
    useSystemFonts: false,
    useWasm: false,
    useWorkerFetch: false,
    enableXfa: false,
  }).promise;
  const pieces: string[] = [];
  let length = 0;
  let fault: unknown;
  for (let number = 1; number <= pdf.numPages && length < limit; number += 1) {
    try {
      const page = await pdf.getPage(number);
      // Not getTextContent: a small page can hold gigabytes.
      const reader = page.streamTextContent().getReader();
      while (length < limit) {
        const { done, value } = (await reader.read()) as { done: boolean; value?: { items: Item[] } };
        if (done) break;
        for (const { str = '', hasEOL } of value?.items ?? []) {
          pieces.push(str, hasEOL ? '\n' : '');
          length += str.length + 1;
        }
      }
      page.cleanup();
      // a turn for timers, which promises alone do not let through
      await nextTurn();
    } catch (error) {
      fault = error;
    }
    pieces.push('\n');
  }
  if (length === 0 && fault) throw fault;
  return pieces.join('');
}
