import { createHash } from 'node:crypto';
import type { Transaction } from '../../database/client.ts';
import type { Prisma } from '../../database/generated/client.ts';
import { badIdempotencyKey, keyReused } from './documents.errors.ts';
import type { ShownDocument } from './documents.queries.ts';

/** Throws a 400 unless the header is absent or 1–255 visible ASCII characters. */
export function checkIdempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(header)) throw badIdempotencyKey();
  return header;
}

export function fingerprintOf(content: object): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

/**
 * Takes a user's key for this content. Null: it is new, and kept if the transaction commits. Otherwise what
 * its first use was answered with. Waits for another transaction that is using the same key at this moment.
 * Throws `documents.idempotency_key_reused` when the first use was for other content.
 */
export async function claimKey(
  tx: Transaction,
  o: { userId: number; key: string; fingerprint: string; now: Date },
): Promise<ShownDocument | null> {
  const taken = await tx.$executeRaw`
    INSERT INTO idempotency_keys (user_id, key, fingerprint, response, created_at)
    VALUES (${o.userId}, ${o.key}, ${o.fingerprint}, '{}', ${o.now}) ON CONFLICT DO NOTHING`;
  if (taken === 1) return null;
  const known = await tx.idempotencyKey.findUniqueOrThrow({
    where: { userId_key: { userId: o.userId, key: o.key } },
  });
  if (known.fingerprint !== o.fingerprint) throw keyReused();
  return known.response as unknown as ShownDocument;
}

/** Notes what the key's use is answered with. */
export async function keepAnswer(
  tx: Transaction,
  o: { userId: number; key: string; answer: ShownDocument },
): Promise<void> {
  await tx.idempotencyKey.update({
    where: { userId_key: { userId: o.userId, key: o.key } },
    data: { response: o.answer as unknown as Prisma.InputJsonObject, documentId: o.answer.document.id },
  });
}
