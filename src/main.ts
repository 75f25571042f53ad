import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import { buildApp } from './app.ts';
import { type Config, loadConfig } from './config.ts';
import { createDatabase } from './database/client.ts';
import { startEmbeddedPostgres } from './database/embedded.ts';
import { createListener } from './database/listener.ts';
import { migrate } from './database/migrations.ts';
import { createPresence } from './database/presence.ts';
import { AppError } from './errors.ts';
import { scheduleHousekeeping } from './housekeeping.ts';
import { redactedPaths } from './http/logging.ts';
import { createJobs, prepareJobs } from './jobs/jobs.ts';
import { loadSecret } from './secrets.ts';
import { createServices } from './services.ts';

/** A clean stop takes at most this long (uploads that are still coming in are cut off before). */
const stopWithinMs = 10_000;
const cutConnectionsAfterMs = 7_000;

const version = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
).version;

/** Starts the server; the result stops it. Rejects when `stop` fires meanwhile, with all that was opened closed. */
async function start(config: Config, stop: AbortSignal): Promise<() => Promise<void>> {
  const log = pino({
    level: config.logLevel,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: redactedPaths, censor: '********' },
  });
  /** what has been opened, closed in the opposite order: also when the start fails midway */
  const opened: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const each of opened.splice(0).reverse()) {
      await each().catch((error) => log.error({ err: error }, 'closing failed'));
    }
  };

  try {
    let url = config.databaseUrl;
    if (url === undefined) {
      const postgres = await startEmbeddedPostgres({ dataDir: config.dataDir, log });
      opened.push(() => postgres.stop());
      url = postgres.url;
    }
    stop.throwIfAborted();
    await migrate({ url, log })
      .then(() => prepareJobs({ url, log }))
      .catch((error) => {
        throw config.databaseUrl === undefined
          ? error
          : new Error(`DATABASE_URL: ${oneLine(error)}`, { cause: error });
      });
    stop.throwIfAborted();
    const presence = await createPresence({ url, log });
    opened.push(() => presence.close());
    const listener = await createListener({ url, log });
    opened.push(() => listener.close());
    const { db, close: closeDatabase } = createDatabase({
      url,
      onError: (error) => log.warn({ err: error.message }, 'database connection lost'),
    });
    opened.push(closeDatabase);
    const jobs = createJobs({ url, log });
    opened.push(jobs.close);

    const services = await createServices({ config, version, db, presence, listener, jobs, log });
    const first = await services.users.ensureFirstAdministrator(config.admin);
    if (first?.generatedPassword !== undefined) {
      process.stdout.write(
        `\n  First administrator: ${first.username}\n  Password (shown this once): ${first.generatedPassword}\n\n`,
      );
    }
    const { nasMountPath } = config.targets;
    await services.targets.followEnvironment(
      nasMountPath === undefined ? [] : [{ name: 'nas', type: 'smb', options: { path: nasMountPath } }],
    );
    const sessionSecret = await loadSecret({
      dataDir: config.dataDir,
      name: 'session-secret',
      given: config.sessionSecret,
    });
    const app = await buildApp({ config, services, sessionSecret, version, log });
    opened.push(async () => {
      const cut = setTimeout(() => app.server.closeAllConnections(), cutConnectionsAfterMs);
      // A connection whose last request ends only now would otherwise stay open for the next one.
      const idle = setInterval(() => app.server.closeIdleConnections(), 50);
      await app.close();
      clearInterval(idle);
      clearTimeout(cut);
    });
    const housekeeping = await scheduleHousekeeping({ db, services, log });
    opened.push(housekeeping.stop);
    await jobs.start();

    stop.throwIfAborted();
    await app.listen({ host: config.host, port: config.port }).catch((error) => {
      throw new Error(`HOST, PORT: ${oneLine(error)}`, { cause: error });
    });
    return close;
  } catch (error) {
    await close();
    throw error;
  }
}

/** A connection that was tried on several addresses fails with one error for each, and no words of its own. */
function oneLine(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(oneLine).join(', ');
  return String(error instanceof Error ? error.message : error)
    .trim()
    .replaceAll(/\s+/g, ' ');
}

/** What a person who starts the server needs to mend it, in one line. */
function explain(error: unknown): string {
  if (error instanceof AppError) return `ADMIN_USERNAME, ADMIN_PASSWORD: ${error.say('en')}`;
  return oneLine(error);
}

const stopping = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // Ctrl-C arrives twice: from the terminal and from npm.
    if (stopping.signal.aborted) return;
    setTimeout(() => process.exit(1), stopWithinMs);
    stopping.abort();
  });
}
try {
  const close = await start(loadConfig(process.env), stopping.signal);
  if (!stopping.signal.aborted) await once(stopping.signal, 'abort');
  await close();
  process.exit(0);
} catch (error) {
  if (stopping.signal.aborted) process.exit(0);
  process.stderr.write(`classeur: ${explain(error)}\n`);
  process.exit(1);
}
