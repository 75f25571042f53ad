import { afterAll, afterEach, beforeAll, expect, vi } from 'vitest';
import { type Client, startTestApp, type TestApp } from '../../support/app.ts';
import { type EventReader, openEvents } from '../../support/events.ts';

/** A server that listens, for the tests of one file, and streams that are closed behind each of them. */
export function useStreams() {
  let t: TestApp & { base: string };
  const open: EventReader[] = [];

  beforeAll(async () => {
    const started = await startTestApp();
    t = { ...started, base: await started.listen() };
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((stream) => stream.close()));
  });
  afterAll(() => t.close());

  return {
    app: () => t,

    /** An open stream of the user, which has begun. */
    async listen(user: Client, headers: Record<string, string> = {}): Promise<EventReader> {
      const stream = await openEvents(`${t.base}/api/v1/notifications/stream`, {
        cookie: user.cookie,
        headers,
      });
      open.push(stream);
      await stream.next('unread');
      return stream;
    },

    /** Something told last: what came before it has come, and what has not come by then does not. */
    async toldLast(stream: EventReader, user: Client) {
      const { id } = await t.db.notification.create({ data: { userId: user.id, kind: 'last', params: {} } });
      await vi.waitFor(() => expect(idsOf(stream)).toContain(id), { timeout: 10_000 });
    },
  };
}

const told = ({ received }: EventReader) => received.filter(({ event }) => event === 'notification');

/** The messages, or the ids, of all that a stream has brought. */
export const brought = (stream: EventReader) => told(stream).map(({ data }) => data.message);
export const idsOf = (stream: EventReader): number[] => told(stream).map(({ data }) => data.id);
