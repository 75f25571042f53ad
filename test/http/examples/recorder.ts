import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Answer, Client } from '../../support/app.ts';

const file = path.resolve(import.meta.dirname, '../../../src/http/openapi-examples.json');

/** By operation, `GET /api/v1/tags/{id}`, then by status: what was answered. */
export type Examples = Record<string, Record<string, unknown>>;

export type Call = (
  client: Client,
  operation: string,
  o?: { body?: unknown; query?: Record<string, string>; [parameter: string]: unknown },
) => Promise<Answer['body']>;

export const readExamples = async () => JSON.parse(await readFile(file, 'utf8')) as Examples;

/** Keeps the first answer of each operation and status, as long as it is JSON. */
export function createRecorder() {
  const examples: Examples = {};

  function note(operation: string, { status, body }: Answer): Answer['body'] {
    if (status < 200 || status > 299) throw new Error(`${operation}: ${status} ${JSON.stringify(body)}`);
    const name = operation.replace(' /', operation.includes(' //') ? ' ' : ' /api/v1/');
    if (typeof body === 'object') examples[name] = { [status]: body, ...examples[name] };
    return body;
  }

  /** `operation` is a method and a path below `/api/v1` (`//` for the root); what it names in braces is in `o`. */
  const call: Call = async (client, operation, { body, query, ...parameters } = {}) => {
    const [method = '', template = ''] = operation.split(' ');
    const address = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(parameters[name]));
    const url = query ? `${address}?${new URLSearchParams(query)}` : address;
    const send = client[method.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete'];
    return note(operation, await (send as Client['post'])(url, body));
  };
  return { examples, call, note };
}

/** Writes them down, without what is of this machine or this day. */
export async function writeExamples(examples: Examples, { folder }: { folder: string }): Promise<void> {
  const sorted = Object.fromEntries(
    Object.entries(examples).sort(([one], [other]) => (one < other ? -1 : 1)),
  );
  const today = new Date().toISOString().slice(0, 10);
  const text = JSON.stringify(sorted, null, 2)
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '2026-01-27T10:00:00.000Z')
    .replaceAll(today, '2026-01-27')
    .replaceAll('0.0.0-test', '0.1.0')
    .replaceAll(folder, '/srv');
  await writeFile(file, `${text}\n`);
}

/** Keys and types; of a list, the shapes of what is in it. */
export function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return [...new Set(value.map((each) => JSON.stringify(shapeOf(each))))].sort();
  if (value === null || typeof value !== 'object') return value === null ? 'null' : typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, inner]) => [key, shapeOf(inner)]),
  );
}
