/** The longest run of marks on one character that any script needs: UAX #15, Stream-Safe Text Format. */
const endlessMarks = /\p{M}{31}/u;
const upToManyMarks = /\P{M}*\p{M}{0,30}/gu;

/** NFC; a run of marks past any sense is taken in pieces, since to sort it takes the square of its length. */
export function toNfc(text: string): string {
  if (!endlessMarks.test(text)) return text.normalize('NFC');
  return text.replace(upToManyMarks, (piece) => piece.normalize('NFC'));
}
