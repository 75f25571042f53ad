/** Soft hyphens, zero-width spaces, byte order marks: a word is a word whatever is hidden in it. */
const unseen = /[\u00ad\u200b\u2060\ufeff]/g;
/** All but tabulators and line feeds. PostgreSQL keeps no NUL. */
const controls = /[^\P{Cc}\t\n]|\p{Zl}|\p{Zp}/gu;

/**
 * Bytes that claim to be UTF-8 as text that can be kept: well-formed, in NFC, without control characters, and of
 * at most `limit` bytes, cut between two characters. Null where there is no letter or digit in it.
 */
export function cleanText(bytes: Buffer, { limit }: { limit: number }): string | null {
  const text = new TextDecoder('utf-8')
    // a half character at the end is kept for a next time that does not come
    .decode(bytes, { stream: true })
    .replace(/\r\n?/g, '\n')
    .replace(unseen, '')
    .replace(controls, ' ')
    .normalize('NFC')
    .trim();
  if (!/[\p{L}\p{N}]/u.test(text)) return null;
  const encoded = Buffer.from(text);
  if (encoded.length <= limit) return text;
  return new TextDecoder('utf-8').decode(encoded.subarray(0, limit), { stream: true });
}
