import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { pino } from 'pino';
import { buildApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import { createDatabase, type Database } from '../../src/database/client.ts';
import { createListener } from '../../src/database/listener.ts';
import { createPresence } from '../../src/database/presence.ts';
import { createJobs } from '../../src/jobs/jobs.ts';
import { createServices, type Services } from '../../src/services.ts';
import { createTestDatabase } from './database.ts';

export interface Answer {
  status: number;
  /** whatever JSON holds: its shape is what is being tested */
  body: ReturnType<JSON['parse']>;
  headers: Record<string, string | string[] | number | undefined>;
  bytes: Buffer;
}

export type Send = (
  url: string,
  options?: Pick<InjectOptions, 'headers' | 'query' | 'payload'>,
) => Promise<Answer>;

/** Calls the API as one user (or as nobody); addresses are relative to `/api/v1`, or begin with `//` for the root. */
export interface Client {
  id: number;
  username: string;
  cookie: string;
  get: Send;
  delete: Send;
  post: (url: string, payload?: unknown, headers?: Record<string, string>) => Promise<Answer>;
  put: (url: string, payload?: unknown, headers?: Record<string, string>) => Promise<Answer>;
  patch: (url: string, payload?: unknown, headers?: Record<string, string>) => Promise<Answer>;
}

export interface TestApp {
  app: FastifyInstance;
  db: Database;
  services: Services;
  databaseUrl: string;
  dataDir: string;
  /** the first administrator */
  admin: Client;
  nobody: Client;
  /** a new user, signed in */
  member: (username?: string) => Promise<Client>;
  signIn: (username: string, password: string) => Promise<Client>;
  /** starts to listen on a free port of loopback; the base address */
  listen: () => Promise<string>;
  close: () => Promise<void>;
}

export const password = 'correct horse battery staple';

/**
 * The whole server on a database and a data folder of its own, without listening. Close it when done. Background
 * jobs are sent, and done only with `jobs: true`.
 */
export async function startTestApp(
  environment: Record<string, string> = {},
  { jobs: works = false }: { jobs?: boolean } = {},
): Promise<TestApp> {
  const database = await createTestDatabase();
  const dataDir = await mkdtemp(path.join(tmpdir(), 'classeur-test-'));
  const config = loadConfig({
    DATA_DIR: dataDir,
    DATABASE_URL: database.url,
    RATE_LIMIT_MAX: '0',
    LOG_LEVEL: 'silent',
    ADMIN_PASSWORD: password,
    ...environment,
  });
  const log = pino({ level: config.logLevel });
  const presence = await createPresence({ url: database.url, log });
  const listener = await createListener({ url: database.url, log });
  const { db, close: closeDatabase } = createDatabase({
    url: database.url,
    connections: 8,
    onError: () => undefined,
  });
  const jobs = createJobs({ url: database.url, log });
  const services = await createServices({
    config,
    version: '0.0.0-test',
    db,
    presence,
    listener,
    jobs,
    log,
  });
  await services.users.ensureFirstAdministrator(config.admin);
  const app = await buildApp({ config, services, sessionSecret: 'x'.repeat(40), version: '0.0.0-test', log });
  await app.ready();
  if (works) await jobs.start();

  function clientOf(o: { id: number; username: string; cookie: string }): Client {
    const send = async (
      method: InjectOptions['method'],
      url: string,
      options: InjectOptions = {},
    ): Promise<Answer> => {
      const reply = await app.inject({
        method: method ?? 'GET',
        url: url.startsWith('//') ? url.slice(1) : `/api/v1${url}`,
        ...options,
        headers: { ...(o.cookie && { cookie: o.cookie }), ...options.headers },
      });
      const isJson = String(reply.headers['content-type']).startsWith('application/json');
      return {
        status: reply.statusCode,
        body: isJson ? reply.json() : reply.body,
        headers: reply.headers,
        bytes: reply.rawPayload,
      };
    };
    const withBody =
      (method: InjectOptions['method']) =>
      (url: string, payload?: unknown, headers: Record<string, string> = {}) =>
        send(method, url, { ...(payload !== undefined && { payload: payload as object }), headers });
    return {
      ...o,
      get: (url, options) => send('GET', url, options),
      delete: (url, options) => send('DELETE', url, options),
      post: withBody('POST'),
      put: withBody('PUT'),
      patch: withBody('PATCH'),
    };
  }

  const nobody = clientOf({ id: 0, username: '', cookie: '' });

  async function signIn(username: string, secret: string): Promise<Client> {
    const answer = await nobody.post('/auth/login', { username, password: secret });
    if (answer.status !== 200)
      throw new Error(`${username} cannot sign in: ${answer.status} ${JSON.stringify(answer.body)}`);
    const cookie = String([answer.headers['set-cookie']].flat()[0]).split(';', 1)[0] ?? '';
    return clientOf({ id: answer.body.data.id, username, cookie });
  }

  let members = 0;
  return {
    app,
    db,
    services,
    databaseUrl: database.url,
    dataDir,
    nobody,
    admin: await signIn(config.admin.username, password),
    signIn,
    async member(username = `member-${++members}`) {
      await services.users.create({ username, password });
      return signIn(username, password);
    },
    async listen() {
      await app.listen({ host: '127.0.0.1', port: 0 });
      return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
    },
    async close() {
      await app.close();
      await jobs.close();
      await closeDatabase();
      await listener.close();
      await presence.close();
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
