import { Prisma } from '../../../database/generated/client.ts';

/** Characters of a document's text that rules read: as many as they are fast over. */
const readCharacters = 200_000;

/** What the rules run over, of the documents `d` (contract §5): title and text. The one place that says so. */
export const matchedText = Prisma.sql`(d.title || coalesce(
  (SELECT E'\\n' || left(t.text, ${readCharacters}::int) FROM document_texts t WHERE t.document_id = d.id), ''))`;
