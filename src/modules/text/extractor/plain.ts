/** What text begins with that says how it is written. */
const marks: [mark: number[], encoding: string][] = [
  [[0xff, 0xfe], 'utf-16le'],
  [[0xfe, 0xff], 'utf-16be'],
];

/**
 * The text of a plain text file: as its byte order mark says, else UTF-8, else windows-1252, in which Windows and
 * older programs write French. Of a file that goes on (`whole` false), a character that is cut in two is left out.
 */
export function textOfBytes({ bytes, whole }: { bytes: Buffer; whole: boolean }): string {
  const marked = marks.find(([mark]) => mark.every((byte, i) => bytes[i] === byte));
  if (marked) return new TextDecoder(marked[1]).decode(bytes, { stream: !whole });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: !whole });
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}
