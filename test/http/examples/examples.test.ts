import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../support/app.ts';
import { operationsOf } from '../bad-input/operations.ts';
import { type Examples, readExamples, shapeOf, writeExamples } from './recorder.ts';
import { liveThrough } from './session.ts';

/**
 * That the examples of the OpenAPI document are answers of this server: it is asked again. With
 * `RECORD_EXAMPLES=true` they are written down anew.
 */
let folder: string;
let t: TestApp;
let answers: Examples;
let examples: Examples;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'examples-'));
  t = await startTestApp({ IMPORT_DIRS: path.join(folder, 'scans') });
  answers = await liveThrough(t, { folder });
  if (process.env.RECORD_EXAMPLES === 'true') await writeExamples(answers, { folder });
  examples = await readExamples();
});
afterAll(async () => {
  await t?.close();
  await rm(folder, { recursive: true, force: true });
});

test('every answer in JSON that is described has an example', () => {
  const paths = t.app.swagger().paths as Record<string, Record<string, Described>>;
  const described = operationsOf(t.app).flatMap(({ method, path: address }) =>
    Object.entries(paths[address]?.[method.toLowerCase()]?.responses ?? {})
      .filter(([status, response]) => status.startsWith('2') && response.content?.['application/json'])
      .map(([status]) => `${method} ${address} ${status}`),
  );
  const given = Object.entries(examples).flatMap(([name, by]) =>
    Object.keys(by).map((status) => `${name} ${status}`),
  );
  expect(given.sort()).toEqual(described.sort());
});

test('every example has the shape of the answer that is given now', () => {
  const shapes = (of: Examples) =>
    Object.fromEntries(Object.entries(of).map(([name, by]) => [name, shapeOf(by)]));
  expect(shapes(examples)).toEqual(shapes(answers));
});

test('the OpenAPI document shows them', () => {
  const paths = t.app.swagger().paths as Record<string, Record<string, Described>>;
  const shown = paths['/api/v1/notifications/unread']?.get?.responses['200']?.content?.['application/json'];
  expect(shown?.example).toEqual(examples['GET /api/v1/notifications/unread']?.[200]);
});

interface Described {
  responses: Record<string, { content?: Record<string, { example?: unknown } | undefined> }>;
}
