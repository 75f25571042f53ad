import { PrismaPg } from '@prisma/adapter-pg';
import {
  bindMigrationAwareSqlAdapterFactory,
  ColumnTypeEnum,
  type SqlQuery,
} from '@prisma/driver-adapter-utils';
import type { MigrationList, SchemaContainer, SchemaEngine } from '@prisma/schema-engine-wasm';
import pg from 'pg';

/** No table or enum is somebody else's. */
const ALL = { externalTables: [], externalEnums: [] };

/** PostgreSQL's one-letter type "char", which the engine reads from the catalogue. */
const CHAR_OID = 18;
const TEXT_OID = 25;

export interface SchemaEngineSession {
  /** Applies what is not applied yet; the names of those. Rejects with PostgreSQL's own error where there is one. */
  applyMigrations(migrations: MigrationList): Promise<string[]>;
  /** The SQL that takes the database to the schema, empty where they agree as far as Prisma can tell. */
  diffTo(schema: SchemaContainer[]): Promise<string>;
}

/**
 * Prisma's own schema engine, compiled to WebAssembly: nothing is downloaded. All that it does in `work` is
 * one transaction on one connection, committed when `work` is done: a kill or an error leaves nothing.
 *
 * The adapter cuts a script at every `;`, even inside a function's body or a comment, and sends the
 * pieces one by one (@prisma/adapter-pg 7.10, executeScript); here a script is sent whole. Nor does it
 * know the type "char", without which the engine cannot describe a database; here it does.
 */
export async function withSchemaEngine<T>(
  { url, schema }: { url: string; schema?: SchemaContainer[] },
  work: (engine: SchemaEngineSession) => Promise<T>,
): Promise<T> {
  // loaded only where it is needed: it is 3 MB, and most starts have nothing to apply
  const { SchemaEngine } = await import('@prisma/schema-engine-wasm');
  const pool = new pg.Pool({ connectionString: url, max: 1, connectionTimeoutMillis: 10_000 });
  pool.on('error', () => undefined);
  const client = await pool.connect();
  // a lost connection shows in the query under way; without a listener it would end the process
  client.on('error', () => undefined);
  let scriptError: unknown;
  let engine: SchemaEngine | null = null;
  try {
    // everything on this one connection: a lost one is an error then, and no new one outside the transaction
    let charColumns: number[] = [];
    Object.assign(pool, {
      async query(query: pg.QueryArrayConfig) {
        const result = await client.query(query);
        charColumns = result.fields.flatMap((field, index) => (field.dataTypeID === CHAR_OID ? [index] : []));
        for (const index of charColumns) Object.assign(result.fields[index] ?? {}, { dataTypeID: TEXT_OID });
        return result;
      },
    });
    const factory = new PrismaPg(pool);
    const connect = factory.connect.bind(factory);
    factory.connect = async () => {
      const adapter = await connect();
      const queryRaw = adapter.queryRaw.bind(adapter);
      return Object.assign(adapter, {
        async queryRaw(query: SqlQuery) {
          const result = await queryRaw(query);
          for (const index of charColumns) result.columnTypes[index] = ColumnTypeEnum.Character;
          return result;
        },
        async executeScript(script: string) {
          try {
            await client.query(script);
          } catch (error) {
            scriptError ??= error;
            throw error;
          }
        },
      });
    };
    await client.query('BEGIN');
    const opened: SchemaEngine = await SchemaEngine.new(
      { datamodels: schema?.map(({ path, content }) => [path, content]) },
      () => undefined,
      bindMigrationAwareSqlAdapterFactory(factory),
    );
    engine = opened;
    const result = await work({
      async applyMigrations(migrationsList) {
        return (await opened.applyMigrations({ migrationsList, filters: ALL })).appliedMigrationNames;
      },
      async diffTo(files) {
        const { stdout } = await opened.diff({
          // the database itself, reached through the adapter; the files only say that it is PostgreSQL
          from: { tag: 'schemaDatasource', files, configDir: '.' },
          to: { tag: 'schemaDatamodel', files },
          script: true,
          exitCode: null,
          filters: ALL,
        });
        return stdout ?? '';
      },
    });
    await client.query('COMMIT');
    return result;
  } catch (error) {
    throw scriptError ?? error;
  } finally {
    engine?.free();
    client.release(true);
    await pool.end();
  }
}
