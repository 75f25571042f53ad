import { describe, expect, test } from 'vitest';
import { type Client, password, startTestApp } from '../../support/app.ts';
import { openEvents } from '../../support/events.ts';
import { brought, useStreams } from './streams.ts';
import { roleGiven, tell } from './told.ts';

const { app, listen, toldLast } = useStreams();

describe('a session that has ended is told nothing', () => {
  const ended: [how: string, end: (user: Client) => Promise<unknown>][] = [
    ['signed out', (user) => user.post('/auth/logout')],
    ['deactivated', (user) => app().admin.patch(`/users/${user.id}`, { is_active: false })],
    [
      'run out',
      (user) =>
        app().db.session.updateMany({
          where: { userId: user.id },
          data: { lastSeenAt: new Date(Date.now() - 13 * 3_600_000) },
        }),
    ],
    [
      'ended by a new password',
      async (user) => {
        const other = await app().signIn(user.username, password);
        const answer = await other.post('/auth/password', {
          current_password: password,
          new_password: 'another correct horse staple',
        });
        expect(answer.status).toBe(200);
      },
    ],
  ];
  test.each(ended)(
    '%s: the stream ends at the next thing told',
    async (_how, end) => {
      const reader = await app().member();
      const stream = await listen(reader);
      await end(reader);
      await tell(app().db, roleGiven(reader.id));
      await stream.ended;
      expect(brought(stream)).toEqual([]);
      // less than it takes to the next sign of life
    },
    15_000,
  );

  test('an open stream is no use of its session', async () => {
    const reader = await app().member();
    const stream = await listen(reader);
    const lastSeenAt = new Date(Date.now() - 3_600_000);
    await app().db.session.updateMany({ where: { userId: reader.id }, data: { lastSeenAt } });
    await tell(app().db, roleGiven(reader.id));
    await stream.next('notification');
    const { lastSeenAt: after } = await app().db.session.findFirstOrThrow({ where: { userId: reader.id } });
    expect(after).toEqual(lastSeenAt);
  });

  test('without a session there is no stream', async () => {
    expect((await app().nobody.get('/notifications/stream')).status).toBe(401);
  });
});

describe('when the server', () => {
  test('loses the connection it hears over, nothing is lost and nothing comes twice', async () => {
    const reader = await app().member();
    const stream = await listen(reader);
    await tell(app().db, roleGiven(reader.id));
    await stream.next('notification');
    const cut = await app().db.$queryRaw<unknown[]>`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'classeur listener'`;
    expect(cut).toHaveLength(1);
    await tell(app().db, roleGiven(reader.id, 'APPROVER'));
    await stream.next('notification');
    await tell(app().db, roleGiven(reader.id, 'VALIDATOR_L2'));
    await toldLast(stream, reader);
    expect(brought(stream)).toEqual([
      'Vous avez le rôle Validateur Niveau 1 (tous les documents)',
      'Vous avez le rôle Approbateur (tous les documents)',
      'Vous avez le rôle Validateur Niveau 2 (tous les documents)',
      'last',
    ]);
  });

  test('stops, its streams end and do not hold it up', async () => {
    const other = await startTestApp();
    const address = await other.listen();
    const stream = await openEvents(`${address}/api/v1/notifications/stream`, {
      cookie: other.admin.cookie,
    });
    await stream.next('unread');
    const before = performance.now();
    await other.app.close();
    await stream.ended;
    expect(performance.now() - before).toBeLessThan(2_000);
    await other.close();
  });
});
