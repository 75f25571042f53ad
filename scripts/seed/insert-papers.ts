import type { Transaction } from '../../src/database/client.ts';
import { filedMonthOf, filedPath, foldKey, safeName, suffixed } from '../../src/modules/documents/filing.ts';
import { enqueue } from '../../src/modules/sync/journal.queries.ts';
import type { SyntheticDocument } from './generate.ts';
import type { Lists } from './lists.ts';

interface Place {
  id: number;
  month: Date;
  /** the folder of its type */
  folder: string;
  originalFilename: string;
  name: string;
  key: string;
}

const keyIn = (place: Pick<Place, 'month' | 'key'>) => `${place.month.getTime()} ${place.key}`;

/** Which of the places are taken: by a document of the month, or by a copy that a target holds or is sent. */
async function findTaken(tx: Transaction, places: Place[]): Promise<Set<number>> {
  const paths = places.map(({ month: filedMonth, folder, name: filedName }) =>
    foldKey(filedPath({ filedMonth, folder, filedName })),
  );
  const rows = await tx.$queryRaw<{ id: number }[]>`
    WITH w AS MATERIALIZED (
      SELECT * FROM unnest(${places.map((place) => place.id)}::int[], ${places.map((place) => place.month)}::date[],
        ${places.map((place) => place.key)}::text[], ${paths}::text[]) AS w (id, month, key, path))
    SELECT w.id FROM w JOIN documents d ON d.filed_month = w.month AND d.filed_key = w.key
    UNION ALL SELECT w.id FROM w JOIN sync_copies c ON c.held_key = w.path
    UNION ALL SELECT w.id FROM w JOIN sync_copies c ON c.sending_key = w.path`;
  return new Set(rows.map((row) => row.id));
}

/** Gives each document a name of its own in its month: what `chooseFiledName` does for one, for thousands. */
async function choosePlaces(tx: Transaction, places: Place[]): Promise<void> {
  const chosen = new Set<string>();
  let open = places;
  for (let attempt = 0; open.length > 0; attempt += 1) {
    for (const place of open) {
      const safe = safeName(place.originalFilename);
      place.name = attempt === 0 ? safe : suffixed(safe, place.id, attempt);
      place.key = foldKey(place.name);
    }
    const taken = await findTaken(tx, open);
    open = open.filter((place) => {
      const key = keyIn(place);
      if (taken.has(place.id) || chosen.has(key)) return true;
      chosen.add(key);
      return false;
    });
  }
}

const statusOf = ({ approval }: SyntheticDocument) =>
  approval === null ? 'na' : (approval.decision?.status ?? 'pending');

async function nextIds(tx: Transaction, count: number): Promise<number[]> {
  const [row] = await tx.$queryRaw<{ ids: number[] }[]>`
    WITH s AS MATERIALIZED (SELECT pg_get_serial_sequence('documents', 'id')::regclass AS name)
    SELECT array_agg(nextval(s.name)::int) AS ids FROM s, generate_series(1, ${count}::int)`;
  return row?.ids ?? [];
}

/** Archive serial numbers go on from the highest there is. */
async function nextAsns(tx: Transaction, papers: SyntheticDocument[]): Promise<(number | null)[]> {
  const [row] = await tx.$queryRaw<{ highest: number | null }[]>`SELECT max(asn) AS highest FROM documents`;
  let asn = row?.highest ?? 0;
  return papers.map((paper) => {
    if (!paper.numbered || asn >= 2 ** 31 - 1) return null;
    asn += 1;
    return asn;
  });
}

/**
 * Writes papers whose bytes are in the store as documents, with their versions, texts, tags and their rows in the
 * journal of every target. For one transaction: they are there together or not at all. `rows` are those of the
 * first four.
 */
export async function insertPapers(
  tx: Transaction,
  { papers, lists }: { papers: SyntheticDocument[]; lists: Lists },
): Promise<{ ids: number[]; rows: number }> {
  const ids = await nextIds(tx, papers.length);
  const asns = await nextAsns(tx, papers);
  const types = papers.map((paper) => lists.typeOf(paper.type));
  const owners = papers.map((paper) => lists.ownerOf(paper.owner));
  const created = papers.map((paper) => paper.createdAt.toISOString());
  const hashes = papers.map((paper) => paper.sha256);
  const places = papers.map((paper, index) => ({
    id: ids[index] ?? 0,
    month: filedMonthOf({
      documentDate: paper.date === null ? null : new Date(paper.date),
      createdAt: paper.createdAt,
    }),
    folder: types[index]?.folder ?? '',
    originalFilename: paper.originalFilename,
    name: '',
    key: '',
  }));
  await choosePlaces(tx, places);

  await tx.$executeRaw`
    INSERT INTO documents (id, owner_id, title, document_type_id, correspondent_id, document_date, amount, currency, asn,
      sha256, filed_month, filed_name, filed_key, created_at, updated_at, validation_status, text_status)
    SELECT w.id, w.owner, w.title, w.type, w.correspondent, w.date, w.amount, w.currency, w.asn,
      w.sha256, w.month, w.name, w.key, w.created, coalesce(w.decided, w.created), w.status, 'done'
    FROM unnest(${ids}::int[], ${owners}::int[], ${papers.map((paper) => paper.title)}::text[],
      ${types.map((type) => type.id)}::int[],
      ${papers.map((paper) => (paper.correspondent === null ? null : lists.correspondentOf(paper.correspondent)))}::int[],
      ${papers.map((paper) => paper.date)}::date[], ${papers.map((paper) => paper.amount)}::numeric[],
      ${papers.map((paper) => paper.currency)}::text[], ${asns}::int[], ${hashes}::text[],
      ${places.map((place) => place.month)}::date[], ${places.map((place) => place.name)}::text[],
      ${places.map((place) => place.key)}::text[], ${created}::timestamptz[],
      ${papers.map(({ approval }) => approval?.decision?.at.toISOString() ?? null)}::timestamptz[],
      ${papers.map(statusOf)}::text[])
      AS w (id, owner, title, type, correspondent, date, amount, currency, asn, sha256, month, name, key, created, decided,
        status)`;
  await tx.$executeRaw`
    INSERT INTO document_versions (document_id, number, sha256, file_size, mime_type, original_filename, created_by_id, created_at)
    SELECT w.id, 1, w.sha256, w.size, 'text/plain', w.name, w.owner, w.created
    FROM unnest(${ids}::int[], ${hashes}::text[], ${papers.map((paper) => paper.size)}::int[],
      ${papers.map((paper) => paper.originalFilename)}::text[], ${owners}::int[], ${created}::timestamptz[])
      AS w (id, sha256, size, name, owner, created)`;

  const tagged = papers.flatMap((paper, index) =>
    lists
      .tagsOf(paper.tags)
      .map((tagId) => ({ documentId: ids[index] ?? 0, tagId, createdAt: created[index] ?? '' })),
  );
  await tx.$executeRaw`
    INSERT INTO document_tags (document_id, tag_id, created_at)
    SELECT * FROM unnest(${tagged.map((row) => row.documentId)}::int[], ${tagged.map((row) => row.tagId)}::int[],
      ${tagged.map((row) => row.createdAt)}::timestamptz[])`;
  await tx.$executeRaw`
    INSERT INTO document_texts (document_id, version, text, created_at)
    SELECT w.id, 1, w.text, w.created
    FROM unnest(${ids}::int[], ${papers.map((paper) => paper.text)}::text[], ${created}::timestamptz[])
      AS w (id, text, created)`;
  await enqueue(tx, { documentIds: ids });
  return { ids, rows: 3 * papers.length + tagged.length };
}
