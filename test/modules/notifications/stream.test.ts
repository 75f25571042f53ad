import { describe, expect, test, vi } from 'vitest';
import { notify } from '../../../src/modules/notifications/notify.ts';
import { type EventReader, openEvents } from '../../support/events.ts';
import { brought, idsOf, useStreams } from './streams.ts';
import { file, patiently, roleGiven, share, shared, tell, unshare } from './told.ts';

const { app, listen, toldLast } = useStreams();

describe('an open stream', () => {
  test('brings what the list shows, in the reader’s language, and how much is unread', async () => {
    const reader = await app().member();
    await tell(app().db, roleGiven(reader.id));
    const french = await listen(reader);
    const english = await listen(reader, { 'accept-language': 'en' });
    expect(french.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(french.headers.get('x-accel-buffering')).toBe('no');
    expect(french.headers.get('content-encoding')).toBeNull();
    const byPriority = { urgent: 0, high: 0, normal: 1, low: 0 };
    expect(french.received).toEqual([
      { id: undefined, event: 'unread', data: { count: 1, by_priority: byPriority } },
    ]);
    await tell(app().db, { ...roleGiven(reader.id), priority: 'urgent' });
    const { id, data } = await french.next('notification');
    const [listed] = (await reader.get('/notifications')).body.data;
    expect(data).toEqual(listed);
    expect(id).toBe(String(listed.id));
    expect((await english.next('notification')).data.title).toBe('Role given');
  });

  test('is told of nothing that was rolled back, and of the rest once', async () => {
    const reader = await app().member();
    const stream = await listen(reader);
    await expect(
      app().db.$transaction(async (tx) => {
        await notify(tx, [roleGiven(reader.id)]);
        throw new Error('on purpose');
      }, patiently),
    ).rejects.toThrow('on purpose');
    await tell(app().db, roleGiven(reader.id, 'APPROVER'));
    await toldLast(stream, reader);
    expect(brought(stream)).toEqual(['Vous avez le rôle Approbateur (tous les documents)', 'last']);
  });

  test('is told of nothing before it is committed', async () => {
    const reader = await app().member();
    const stream = await listen(reader);
    await app().db.$transaction(async (tx) => {
      await notify(tx, [roleGiven(reader.id, 'APPROVER')]);
      await toldLast(stream, reader);
      expect(brought(stream)).toEqual(['last']);
    }, patiently);
    await vi.waitFor(() => expect(brought(stream)).toHaveLength(2), { timeout: 10_000 });
    // the lower id came last, and was not taken for old
    const [first = 0, second = 0] = idsOf(stream);
    expect(second).toBeLessThan(first);
  });

  test('is its user’s alone', async () => {
    const [one, other] = [await app().member(), await app().member()];
    const [ones, others] = [await listen(one), await listen(other)];
    await tell(app().db, roleGiven(one.id), roleGiven(other.id, 'APPROVER'));
    await toldLast(ones, one);
    await toldLast(others, other);
    expect(brought(ones)).toEqual(['Vous avez le rôle Validateur Niveau 1 (tous les documents)', 'last']);
    expect(brought(others)).toEqual(['Vous avez le rôle Approbateur (tous les documents)', 'last']);
  });

  test('is not told of a document that its user may no longer see', async () => {
    const [owner, reader] = [await app().member(), await app().member()];
    const documentId = await file(owner);
    await share(app(), { documentId, user: reader, owner });
    const stream = await listen(reader);
    await tell(app().db, shared(reader.id, documentId, 'Contrat'));
    await stream.next('notification');
    await unshare(app(), { documentId });
    await tell(app().db, shared(reader.id, documentId, 'Contrat secret'));
    await toldLast(stream, reader);
    expect(brought(stream)).toEqual(['user1 a partagé Contrat avec vous', 'last']);
  });

  test('brings two hundred things that are told at once, each of them once', async () => {
    const reader = await app().member();
    const streams = [await listen(reader), await listen(reader)];
    const ids = await Promise.all(
      Array.from({ length: 200 }, () =>
        app().db.notification.create({ data: { userId: reader.id, kind: 'one', params: {} } }),
      ),
    );
    const expected = ids.map(({ id }) => id).sort((one, other) => one - other);
    for (const stream of streams) {
      await vi.waitFor(() => expect(idsOf(stream).length).toBeGreaterThanOrEqual(200), { timeout: 10_000 });
      await toldLast(stream, reader);
      expect(
        idsOf(stream)
          .slice(0, 200)
          .sort((one, other) => one - other),
      ).toEqual(expected);
    }
  });

  test('brings a thousand things of one transaction', async () => {
    const reader = await app().member();
    const stream = await listen(reader);
    await tell(app().db, ...Array.from({ length: 1_000 }, () => roleGiven(reader.id)));
    await vi.waitFor(() => expect(new Set(idsOf(stream)).size).toBe(1_000), { timeout: 10_000 });
    expect(idsOf(stream)).toHaveLength(1_000);
  });

  test('hears that another window has read something', async () => {
    const reader = await app().member();
    await tell(app().db, roleGiven(reader.id), roleGiven(reader.id));
    const streams = [await listen(reader), await listen(reader)];
    const [{ id }] = (await reader.get('/notifications')).body.data;
    await reader.post(`/notifications/${id}/read`);
    for (const stream of streams) expect((await stream.next('unread')).data.count).toBe(1);
    await reader.post('/notifications/read-all');
    for (const stream of streams)
      expect((await stream.next('unread')).data).toEqual({
        ...{ count: 0, by_priority: { urgent: 0, high: 0, normal: 0, low: 0 } },
      });
  });
});

describe('a stream that is opened again', () => {
  test('begins with what came after the last event it had', async () => {
    const reader = await app().member();
    const before = await listen(reader);
    await tell(app().db, roleGiven(reader.id));
    const last = await before.next('notification');
    await before.close();
    await tell(app().db, roleGiven(reader.id, 'APPROVER'), roleGiven(reader.id, 'VALIDATOR_L2'));
    const after = await listen(reader, { 'last-event-id': last.id ?? '' });
    await toldLast(after, reader);
    expect(brought(after)).toEqual([
      'Vous avez le rôle Approbateur (tous les documents)',
      'Vous avez le rôle Validateur Niveau 2 (tous les documents)',
      'last',
    ]);
    const anew = await listen(reader);
    await toldLast(anew, reader);
    expect(brought(anew)).toEqual(['last']);
  });

  test('brings nothing again to the other windows', async () => {
    const reader = await app().member();
    await tell(app().db, roleGiven(reader.id));
    const one = await listen(reader);
    const other = await listen(reader, { 'last-event-id': '0' });
    await other.next('notification');
    await toldLast(one, reader);
    expect(brought(one)).toEqual(['last']);
    expect(one.received.filter(({ event }) => event === 'unread')).toHaveLength(1);
  });

  test('is given the newest two hundred at most', async () => {
    const reader = await app().member();
    await tell(app().db, ...Array.from({ length: 250 }, () => roleGiven(reader.id)));
    const newest = (await reader.get('/notifications?limit=200')).body.data.map(
      ({ id }: { id: number }) => id,
    );
    const stream = await listen(reader, { 'last-event-id': '0' });
    await vi.waitFor(() => expect(idsOf(stream)).toHaveLength(200), { timeout: 10_000 });
    expect(idsOf(stream)).toEqual(newest.reverse());
  });

  test('is a 400 with an id that is none', async () => {
    const reader = await app().member();
    const reply = await openEvents(`${app().base}/api/v1/notifications/stream`, {
      cookie: reader.cookie,
      headers: { 'last-event-id': 'abc' },
    });
    expect(reply.status).toBe(400);
    await reply.close();
  });

  test('takes the place of the oldest where a user has ten, and that one is told to wait', async () => {
    const reader = await app().member();
    const streams: EventReader[] = [];
    for (let count = 0; count < 11; count++) streams.push(await listen(reader));
    const [oldest, second] = streams;
    await oldest?.ended;
    expect(oldest?.retry()).toBe(300_000);
    expect(second?.retry()).toBe(3_000);
    await tell(app().db, roleGiven(reader.id));
    for (const stream of streams.slice(1)) await stream.next('notification');
  });
});
