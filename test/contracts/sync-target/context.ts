import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import type { OutgoingFile, SyncSession, SyncTarget } from '../../../src/modules/sync/sync-target.ts';
import { createSources, namesIn, putAll } from '../sync-target.support.ts';

export interface TargetHarness {
  target: SyncTarget;
  /** where the target's root, empty at first, lies on this machine: to look at and to tamper with */
  folder: string;
  dispose: () => Promise<void>;
}

export type Contract = ReturnType<typeof prepareContract>;

/** Gives each test of the contract a target, an open session on it and files to send. */
export function prepareContract(createHarness: () => Promise<TargetHarness>) {
  let harness: TargetHarness;
  let sources: Awaited<ReturnType<typeof createSources>>;
  let abort: AbortController;
  let session: SyncSession;
  const at = (relative: string) => path.join(harness.folder, relative);
  const openSession = () => harness.target.open({ signal: abort.signal });

  beforeEach(async () => {
    harness = await createHarness();
    sources = await createSources();
    abort = new AbortController();
    session = await openSession();
  });

  afterEach(async () => {
    await session.close();
    await harness.dispose();
    await sources.dispose();
  });

  return {
    get harness() {
      return harness;
    },
    get sources() {
      return sources;
    },
    get abort() {
      return abort;
    },
    get session() {
      return session;
    },
    openSession,
    /** where a path of the target lies on this machine */
    at,
    read: (relative: string) => readFile(at(relative)),
    temporaries: () => namesIn(at('.classeur/tmp')),
    async send(target: string, content: number | string): Promise<OutgoingFile> {
      const file = await sources.file(target, content);
      expect(await putAll(session, [file])).toMatchObject([{ ok: true }]);
      return file;
    },
  };
}
