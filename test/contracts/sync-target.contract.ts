import { describe } from 'vitest';
import { badDocuments } from './sync-target/bad-documents.ts';
import { prepareContract, type TargetHarness } from './sync-target/context.ts';
import { holdings } from './sync-target/holdings.ts';
import { markerRules } from './sync-target/marker.ts';
import { bringingFiles } from './sync-target/put.ts';
import { sessionLife } from './sync-target/session.ts';

/**
 * What `sync-target.ts` promises, over any target whose paths are paths. `createHarness` makes a new, empty
 * target for each test; its folder may as well lie on a real share that is mounted here.
 */
export function syncTargetContract(name: string, createHarness: () => Promise<TargetHarness>): void {
  describe(`${name} keeps the contract of a sync target`, () => {
    const contract = prepareContract(createHarness);
    bringingFiles(contract);
    badDocuments(contract);
    holdings(contract);
    sessionLife(contract);
    markerRules(contract);
  });
}
