import { expect, onTestFinished, test, vi } from 'vitest';
import { createDatabase } from '../../../src/database/client.ts';
import { openEvents } from '../../support/events.ts';
import { createGround, startServer } from '../../support/server.ts';
import { roleGiven, tell } from './told.ts';

test('what one server commits is told by the streams of another, and a stop ends them', async () => {
  const ground = await createGround();
  const one = await startServer(ground.environment);
  const other = await startServer(ground.environment);
  const { db, close } = createDatabase({ url: ground.databaseUrl, onError: () => undefined });
  onTestFinished(close);
  const admin = await one.signIn();
  const streams = await Promise.all(
    [one, other].map(({ base }) =>
      openEvents(`${base}/api/v1/notifications/stream`, { cookie: admin.cookie }),
    ),
  );
  for (const stream of streams) await stream.next('unread');

  await Promise.all(Array.from({ length: 50 }, () => tell(db, roleGiven(admin.id))));
  for (const stream of streams) {
    const ids = () => stream.received.filter(({ event }) => event === 'notification').map(({ id }) => id);
    await vi.waitFor(() => expect(ids().length).toBeGreaterThanOrEqual(50), { timeout: 10_000 });
    expect(new Set(ids()).size).toBe(ids().length);
  }
  // read over the one, heard over the other
  expect((await admin.post('/notifications/read-all')).body.count).toBe(50);
  for (const stream of streams) expect((await stream.next('unread')).data.count).toBe(0);

  const stopped = await other.stop();
  await streams[1]?.ended;
  expect(stopped.code).toBe(0);
  await tell(db, roleGiven(admin.id, 'APPROVER'));
  await vi.waitFor(() => expect(streams[0]?.received.at(-1)?.data.message).toContain('Approbateur'), {
    timeout: 10_000,
  });
  await streams[0]?.close();
}, 60_000);
