import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { Prisma, PrismaClient } from './generated/client.ts';

export type Database = PrismaClient;
/** The client inside `db.$transaction(async (tx) => …)`: passed all the way down. */
export type Transaction = Prisma.TransactionClient;

/**
 * Begins a statement that each connection plans once and keeps, which is most of the cost of a small one. For
 * statements of few different texts, whose best plan is the same whatever their values.
 */
export const prepared = Prisma.raw('/* prepared */');

/** The name under which a connection keeps a statement; none, and it is forgotten at once. */
function createStatementNames(): (sql: string) => string {
  const names = new Map<string, string>();
  return (sql) => {
    if (!/^\s*\/\* prepared \*\//.test(sql)) return '';
    const name = names.get(sql) ?? `classeur_${names.size}`;
    names.set(sql, name);
    return name;
  };
}

type Read = (statement: Prisma.Sql) => Promise<unknown[]>;
const reads = new WeakMap<object, Read>();

/**
 * What `$queryRaw` reads, on the same connections but past Prisma, which takes longer over a page of rows than
 * PostgreSQL: for what nearly every request asks. A bigint comes as text. Not for transactions.
 */
export function readRows<T>(db: Database, statement: Prisma.Sql): Promise<T[]> {
  const read = reads.get(db);
  return read ? (read(statement) as Promise<T[]>) : db.$queryRaw<T[]>(statement);
}

/** As Prisma reads it: a day is its beginning in UTC. */
const parsers: pg.CustomTypesConfig = {
  getTypeParser: (type, format) =>
    type === pg.types.builtins.DATE ? (day: string) => new Date(day) : pg.types.getTypeParser(type, format),
};

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
    // Dates in SQL mean UTC whatever the database's own setting. A server that freezes in the middle of a
    // transaction does not keep the others waiting for its locks.
    options: '-c timezone=UTC -c idle_in_transaction_session_timeout=60s',
  });
  pool.on('error', onError);
  const nameOf = createStatementNames();
  const db = new PrismaClient({
    adapter: new PrismaPg(pool, { statementNameGenerator: ({ sql }) => nameOf(sql) }),
  });
  reads.set(db, async ({ text, values }) => {
    const { rows } = await pool.query({ name: nameOf(text), text, values, types: parsers });
    return rows;
  });
  return {
    db,
    async close() {
      await db.$disconnect();
      await pool.end();
    },
  };
}
