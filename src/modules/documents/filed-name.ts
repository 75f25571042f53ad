import type { Transaction } from '../../database/client.ts';
import { Prisma } from '../../database/generated/client.ts';
import { filedPath, foldKey, safeName, suffixed } from './filing.ts';

/**
 * The first name that is free for a document in its month and, on every target, at its path: the wanted one,
 * else `stem-<id>.ext`, `stem-<id>-2.ext`, … Taken are the names of the month's other documents, and the paths
 * where a target still holds, or is being sent, a copy of another document.
 *
 * The unique index on (filed_month, filed_key) has the last word, see `transact`.
 */
export async function chooseFiledName(
  tx: Transaction,
  o: { documentId: number; filedMonth: Date; folder: string; wanted: string[]; name: string },
): Promise<{ filedName: string; filedKey: string }> {
  const batch = 8;
  for (let attempt = 1; attempt < 999; attempt += batch) {
    const neighbours = Array.from({ length: batch }, (_, index) =>
      suffixed(o.name, o.documentId, attempt + index),
    );
    const names = attempt === 1 ? [...o.wanted, o.name, ...neighbours] : neighbours;
    const keys = names.map(foldKey);
    const paths = names.map((filedName) =>
      foldKey(filedPath({ filedMonth: o.filedMonth, folder: o.folder, filedName })),
    );
    const [free] = await tx.$queryRaw<{ at: number }[]>`
      SELECT w.at::int AS at FROM unnest(${keys}::text[], ${paths}::text[]) WITH ORDINALITY AS w (key, path, at)
      WHERE NOT EXISTS (
          SELECT 1 FROM documents d WHERE d.filed_month = ${o.filedMonth}::date AND d.filed_key = w.key AND d.id <> ${o.documentId})
        AND NOT EXISTS (SELECT 1 FROM sync_copies h WHERE h.held_key = w.path AND h.document_id <> ${o.documentId})
        AND NOT EXISTS (SELECT 1 FROM sync_copies s WHERE s.sending_key = w.path AND s.document_id <> ${o.documentId})
      ORDER BY w.at LIMIT 1`;
    const filedName = free && names[free.at - 1];
    if (filedName) return { filedName, filedKey: foldKey(filedName) };
  }
  throw new Error(`no free name for document ${o.documentId}`);
}

/**
 * Makes way when the documents of a type go to another folder: those whose path there a target still uses for
 * another document get another name.
 */
export async function renameForFolder(
  tx: Transaction,
  o: { documentTypeId: number; folder: string },
): Promise<void> {
  const paths = Prisma.sql`to_char(d.filed_month, 'YYYY/MM/') || ${foldKey(o.folder)}::text || '/' || d.filed_key`;
  const taken = await tx.$queryRaw<{ id: number; filed_month: Date; original_filename: string }[]>`
    SELECT d.id, d.filed_month, v.original_filename
    FROM documents d JOIN document_versions v ON v.document_id = d.id AND v.number = d.version
    WHERE d.document_type_id = ${o.documentTypeId} AND (
      EXISTS (SELECT 1 FROM sync_copies h WHERE h.held_key = ${paths} AND h.document_id <> d.id)
      OR EXISTS (SELECT 1 FROM sync_copies s WHERE s.sending_key = ${paths} AND s.document_id <> d.id))`;
  for (const row of taken) {
    const place = await chooseFiledName(tx, {
      documentId: row.id,
      filedMonth: row.filed_month,
      folder: o.folder,
      wanted: [],
      name: safeName(row.original_filename),
    });
    await tx.document.update({
      where: { id: row.id },
      data: { ...place, revision: { increment: 1 } },
      select: { id: true },
    });
  }
}
