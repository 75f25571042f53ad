/** npm run seed -- --documents N [--seed S]: fills the database with synthetic documents (contract §9). */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { type Config, loadConfig } from '../src/config.ts';
import { createDatabase } from '../src/database/client.ts';
import { startEmbeddedPostgres } from '../src/database/embedded.ts';
import { migrate } from '../src/database/migrations.ts';
import { AppError } from '../src/errors.ts';
import { createUsersService } from '../src/modules/users/users.service.ts';
import { readArguments, type SeedArguments } from './seed/arguments.ts';
import { seedDocuments } from './seed/write.ts';

const count = (number: number) => Math.round(number).toLocaleString('en');

async function seed(
  config: Config,
  { documents, ...rest }: SeedArguments,
  signal: AbortSignal,
): Promise<void> {
  const log = pino({ level: config.logLevel === 'info' ? 'warn' : config.logLevel }, pino.destination(2));
  /** what has been opened, closed in the opposite order */
  const opened: (() => Promise<void>)[] = [];
  try {
    let url = config.databaseUrl;
    if (url === undefined) {
      const postgres = await startEmbeddedPostgres({ dataDir: config.dataDir, log });
      opened.push(() => postgres.stop());
      url = postgres.url;
    }
    await migrate({ url, log });
    const { db, close } = createDatabase({
      url,
      connections: 4,
      onError: (error) => log.warn({ err: error.message }, 'database connection lost'),
    });
    opened.push(close);
    const first = await createUsersService({ db }).ensureFirstAdministrator(config.admin);
    if (first?.generatedPassword !== undefined) {
      console.log(`First administrator: ${first.username}`);
      console.log(`Password (shown this once): ${first.generatedPassword}`);
    }

    const root = path.join(config.dataDir, 'documents');
    await mkdir(root, { recursive: true, mode: 0o700 });
    const began = performance.now();
    const seconds = () => (performance.now() - began) / 1000;
    let done = 0;
    const progress = setInterval(() => {
      console.log(
        `seed: ${count(done)} of ${count(documents)} documents, ${count(done / seconds())} a second`,
      );
    }, 1000);
    opened.push(async () => clearInterval(progress));
    const inserted = await seedDocuments({
      db,
      root,
      documents,
      ...rest,
      signal,
      onProgress: (total) => {
        done = total;
      },
    });
    const took = seconds();
    console.log(
      `seed: ${count(inserted.documents)} documents (${count(inserted.rows)} rows) in ${took.toFixed(1)} s, ` +
        `${count(inserted.documents / took)} documents and ${count(inserted.rows / took)} rows a second`,
    );
  } finally {
    for (const close of opened.reverse()) await close();
  }
}

/** What a person can mend is one line. */
function explain(error: unknown): string {
  if (error instanceof AppError) return `ADMIN_USERNAME, ADMIN_PASSWORD: ${error.say('en')}`;
  return error instanceof Error ? error.message : String(error);
}

try {
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
  await seed(loadConfig(process.env), readArguments(process.argv.slice(2)), stop.signal);
  // by force: Prisma's schema engine leaves a timer of ten seconds behind
  process.exit(0);
} catch (error) {
  console.error(`seed: ${explain(error)}`);
  process.exit(1);
}
