import type { Database } from '../../../src/database/client.ts';

/**
 * Adds thousands of documents at once, as a load does that goes past the server: without bytes, checks or words.
 * They are of the types 1 to 4 and of the given correspondents and tags in turn, spread over years of creation in an
 * order of its own, some of one and the same moment; every fifth has no amount and no date.
 */
export async function addMany(
  db: Database,
  o: { count: number; owners: number[]; correspondents: number[]; tags: number[] },
): Promise<void> {
  const { count, owners, correspondents, tags } = o;
  await db.$transaction(
    async (tx) => {
      await tx.$executeRaw`SELECT set_config('session_replication_role', 'replica', true)`;
      await tx.$executeRaw`
        CREATE TEMP TABLE fresh ON COMMIT DROP AS
        SELECT nextval(pg_get_serial_sequence('documents', 'id'))::int AS id, n, hashint4(n) & 1048575 AS place,
          encode(sha256(convert_to(gen_random_uuid()::text, 'UTF8')), 'hex') AS sha256
        FROM generate_series(1, ${count}::int) AS n`;
      await tx.$executeRaw`
        INSERT INTO documents (id, owner_id, title, document_type_id, correspondent_id, document_date, amount, sha256,
          filed_month, filed_name, filed_key, created_at, updated_at, text_status, validation_status)
        SELECT id, (${owners}::int[])[1 + n % ${owners.length}::int], 'Paper ' || place, 1 + n % 4,
          (${correspondents}::int[])[1 + n % ${correspondents.length + 1}::int],
          CASE WHEN n % 5 > 0 THEN DATE '2020-01-01' + place % 2000 END, CASE WHEN n % 5 > 0 THEN place % 10000 / 100.0 END,
          sha256, '2020-01-01', id || '.pdf', id || '.pdf',
          TIMESTAMPTZ '2020-01-01Z' + make_interval(mins => place / 3 * 3), TIMESTAMPTZ '2025-01-01Z' + make_interval(mins => n), 'none',
          CASE WHEN n % 100 = 0 THEN 'approved' ELSE 'na' END
        FROM fresh`;
      await tx.$executeRaw`
        INSERT INTO document_versions (document_id, number, sha256, file_size, mime_type, original_filename, created_by_id)
        SELECT id, 1, sha256, 1, 'application/pdf', id || '.pdf', ${owners[0]} FROM fresh`;
      await tx.$executeRaw`
        INSERT INTO document_tags (document_id, tag_id)
        SELECT id, (${tags}::int[])[1 + n % ${tags.length}::int] FROM fresh WHERE n % 3 = 0`;
    },
    { timeout: 120_000 },
  );
  await db.$executeRaw`ANALYZE documents, document_versions, document_tags`;
}
