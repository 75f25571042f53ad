import { toNfc } from './nfc.ts';

const ascii = /^[\0-\x7f]*$/;

/**
 * Unicode's full case folding (CaseFolding.txt, C + F), then NFC: `STRASSE` is `Straße`, `ΟΔΟΣ` is `οδος` and
 * `οδοσ`. Character by character, so that a Σ at the end of a word is no other letter. Turkish letters stay
 * apart as Unicode has it without a language: `İ` is `i` with a dot above, `ı` only itself.
 */
export function foldCase(text: string): string {
  if (ascii.test(text)) return text.toLowerCase();
  let folded = '';
  for (const character of text) folded += foldCharacter(character);
  return toNfc(folded);
}

// JavaScript has no folding; down, up and down again ends at the same string for all letters of one folding,
// but for ı, whose capital is the I of i
function foldCharacter(character: string): string {
  return character === 'ı' ? character : character.toLowerCase().toUpperCase().toLowerCase();
}
