import {
  brokenBodies,
  brokenEncodings,
  contentTypes,
  headers as hostileHeaders,
  jsonValues,
  segments,
  texts,
  unknownKeys,
  unsafeTexts,
} from './hostile.ts';
import { allows, basesOf, isList, type Operation, objectOf } from './operations.ts';
import type { Attempt } from './world.ts';

const json = { 'content-type': 'application/json' };

type Examples = Record<string, unknown>;

/** Made when it is its turn to be sent: some are megabytes, and not each is sent. */
export type Lazy = () => Attempt;

/** The bodies that are right, as far as a schema can say: the least, and everything. */
function goodBodies(operation: Operation, examples: Examples): Record<string, unknown>[] {
  if (!operation.body) return [];
  return basesOf(operation.body).map((base) =>
    Object.fromEntries(
      Object.entries(base).map(([key, value]) => [key, key in examples ? examples[key] : value]),
    ),
  );
}

/** What every other request of the operation is sent with, so that only one thing is wrong with it. */
function rightBody(operation: Operation, examples: Examples): Pick<Attempt, 'headers' | 'payload'> {
  const [, body] = goodBodies(operation, examples);
  return body ? { headers: json, payload: JSON.stringify(body) } : {};
}

/** Text that no part of a request may hold, however deep. */
export function isUnsafe(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0') || !value.isWellFormed();
  if (typeof value !== 'object' || value === null) return false;
  const seen: unknown[] = [value];
  for (let next = seen.pop(); next !== undefined; next = seen.pop()) {
    if (typeof next === 'string' && (next.includes('\0') || !next.isWellFormed())) return true;
    if (typeof next === 'object' && next !== null) seen.push(...Object.keys(next), ...Object.values(next));
  }
  return false;
}

/** Each property in turn: every hostile value, and not there at all. */
export function* bodyValues(operation: Operation, examples: Examples): Generator<Lazy> {
  const schema = operation.body;
  const properties = objectOf(schema)?.properties;
  if (!schema || !properties) return;
  const [least = {}, full = {}] = goodBodies(operation, examples);
  const send = (what: string, payload: string, o: Pick<Attempt, 'refused' | 'field'>): Attempt => ({
    operation,
    what: `body ${what}`,
    url: operation.path,
    headers: json,
    payload,
    ...o,
  });
  for (const base of [least, full])
    yield () => send('as described', JSON.stringify(base), { refused: false });
  for (const key of Object.keys(least)) {
    const { [key]: _, ...rest } = full;
    yield () => send(`without ${key}`, JSON.stringify(rest), { refused: true, field: key });
  }
  for (const [key, property] of Object.entries(properties)) {
    for (const [name, value] of Object.entries(jsonValues)) {
      yield () =>
        send(`${key}: ${name}`, JSON.stringify({ ...full, [key]: value }), {
          refused: unsafeNames.has(name) || !allows(property, value),
          field: key,
        });
    }
  }
  const inside = JSON.stringify(full).slice(1, -1);
  for (const key of unknownKeys) {
    yield () =>
      send(
        `with the unknown key ${key.slice(0, 40)}`,
        `{${inside && `${inside},`}${JSON.stringify(key)}:1}`,
        {
          refused: true,
          // That one is refused before its schema: it is no JSON to this server.
          ...(key !== '__proto__' && { field: key.slice(0, 200) }),
        },
      );
  }
}

const unsafeNames = new Set(Object.keys(jsonValues).filter((name) => isUnsafe(jsonValues[name])));

/** Bodies that are none, of every content type; a route that takes no body refuses one that says something. */
export function* bodies(operation: Operation, examples: Examples): Generator<Lazy> {
  if (operation.method === 'GET' || operation.method === 'HEAD') return;
  const { payload = '{}' } = rightBody(operation, examples);
  const whole = String(payload);
  const send = (what: string, o: Partial<Attempt>) => (): Attempt => ({
    operation,
    what,
    url: operation.path,
    headers: json,
    refused: true,
    ...o,
  });
  for (const [name, broken] of Object.entries(brokenBodies)) yield send(`body: ${name}`, { payload: broken });
  if (whole.length > 2) yield send('a body cut short', { payload: whole.slice(0, -1) });
  yield send('a body with garbage behind', { payload: `${whole}x` });
  for (const type of contentTypes) {
    const headers = { 'content-type': type };
    yield send(`content type ${type.slice(0, 40)}`, { headers, payload: whole });
  }
  yield send('no content type', { headers: { 'content-type': '' }, payload: whole });
  if (operation.body && operation.bodyRequired) yield send('no body', { headers: {}, refused: true });
  else if (!operation.form) yield send('an unknown key', { payload: '{"nonsense":1}', field: 'nonsense' });
}

/** Each parameter of the query: every hostile text, twice, and keys that nobody knows. */
export function* queries(operation: Operation, examples: Examples): Generator<Lazy> {
  const known = operation.parameters.filter((parameter) => parameter.in === 'query');
  const send = (what: string, query: string, o: Partial<Attempt>) => (): Attempt => ({
    operation,
    what: `query ${what}`,
    url: `${operation.path}?${query}`,
    ...rightBody(operation, examples),
    refused: true,
    ...o,
  });
  for (const { name, schema } of known) {
    for (const [label, text] of Object.entries(texts)) {
      if (text.length > 10_000) continue;
      const refused = !allows(schema, text, { asText: true });
      yield send(`${name}: ${label}`, `${name}=${encodeURIComponent(text)}`, { refused, field: name });
    }
    yield send(`${name}: NUL`, `${name}=a%00b`, { field: name });
    yield send(`${name} twice`, `${name}=1&${name}=2`, { field: name, refused: !isList(schema) });
    const asList = known.some((parameter) => parameter.name === `${name}[]`);
    yield send(`${name} as a list`, `${name}[]=1`, { field: `${name}[]`, refused: !asList });
    for (const broken of brokenEncodings) yield send(`${name}: ${broken}`, `${name}=${broken}`, {});
  }
  for (const key of unknownKeys) {
    if (key === '') continue;
    const strict = known.length > 0;
    yield send(`with the unknown key ${key.slice(0, 40)}`, `${encodeURIComponent(key)}=1`, {
      refused: strict,
      ...(strict && { field: key.slice(0, 200) }),
    });
  }
  for (const broken of ['%ff=1', 'a=%ff', '%', 'a=%00', '%00=1'])
    yield send(broken, broken, { refused: true });
  yield send('of many keys', Array.from({ length: 1500 }, (_, at) => `k${at}=1`).join('&'), {
    refused: known.length > 0,
  });
  yield send('of nothing but signs', '&&==&=&?#;', { refused: false });
}

/** Every hostile segment in the place of each id. */
export function* paths(operation: Operation, examples: Examples): Generator<Lazy> {
  const send = (what: string, name: string, segment: string) => (): Attempt => ({
    operation,
    what,
    url: operation.path.replace(`{${name}}`, segment),
    ...rightBody(operation, examples),
    refused: true,
  });
  for (const { name } of operation.parameters.filter((parameter) => parameter.in === 'path')) {
    for (const segment of [
      ...segments,
      ...Object.values(unsafeTexts).map(encodeLoosely),
      ...brokenEncodings,
    ]) {
      // The id of the first row of a table, or the largest there can be: nothing is wrong with these.
      if (segment === '1' || segment === '2147483647') continue;
      yield send(`path ${name}: ${segment.slice(0, 40)}`, name, segment);
    }
    yield send(`path ${name} with a zero before it`, name, `0{${name}}`);
    yield send(`path ${name} of nothing there is`, name, '2147483647');
  }
}

const encodeLoosely = (text: string) => (text.isWellFormed() ? encodeURIComponent(text) : '%ed%a0%80');

/** Every hostile header, on a request that is right otherwise. */
export function* headers(operation: Operation, examples: Examples): Generator<Lazy> {
  for (const [name, value] of hostileHeaders) {
    const right = rightBody(operation, examples);
    yield () => ({
      operation,
      what: `header ${name}: ${value.slice(0, 40)}`,
      url: operation.path,
      ...right,
      headers: { ...right.headers, [name]: value },
      refused: false,
    });
  }
}
