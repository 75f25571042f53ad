import type { Database, Transaction } from '../../database/client.ts';
import { Prisma } from '../../database/generated/client.ts';
import { asnTaken, duplicateDocument, fieldErrors } from './documents.errors.ts';

/** Two transactions waited for each other, and PostgreSQL ended this one. */
function isDeadlock(error: unknown): boolean {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return false;
  const { code, driverAdapterError } = (error.meta ?? {}) as {
    code?: string;
    driverAdapterError?: { cause?: { originalCode?: string } };
  };
  return error.code === 'P2034' || [code, driverAdapterError?.cause?.originalCode].includes('40P01');
}

/** The unique index that refused a row, or `reference` where a row it names is gone; null for other faults. */
function conflict(error: unknown): string | null {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return null;
  if (error.code === 'P2003') return 'reference';
  if (error.code !== 'P2002') return null;
  const { driverAdapterError } = (error.meta ?? {}) as {
    driverAdapterError?: { cause?: { constraint?: { index?: string } } };
  };
  return driverAdapterError?.cause?.constraint?.index ?? 'unknown';
}

/**
 * Runs `work` in a transaction, and again when another transaction took a name, a content or a referenced row
 * between its look and its write, or the two waited for each other: the next look sees what that one committed. Work must therefore do nothing
 * outside the database before its last statement.
 */
export async function transact<T>(db: Database, work: (tx: Transaction) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.$transaction(work, { maxWait: 30_000, timeout: 60_000 });
    } catch (error) {
      if (isDeadlock(error) && attempt < 8) continue;
      const inTheWay = conflict(error);
      if (!inTheWay) throw error;
      if (inTheWay === 'documents_asn_key')
        throw asnTaken({ fields: { asn: [fieldErrors.asnTaken] }, cause: error });
      if (attempt < 8) continue;
      // Always in the way, never to be seen: the owner has these bytes in a document the caller may not see.
      if (inTheWay === 'documents_owner_id_sha256_key')
        throw duplicateDocument({ params: { document_id: '?' }, cause: error });
      throw error;
    }
  }
}
