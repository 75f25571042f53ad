import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bodies, bodyValues, headers, paths, queries } from './attempts.ts';
import { type Caller, createWorld, type World } from './world.ts';

/** Of requests that are refused at the door whatever they hold, one in so many is sent; */
const atTheDoor = 7;
/** of a member's, which take the same way as the administrator's once they are in, one in so many. */
const ofMembers = 3;
/** what every route is refused by in the same way, whatever it reads: one in so many for each route; */
const alike = 5;
/** These start a process or a run each time. */
const slow = /\/sync\/(config|test|run|document|targets\/\{id\}\/(test|adopt))/;

/**
 * Every operation of the OpenAPI document, sent everything in `hostile.ts` in the place of each of its parts,
 * one at a time: never a fault, a refusal in the contract's form that names the field, and nothing written.
 */
export function describeBadInput(caller: Caller): void {
  describe(`bad input from ${caller}`, () => {
    let world: World;
    beforeAll(async () => {
      world = await createWorld(caller);
    });
    afterAll(() => world.close());

    test.each([
      ['bodies: every property with every value', bodyValues],
      ['bodies that are none', bodies],
      ['queries', queries],
      ['paths', paths],
      ['headers', headers],
    ])('%s', { timeout: 120_000 }, async (_name, attempts) => {
      const wrong: string[] = [];
      const tried = new Set<string>();
      let count = 0;
      for (const operation of world.operations) {
        const readsNone =
          attempts === headers ||
          (attempts === queries && !operation.parameters.some((parameter) => parameter.in === 'query'));
        const few = !world.mayCall(operation) || (readsNone && slow.test(operation.path));
        const usual = caller === 'member' ? ofMembers : 1;
        const oneIn = few ? atTheDoor : readsNone || attempts === bodies ? alike : usual;
        for (const attempt of attempts(operation, world.examples(operation))) {
          if (++count % oneIn !== 0) continue;
          tried.add(operation.path);
          wrong.push(...(await world.attempt(attempt())));
        }
      }
      expect(wrong.slice(0, 30)).toEqual([]);
      expect(tried.size).toBeGreaterThan(10);
    });
  });
}
