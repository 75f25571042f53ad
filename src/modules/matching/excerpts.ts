import type { PreparedText, Span } from './prepared-text.ts';

/** Characters that are shown on either side of a place, and at most of a place itself. */
const around = 40;
const longest = 160;

/**
 * For a dry run: a line for each place where a rule matches, at most `n`, with some words on either side. White
 * space becomes one space, `…` stands where the text goes on; a place that an excerpt shows already gets none.
 */
export function excerptsOf({ nfc }: PreparedText, spans: Span[], n = 3): string[] {
  const excerpts: string[] = [];
  let shown = 0;
  for (const { start, end } of spans) {
    if (excerpts.length >= n) break;
    if (end <= shown) continue;
    const from = cutBefore(nfc, start);
    const to = cutBehind(nfc, end - start > longest ? characterAt(nfc, start + longest) : end);
    const line = nfc.slice(from, to).replace(/\s+/g, ' ').trim();
    excerpts.push(`${from > 0 ? '…' : ''}${line}${to < nfc.length ? '…' : ''}`);
    shown = to;
  }
  return excerpts;
}

/** Where an excerpt begins: at the first word of those that fit, or at a character where there is no space. */
function cutBefore(nfc: string, start: number): number {
  if (start <= around) return 0;
  const from = characterAt(nfc, start - around);
  const space = nfc.slice(from, start).search(/\s(?=\S)/);
  return space === -1 ? from : from + space + 1;
}

function cutBehind(nfc: string, end: number): number {
  if (end + around >= nfc.length) return nfc.length;
  const to = characterAt(nfc, end + around);
  const space = /\s\S*$/.exec(nfc.slice(end, to));
  return space ? end + space.index : to;
}

const characters = new Intl.Segmenter('und', { granularity: 'grapheme' });

/** The beginning of what a reader takes for the one character at an offset: an emoji, a letter with its marks. */
function characterAt(nfc: string, at: number): number {
  const from = Math.max(0, at - 200);
  const found = characters.segment(nfc.slice(from, at + 200)).containing(at - from);
  return from + (found?.index ?? at - from);
}
