import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { type Prisma, PrismaClient } from './generated/client.ts';

export type Database = PrismaClient;
/** The client inside `db.$transaction(async (tx) => …)`: passed all the way down. */
export type Transaction = Prisma.TransactionClient;

/**
 * Opens the pool that the whole server shares. `onError` hears of connections lost while idle (a restarted
 * database); the pool replaces them by itself.
 */
export function createDatabase({
  url,
  connections = 16,
  onError,
}: {
  url: string;
  connections?: number;
  onError: (error: Error) => void;
}): { db: Database; close: () => Promise<void> } {
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    application_name: 'classeur',
    // Dates in SQL mean UTC whatever the database's own setting.
    options: '-c timezone=UTC',
  });
  pool.on('error', onError);
  const db = new PrismaClient({ adapter: new PrismaPg(pool) });
  return {
    db,
    async close() {
      await db.$disconnect();
      await pool.end();
    },
  };
}
