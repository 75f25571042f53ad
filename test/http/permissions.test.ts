import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { form, uploaded } from '../modules/documents/papers.ts';
import { type Client, password, startTestApp, type TestApp } from '../support/app.ts';

/**
 * Who may do what: every route, and what it answers to each caller. The document is the owner's, shared with the
 * reader to be read, and waits for an approval that the validator may give; the stranger has nothing to do with
 * it. Other ids are of rows that are there; a notification is the owner's, a delegation the validator's. Behind the statuses
 * stands the body that is sent, as JSON or `file`. A new route needs a line, with a query where it asks for one.
 */
const table = `
                                           nobody stranger owner reader validator administrator
GET    /health                                200      200   200    200       200           200
GET    /health/ready                          200      200   200    200       200           200
GET    /status                                401      403   403    403       403           200
GET    /health/status                         401      403   403    403       403           200
GET    /metrics                               401      403   403    403       403           200
GET    /openapi.json                          200      200   200    200       200           200
GET    /docs/                                 200      200   200    200       200           200
GET    /docs/js/scalar.js                     200      200   200    200       200           200

POST   /auth/login                            200      200   200    200       200           200  {"username":"owner","password":"${password}"}
POST   /auth/logout                           401      200   200    200       200           200
GET    /auth/me                               401      200   200    200       200           200
POST   /auth/password                         401      400   400    400       400           400  {"current_password":"${password}","new_password":"court"}

GET    /users                                 401      403   403    403       403           200
POST   /users                                 401      403   403    403       403           201  {"username":"new-{n}","password":"${password}"}
GET    /users/directory                       401      200   200    200       200           200
GET    /users/:id                             401      403   403    403       403           200
PATCH  /users/:id                             401      403   403    403       403           200  {"email":null}
DELETE /users/:id                             401      403   403    403       403           200
GET    /roles                                 401      200   200    200       200           200
GET    /roles/user/:userId                    401      403   200    403       403           200
POST   /roles/user/:userId/assign             401      403   403    403       403           201  {"role_code":"VALIDATOR_L1"}
DELETE /roles/user/:userId/:roleCode          401      403   403    403       403           200
GET    /audit                                 401      403   403    403       403           200
GET    /audit/verify                          401      403   403    403       403           200

GET    /documents                             401      200   200    200       200           200
POST   /documents                             401      201   201    201       201           201  file
GET    /documents/:id                         401      404   200    200       200           200
PUT    /documents/:id                         401      404   200    403       403           200  {"title":"Autre titre"}
DELETE /documents/:id                         401      404   200    403       403           200
POST   /documents/:id/restore                 401      404   200    403       403           200
PUT    /documents/:id/file                    401      404   200    403       403           200  file
GET    /documents/:id/versions                401      404   200    200       200           200
GET    /documents/:id/download                401      404   200    200       200           200
GET    /documents/:id/preview                 401      404   200    200       200           200
GET    /documents/:id/shares                  401      404   200    403       403           200
PUT    /documents/:id/shares/:userId          401      404   200    403       403           200  {"access":"write"}
DELETE /documents/:id/shares/:userId          401      404   200    403       403           200
GET    /document-types                        401      200   200    200       200           200
POST   /document-types                        401      403   403    403       403           201  {"code":"new_{n}","label":"Nouveau","folder":"nouveau"}
GET    /document-types/:id                    401      200   200    200       200           200
PUT    /document-types/:id                    401      403   403    403       403           200  {"label":"Autre"}
DELETE /document-types/:id                    401      403   403    403       403           200

GET    /tags                                  401      200   200    200       200           200
POST   /tags                                  401      201   201    201       201           201  {"name":"nouvelle {n}"}
GET    /tags/:id                              401      200   200    200       200           200
PUT    /tags/:id                              401      200   200    200       200           200  {"color":"#112233"}
DELETE /tags/:id                              401      403   403    403       403           200
POST   /tags/:id/apply                        401      200   200    200       200           200  {"dry_run":true}
GET    /correspondents                        401      200   200    200       200           200
POST   /correspondents                        401      201   201    201       201           201  {"name":"nouveau {n}"}
GET    /correspondents/:id                    401      200   200    200       200           200
PUT    /correspondents/:id                    401      200   200    200       200           200  {"match":"loyer"}
DELETE /correspondents/:id                    401      403   403    403       403           200
POST   /correspondents/:id/apply              401      200   200    200       200           200  {"dry_run":true}

GET    /validation/pending                    401      200   200    200       200           200
GET    /validation/statistics                 401      200   200    200       200           200
GET    /validation/can-validate/:id           401      404   200    200       200           200
POST   /validation/:id/submit                 401      404   409    403       403           409
POST   /validation/:id/status                 401      404   403    403       200           200  {"status":"na","comment":"Sans objet"}
POST   /validation/:id/approve                401      404   403    403       200           200  {"comment":"Vu"}
POST   /validation/:id/reject                 401      404   403    403       200           200  {"comment":"Illisible"}
GET    /validation/:id/status                 401      404   200    200       200           200
GET    /validation/:id/history                401      404   200    200       200           200
GET    /validation/delegations                401      200   200    200       200           200
POST   /validation/delegations                401      403   403    403       201           201  {"delegate_id":{user},"valid_from":"{today}","valid_to":"{today}"}
DELETE /validation/delegations/:id            401      404   404    404       200           200

GET    /notifications                         401      200   200    200       200           200
GET    /notifications/unread                  401      200   200    200       200           200
GET    /notifications/stream                  401      200   200    200       200           200
POST   /notifications/:id/read                401      404   200    404       404           404
POST   /notifications/read-all                401      200   200    200       200           200

GET    /search?q=facture                      401      200   200    200       200           200
GET    /search/suggest?q=fac                  401      200   200    200       200           200

GET    /sync/status                           401      200   200    200       200           200
GET    /sync/config                           401      403   403    403       403           200
POST   /sync/test                             401      403   403    403       403           200
POST   /sync/run                              401      403   403    403       403           200
POST   /sync/document/:id                     401      403   403    403       403           200
GET    /sync/runs                             401      403   403    403       403           200
GET    /sync/runs/:id                         401      403   403    403       403           200
POST   /sync/runs/:id/cancel                  401      403   403    403       403           200
GET    /sync/targets                          401      403   403    403       403           200
POST   /sync/targets                          401      403   403    403       403           201  {"name":"nas-{n}","type":"smb","options":{"path":"{folder}"}}
GET    /sync/targets/:id                      401      403   403    403       403           200
PUT    /sync/targets/:id                      401      403   403    403       403           200  {"enabled":false}
DELETE /sync/targets/:id                      401      403   403    403       403           200
POST   /sync/targets/:id/test                 401      403   403    403       403           200
POST   /sync/targets/:id/adopt                401      403   403    403       403           200
`;

const [header = '', ...rows] = table.split('\n').filter((line) => line.trim() !== '');
const callers = header.trim().split(/\s+/);
const lines = rows.map((row) => {
  const [, method = '', url = '', statuses = '', body] =
    /^(\w+)\s+(\S+)((?:\s+\d{3})+)(?:\s+(.+))?$/.exec(row.trim()) ?? [];
  const [route = ''] = url.split('?');
  return { method, url, route, body, expected: statuses.trim().split(/\s+/).map(Number) };
});

let t: TestApp;
let base: string;
let folder: string;
let who: Record<string, Client>;
let n = 0;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'classeur-permissions-'));
  t = await startTestApp();
  base = await t.listen();
  who = {
    nobody: t.nobody,
    stranger: await t.member('stranger'),
    owner: await t.member('owner'),
    reader: await t.member('reader'),
    validator: await t.member('validator'),
    administrator: t.admin,
  };
  await t.admin.post(`/roles/user/${caller('validator').id}/assign`, { role_code: 'APPROVER' });
  await mkdir(path.join(folder, 'nas'));
  const nas = { name: 'nas', type: 'smb', options: { path: path.join(folder, 'nas') } };
  await t.admin.post('/sync/targets', nas);
});
afterAll(async () => {
  await t.close();
  await rm(folder, { recursive: true, force: true });
});

function caller(name: string): Client {
  const found = who[name];
  if (!found) throw new Error(`nobody is called ${name}`);
  return found;
}

async function newDocument(): Promise<number> {
  const { id } = await uploaded(caller('owner'));
  await caller('owner').put(`/documents/${id}/shares/${caller('reader').id}`, { access: 'read' });
  const answer = await caller('owner').post(`/validation/${id}/submit`);
  if (answer.status !== 200) throw new Error(`not submitted: ${JSON.stringify(answer.body)}`);
  return id;
}

const today = new Date().toISOString().slice(0, 10);

const newUser = () => t.services.users.create({ username: `user-${++n}`, password });

/** Rows for the ids of addresses, by what stands before the id: new ones for each call. */
const make: Record<string, () => Promise<{ id: number | bigint }>> = {
  users: newUser,
  'document-types': () =>
    t.db.documentType.create({ data: { code: `type_${++n}`, label: 'Type', folder: 'type' } }),
  tags: () => t.db.tag.create({ data: { name: `étiquette ${++n}` } }),
  correspondents: () => t.db.correspondent.create({ data: { name: `correspondant ${++n}` } }),
  'validation/delegations': async () => {
    const body = { delegate_id: (await newUser()).id, valid_from: today, valid_to: today };
    const answer = await caller('validator').post('/validation/delegations', body);
    return { id: answer.body.data.id };
  },
  notifications: () =>
    t.db.notification.create({ data: { userId: caller('owner').id, kind: 'role_assigned', params: {} } }),
  'sync/runs': () =>
    t.db.syncRun.create({
      data: { trigger: 'manual', state: 'success', instanceId: 1, finishedAt: new Date() },
    }),
  'sync/targets': () =>
    t.db.syncTarget.create({
      data: { name: `cible-${++n}`, type: 'smb', enabled: false, options: { path: folder } },
    }),
};

async function addressOf({ method, url }: { method: string; url: string }): Promise<string> {
  let address = url.replace(':roleCode', 'VALIDATOR_L2');
  if (url.startsWith('/roles/user/')) {
    const userId = caller('owner').id;
    await t.db.roleAssignment.deleteMany({ where: { userId } });
    if (method === 'DELETE')
      await t.admin.post(`/roles/user/${userId}/assign`, { role_code: 'VALIDATOR_L2' });
    address = address.replace(':userId', String(userId));
  }
  address = address.replace(':userId', String(caller('reader').id));
  if (!address.includes(':id')) return address;
  const kind = address.slice(1, address.indexOf('/:id'));
  const id = make[kind] ? (await make[kind]()).id : await newDocument();
  return address.replace(':id', String(id));
}

/** A session of its own where the call is about the session. */
async function cookieOf(name: string, url: string): Promise<string> {
  const client = caller(name);
  return url.startsWith('/auth/') && client.cookie
    ? (await t.signIn(client.username, password)).cookie
    : client.cookie;
}

async function call(name: string, line: { method: string; url: string; body: string | undefined }) {
  const address = await addressOf(line);
  const headers: Record<string, string> = {
    cookie: await cookieOf(name, line.url),
    // Else everybody on this machine may see the operations addresses.
    'x-forwarded-for': '192.0.2.7',
  };
  let payload: string | Buffer | undefined;
  if (line.body === 'file') {
    const sent = await form({});
    payload = sent.payload;
    Object.assign(headers, sent.headers);
  } else if (line.body) {
    const user = line.body.includes('{user}') ? (await newUser()).id : 0;
    payload = line.body
      .replace('{n}', String(++n))
      .replace('{user}', String(user))
      .replaceAll('{today}', today)
      .replace('{folder}', path.join(folder, String(n)));
    headers['content-type'] = 'application/json';
  }
  const atRoot = /^\/(health|status|metrics|openapi|docs)\b/.test(line.url);
  const answer = await fetch(`${base}${atRoot ? '' : '/api/v1'}${address}`, {
    method: line.method,
    headers,
    ...(payload !== undefined && { body: new Uint8Array(Buffer.from(payload)) }),
  });
  // A stream of events has no end.
  await answer.body?.cancel();
  return answer.status;
}

/** The routes there are, without those that answer other methods with a 405. */
async function registered(): Promise<string[]> {
  const routes = t.app.declaredAccess.filter(
    ({ method, url }) => !['HEAD', 'OPTIONS'].includes(method) && !/^\/api\/(?!v1\/)/.test(url),
  );
  const statuses = await Promise.all(
    routes.map(async ({ method, url }) => {
      const answer = await t.app.inject({ method: method as 'GET', url: url.replaceAll(/:\w+/g, '1') });
      return answer.statusCode;
    }),
  );
  return routes
    .filter((_, at) => statuses[at] !== 405)
    .map(({ method, url }) => `${method} ${url.replace('/api/v1', '')}`);
}

test('every route has its line, and every line its route', async () => {
  const told = lines.map(({ method, route }) => `${method} ${route}`);
  expect(told.toSorted()).toEqual((await registered()).toSorted());
});

test('an address without a version is for the same callers', () => {
  const accessOf = (url: string, method: string) =>
    t.app.declaredAccess.find((route) => route.url === url && route.method === method)?.access;
  for (const { method, route } of lines)
    expect([method, route, accessOf(`/api${route}`, method)]).toEqual([
      method,
      route,
      accessOf(`/api/v1${route}`, method),
    ]);
});

describe('each route answers to', () => {
  test.each(lines)('$method $url', async (line) => {
    const answers: Record<string, number> = {};
    for (const name of callers) answers[name] = await call(name, line);
    expect(answers).toEqual(Object.fromEntries(callers.map((name, at) => [name, line.expected[at]])));
  });
});
