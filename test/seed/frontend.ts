import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { z } from 'zod';
import { password, startTestApp, type TestApp } from '../support/app.ts';

export interface Reply {
  status: number;
  headers: Headers;
  /** whatever JSON holds: its shape is what is being tested */
  body: ReturnType<JSON['parse']>;
}

type Call = (path: string, body?: unknown) => Promise<Reply>;

/** Somebody's browser: `fetch(…, { credentials: 'include' })` from a page of this server, and nothing else. */
export interface Browser {
  id: number;
  username: string;
  get: Call;
  post: Call;
  put: Call;
  delete: Call;
}

export interface Frontend {
  /** the address of the API */
  api: string;
  /** the administrator, an employee who files papers, and a validator */
  admin: Browser;
  user1: Browser;
  validator: Browser;
  /** signs a new user in */
  signUp: (username: string) => Promise<Browser>;
  /** a new file in the folder of imports; its path */
  scan: (words?: string) => Promise<string>;
  /** a document of user1's, created as the seed shows; `data` of the answer */
  file: (fields?: Record<string, unknown>) => Promise<ReturnType<JSON['parse']>>;
}

/** A browser at one of the two addresses; nobody has signed in yet. */
export function openBrowser(api: string, who = { id: 0, username: '' }, cookie = ''): Browser {
  const call =
    (method: string): Call =>
    async (address, body) => {
      const reply = await fetch(api + address, {
        method,
        headers: {
          'sec-fetch-site': 'same-origin',
          ...(method !== 'GET' && { origin: new URL(api).origin }),
          ...(cookie && { cookie }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return { status: reply.status, headers: reply.headers, body: await reply.json() };
    };
  return { ...who, get: call('GET'), post: call('POST'), put: call('PUT'), delete: call('DELETE') };
}

export async function signIn(api: string, username: string): Promise<Browser> {
  const reply = await openBrowser(api).post('/auth/login', { username, password });
  expect(reply.status).toBe(200);
  const cookie = reply.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '';
  return openBrowser(api, { id: reply.body.data.id, username }, cookie);
}

/**
 * The tests of one part of seed 004, for each of its two addresses: a server of their own, called over a socket
 * by browsers that know the seed alone.
 */
export function asFrontend(
  part: string,
  tests: (use: () => Frontend) => void,
  environment: Record<string, string> = {},
): void {
  describe.each(['/api/v1', '/api'])(`${part}, under %s`, (prefix) => {
    let folder: string;
    let t: TestApp;
    let frontend: Frontend;

    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'seed-'));
      await mkdir(path.join(folder, 'scans'));
      t = await startTestApp({ IMPORT_DIRS: folder, APPROVAL_THRESHOLD: '1000', ...environment });
      const api = `${await t.listen()}${prefix}`;
      const admin = await signIn(api, 'admin');
      let scanned = 0;

      async function signUp(username: string) {
        const created = await admin.post('/users', { username, password });
        expect(created.status).toBe(201);
        return signIn(api, username);
      }
      async function scan(words = 'Facture') {
        const file = path.join(folder, 'scans', `scan-${++scanned}.txt`);
        await writeFile(file, `${words} n° ${scanned}`);
        return file;
      }
      const user1 = await signUp('user1');
      const validator = await signUp('validateur');
      const assigned = await admin.post(`/roles/user/${validator.id}/assign`, {
        ...{ role_code: 'VALIDATOR_L1', scope: '*', max_amount: 5000 },
      });
      expect(assigned.status).toBeLessThan(300);
      frontend = {
        ...{ api, admin, user1, validator, signUp, scan },
        async file(fields = {}) {
          const body = { filename: 'document.txt', file_path: await scan(), ...fields };
          const created = await user1.post('/documents', body);
          expect([created.status, created.body.message]).toEqual([201, undefined]);
          return created.body.data;
        },
      };
    });
    afterAll(async () => {
      await t?.close();
      await rm(folder, { recursive: true, force: true });
    });
    tests(() => frontend);
  });
}

/** Holds an answer to a shape of the seed: every key of it is there, with its type; further ones may be. */
export function fits<T extends z.ZodType>(body: unknown, shape: T): z.output<T> {
  const read = shape.safeParse(body);
  expect(read.success ? [] : z.treeifyError(read.error), JSON.stringify(body)).toEqual([]);
  return read.data as z.output<T>;
}

/** Times as the contract has them, in the place of the seed's. */
export const moment = z.iso.datetime();
export const done = z.literal(true);
