import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isUnsafe } from './attempts.ts';
import { headers as hostileHeaders, jsonValues, unknownKeys } from './hostile.ts';
import { allows, basesOf, type Operation, objectOf } from './operations.ts';
import { type Attempt, type Caller, callers, createWorld, type World } from './world.ts';

/** The same each time; another with SEED, and any failure prints its own. */
const seed = Number(process.env.SEED ?? 20_261_121);
const numRuns = Number(process.env.RUNS ?? 400);

const anyText = fc.string({ unit: 'binary', maxLength: 40 });
const anyValue = fc.oneof(
  fc.constantFrom(...Object.values(jsonValues)),
  fc.jsonValue({ stringUnit: 'binary' }),
  fc.string({ unit: 'binary' }),
  fc.double(),
  fc.maxSafeInteger(),
);
const anyKey = fc.oneof(fc.constantFrom(...unknownKeys), anyText);

/** Percent-encoded as a client would, or the bytes of what is no Unicode. */
const encode = (text: string) => (text.isWellFormed() ? encodeURIComponent(text) : '%ed%a0%80');

/** A request with any number of things wrong with it at once. */
function anyAttempt(operations: Operation[]): fc.Arbitrary<Attempt> {
  return fc.constantFrom(...operations).chain((operation) => {
    const known = Object.keys(objectOf(operation.body)?.properties ?? { none: 1 });
    const query = operation.parameters.filter((one) => one.in === 'query').map((one) => one.name);
    const full = (operation.body && basesOf(operation.body)[1]) ?? {};
    const changed = fc
      .array(fc.tuple(fc.oneof(fc.constantFrom(...known), anyKey), anyValue), { maxLength: 4 })
      .map((pairs) => JSON.stringify(Object.fromEntries([...Object.entries(full), ...pairs])));
    return fc
      .record({
        body: fc.oneof({ weight: 4, arbitrary: changed }, { weight: 1, arbitrary: fc.json() }),
        pairs: fc.array(fc.tuple(fc.oneof(fc.constantFrom(...query, 'page'), anyKey), anyText), {
          maxLength: 4,
        }),
        segment: fc.option(anyText, { freq: 4 }),
        header: fc.option(fc.constantFrom(...hostileHeaders), { freq: 3 }),
      })
      .map(({ body, pairs, segment, header }) => {
        const search = pairs.map(([key, value]) => `${encode(key)}=${encode(value)}`).join('&');
        const path =
          segment === null ? operation.path : operation.path.replace('{id}', `-${encode(segment)}`);
        const sent = operation.method === 'GET' || operation.method === 'HEAD' ? {} : { payload: body };
        const value = JSON.parse(body) as unknown;
        return {
          [fc.toStringMethod]: () =>
            `${operation.method} ${path}?${search} ${header} ${body.slice(0, 500)}`.slice(0, 1000),
          operation,
          what: 'at random',
          url: search ? `${path}?${search}` : path,
          headers: {
            ...(sent.payload && { 'content-type': 'application/json' }),
            ...(header && { [header[0]]: header[1] }),
          },
          ...sent,
          refused:
            path !== operation.path ||
            (operation.body !== undefined && (isUnsafe(value) || !allows(operation.body, value))),
        };
      });
  });
}

describe.each(callers.map((caller) => ({ caller })))(
  'anything at all from $caller',
  ({ caller }: { caller: Caller }) => {
    let world: World;
    beforeAll(async () => {
      world = await createWorld(caller);
    });
    afterAll(() => world.close());

    test('is answered, and refused in one form with nothing written', { timeout: 120_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(anyAttempt(world.operations), async (attempt) => {
          expect(await world.attempt(attempt)).toEqual([]);
        }),
        { seed, numRuns },
      );
    });
  },
);
