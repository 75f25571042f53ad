import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { judgeFailure } from './judge.ts';
import { basesOf, nameOf, type Operation } from './operations.ts';
import { createWorld, type World } from './world.ts';

/** That the OpenAPI document is one, and that what it describes is there: what is tried with it is not in vain. */
let world: World;
beforeAll(async () => {
  world = await createWorld('administrator');
});
afterAll(() => world.close());

/** The operation with everything as described. */
async function callRightly(operation: Operation, id = '{id}', prefix = '/api/v1') {
  const [, base] = operation.body ? basesOf(operation.body) : [];
  const known = Object.entries(world.examples(operation)).filter(([key]) => base && key in base);
  const body = base && { ...base, ...Object.fromEntries(known) };
  const url = operation.path.replace('{id}', id).replace('/api/v1', prefix);
  return world.call(operation, { url, ...(body && { payload: body }) });
}

describe('the OpenAPI document', () => {
  test('says of every operation what it is, who may call it and what it answers', () => {
    const wrong = world.operations.filter(
      ({ summary, security, responses }) =>
        !summary ||
        !security ||
        !responses.includes('default') ||
        !responses.some((code) => /^2\d\d$/.test(code)),
    );
    expect(wrong.map(nameOf)).toEqual([]);
  });

  test('declares every parameter of a path, and no path twice', () => {
    for (const { path, parameters } of world.operations) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      const declared = parameters.filter((one) => one.in === 'path');
      expect(declared.map((one) => one.name)).toEqual(named);
      expect(declared.every((one) => one.required)).toBe(true);
    }
    const paths = Object.keys(world.t.app.swagger().paths ?? {});
    expect(paths.filter((path) => path.startsWith('/api/') && !path.startsWith('/api/v1/'))).toEqual([]);
  });

  test('says who needs no session as the routes do', () => {
    for (const operation of world.operations)
      expect([nameOf(operation), operation.security?.length === 0]).toEqual([
        nameOf(operation),
        world.accessOf(operation) === 'public',
      ]);
  });

  test('holds every route there is, but for the answers to other methods and its own pages', () => {
    const described = new Set(world.operations.map(nameOf));
    const missing = world.t.app.declaredAccess
      .filter(
        ({ method, url }) =>
          method !== 'HEAD' && method !== 'OPTIONS' && /^\/(api\/v1|health|status|metrics)/.test(url),
      )
      .map(({ method, url }) => ({ method, path: url.replaceAll(/:(\w+)/g, '{$1}') }))
      .filter((route) => !described.has(nameOf(route)))
      .filter(({ path }) => !world.operations.some((operation) => operation.path === path));
    expect(missing).toEqual([]);
  });

  test('points nowhere that is not there', () => {
    const document = JSON.stringify(world.t.app.swagger());
    const names = [...document.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(
      (match) => match[1] ?? '',
    );
    expect(names.length).toBeGreaterThan(10);
    for (const name of new Set(names))
      expect(world.t.app.swagger()).toHaveProperty(`components.schemas.${name}`);
  });
});

describe('what is described', () => {
  // It needs a form, or an enabled target.
  const notByJson = ['PUT /api/v1/documents/{id}/file', 'POST /api/v1/sync/document/{id}'];

  test('is accepted: the requests that something is made wrong with are right otherwise', async () => {
    const refused: string[] = [];
    for (const operation of world.operations) {
      if (notByJson.includes(nameOf(operation))) continue;
      const { status, text } = await callRightly(operation);
      if (status >= 400) refused.push(`${nameOf(operation)}: ${status} ${text}`);
    }
    expect(refused).toEqual([]);
  });

  test('answers 404 for an id that nothing has', async () => {
    const other: string[] = [];
    for (const operation of world.operations.filter(({ path }) => path.includes('{id}'))) {
      const { status, headers, text } = await callRightly(operation, '2147483647');
      if (status !== 404 && operation.path !== '/api/v1/sync/document/{id}')
        other.push(`${nameOf(operation)}: ${status}`);
      other.push(...judgeFailure({ method: operation.method, path: operation.path, status, headers, text }));
    }
    expect(other).toEqual([]);
  });

  test('answers HEAD as it does GET, without the body', async () => {
    const other: string[] = [];
    for (const operation of world.operations.filter(({ method }) => method === 'GET')) {
      const got = await callRightly(operation);
      const head = await callRightly({ ...operation, method: 'HEAD' });
      if (
        head.status !== got.status ||
        head.text !== '' ||
        head.headers['content-type'] !== got.headers['content-type']
      )
        other.push(`${nameOf(operation)}: ${got.status}, HEAD ${head.status} ${head.text.slice(0, 50)}`);
    }
    expect(other).toEqual([]);
  });

  test('is there under /api as under /api/v1', async () => {
    const shape = (text: string) => (text.startsWith('{') ? Object.keys(JSON.parse(text) as object) : text);
    const other: string[] = [];
    for (const operation of world.operations.filter(
      ({ method, path }) => method === 'GET' && path.startsWith('/api/v1'),
    )) {
      const canonical = await callRightly(operation);
      const twin = await callRightly(operation, '{id}', '/api');
      if (canonical.status !== twin.status || String(shape(canonical.text)) !== String(shape(twin.text)))
        other.push(`${nameOf(operation)}: ${canonical.status}, under /api ${twin.status}`);
    }
    const routes = world.t.app.declaredAccess;
    for (const { method, url, access } of routes.filter((route) => route.url.startsWith('/api/v1/'))) {
      const twin = routes.find((route) => route.method === method && route.url === url.replace('/v1', ''));
      if (twin?.access !== access) other.push(`${method} ${url}`);
    }
    expect(other).toEqual([]);
  });
});
