import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { notificationTexts } from '../../../src/modules/notifications/notification-kinds.ts';
import { type Client, startTestApp, type TestApp } from '../../support/app.ts';
import { file, roleGiven, share, shared, tell, unshare } from './told.ts';

let t: TestApp;
let owner: Client;
let documentId: number;

beforeAll(async () => {
  t = await startTestApp();
  owner = await t.member();
  documentId = await file(owner);
});
afterAll(() => t.close());

const inEnglish = { headers: { 'accept-language': 'en' } };

describe('what a user was told', () => {
  test('reads as the seed shows it', async () => {
    await tell(t.db, {
      ...{ userId: owner.id, documentId, kind: 'validation_pending', priority: 'high' },
      params: { title: 'Facture EDF', username: 'user1' },
    });
    const { status, body } = await owner.get('/notifications');
    expect(status).toBe(200);
    expect(body).toEqual({
      success: true,
      data: [
        {
          id: expect.any(Number),
          type: 'validation_pending',
          title: 'Document à valider',
          message: 'Facture EDF soumise par user1',
          link: `/documents/${documentId}`,
          is_read: false,
          priority: 'high',
          created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        },
      ],
    });
    const english = await owner.get('/notifications', inEnglish);
    expect(english.body.data[0]).toMatchObject({
      title: 'Document to approve',
      message: 'Facture EDF submitted by user1',
    });
  });

  test('is a whole sentence for each kind, in both languages', async () => {
    const reader = await t.member();
    const userId = reader.id;
    const decided = { title: 'Contrat', username: 'user1', comment: 'Tout est là' };
    const ours = await file(reader);
    const of = { userId, priority: 'normal', documentId: ours } as const;
    await tell(
      t.db,
      { ...of, kind: 'validation_pending', params: { title: 'Contrat', username: 'user1' } },
      { ...of, kind: 'validation_escalated', params: { title: 'Contrat', username: 'user1' } },
      { ...of, kind: 'validation_reminder', params: { title: 'Contrat', deadline: '2026-01-30' } },
      { ...of, kind: 'validation_overdue', params: { title: 'Contrat', deadline: '2026-01-30T22:00:00Z' } },
      { ...of, kind: 'validation_approved', params: decided },
      { ...of, kind: 'validation_rejected', params: { ...decided, comment: null } },
      { ...of, kind: 'validation_dismissed', params: decided },
      { ...of, kind: 'document_shared', params: { title: 'Contrat', username: 'user1' } },
      roleGiven(userId),
      {
        ...{ userId, priority: 'normal', kind: 'role_removed' },
        params: { role: 'APPROVER', scope: 'document_type:invoice' },
      },
      {
        ...{ userId, priority: 'normal', kind: 'delegation_received' },
        params: { username: 'user1', from: '2026-02-01', to: '2026-02-14' },
      },
    );
    const texts = async (options = {}) =>
      (await reader.get('/notifications', options)).body.data
        .map(({ title, message }: { title: string; message: string }) => `${title}. ${message}`)
        .reverse();
    expect(await texts()).toEqual([
      'Document à valider. Contrat soumise par user1',
      'Document à valider par un administrateur. Contrat, soumise par user1, dépasse les limites des validateurs',
      'Validation attendue. Contrat : à valider avant le 30 janvier 2026',
      'Validation en retard. Contrat : la validation était attendue avant le 30 janvier 2026',
      'Document approuvé. user1 a approuvé Contrat : Tout est là',
      'Document rejeté. user1 a rejeté Contrat',
      'Validation sans objet. Selon user1, Contrat n’est pas à valider : Tout est là',
      'Document partagé. user1 a partagé Contrat avec vous',
      'Rôle attribué. Vous avez le rôle Validateur Niveau 1 (tous les documents)',
      'Rôle retiré. Vous n’avez plus le rôle Approbateur (documents de type invoice)',
      'Délégation reçue. user1 vous délègue ses validations du 1 février 2026 au 14 février 2026',
    ]);
    expect(await texts(inEnglish)).toEqual([
      'Document to approve. Contrat submitted by user1',
      'Document to approve by an administrator. Contrat, submitted by user1, is above the limits of all validators',
      'Approval due soon. Contrat: to be approved by 30 January 2026',
      'Approval overdue. Contrat: the approval was due by 30 January 2026',
      'Document approved. user1 approved Contrat: Tout est là',
      'Document rejected. user1 rejected Contrat',
      'No approval needed. According to user1, Contrat needs no approval: Tout est là',
      'Document shared. user1 shared Contrat with you',
      'Role given. You have the role Level 1 validator (all documents)',
      'Role taken back. You no longer have the role Approver (documents of type invoice)',
      'Delegation received. user1 lends you their approvals from 1 February 2026 to 14 February 2026',
    ]);
    const told = await t.db.notification.findMany({ where: { userId }, distinct: ['kind'] });
    expect(told.map(({ kind }) => kind).sort()).toEqual(Object.keys(notificationTexts).sort());
  });

  test('comes by pages, the newest first', async () => {
    const reader = await t.member();
    await tell(t.db, ...Array.from({ length: 60 }, () => roleGiven(reader.id)));
    const ids = async (query: string) =>
      (await reader.get(`/notifications${query}`)).body.data.map(({ id }: { id: number }) => id);
    const all = await ids('?limit=200');
    expect(all).toHaveLength(60);
    expect(all).toEqual([...all].sort((one, other) => other - one));
    expect(await ids('')).toEqual(all.slice(0, 50));
    expect(await ids('?offset=50')).toEqual(all.slice(50));
    expect(await ids('?limit=3&offset=4')).toEqual(all.slice(4, 7));
    for (const query of ['?limit=0', '?limit=201', '?limit=1.5', '?offset=-1', '?page=1'])
      expect((await reader.get(`/notifications${query}`)).status).toBe(400);
  });

  test('a kind of a later version is shown by its name, and a day that is none as it is', async () => {
    const reader = await t.member();
    const of = { userId: reader.id, params: { deadline: 'bientôt', title: 'Contrat' } };
    await t.db.notification.create({ data: { ...of, kind: 'sync_failed' } });
    await t.db.notification.create({ data: { ...of, kind: 'validation_reminder' } });
    const { body } = await reader.get('/notifications');
    expect(body.data).toMatchObject([
      { message: 'Contrat : à valider avant le bientôt', link: null },
      { type: 'sync_failed', title: 'sync_failed', link: null },
    ]);
  });
});

describe('what is unread', () => {
  test('is counted in all and by priority, and shown by priority, then the newest', async () => {
    const reader = await t.member();
    for (const priority of ['low', 'urgent', 'normal', 'high', 'urgent'] as const)
      await tell(t.db, { ...roleGiven(reader.id), priority });
    const { body } = await reader.get('/notifications/unread');
    const { notifications, ...counts } = body;
    expect(counts).toEqual({
      success: true,
      count: 5,
      by_priority: { urgent: 2, high: 1, normal: 1, low: 1 },
    });
    const shown = notifications.map((one: { priority: string }) => one.priority);
    expect(shown).toEqual(['urgent', 'urgent', 'high', 'normal', 'low']);
    expect(notifications[0].id).toBeGreaterThan(notifications[1].id);
  });

  test('is counted beyond the fifty that are shown', async () => {
    const reader = await t.member();
    await tell(t.db, ...Array.from({ length: 55 }, () => roleGiven(reader.id)));
    await tell(t.db, { ...roleGiven(reader.id), priority: 'low' });
    const { body } = await reader.get('/notifications/unread');
    expect(body.count).toBe(56);
    expect(body.notifications).toHaveLength(50);
    expect(body.notifications.every((one: { priority: string }) => one.priority === 'normal')).toBe(true);
  });

  test('is nothing for who was told nothing', async () => {
    const reader = await t.member();
    expect((await reader.get('/notifications/unread')).body).toEqual({
      ...{ success: true, count: 0, notifications: [] },
      by_priority: { urgent: 0, high: 0, normal: 0, low: 0 },
    });
    expect((await reader.post('/notifications/read-all')).body).toEqual({ success: true, count: 0 });
  });

  test('becomes read one by one, once and for all', async () => {
    const reader = await t.member();
    await tell(t.db, roleGiven(reader.id), roleGiven(reader.id));
    const [first] = (await reader.get('/notifications')).body.data;
    const answer = await reader.post(`/notifications/${first.id}/read`);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ success: true, data: { ...first, is_read: true } });
    const { readAt } = await t.db.notification.findUniqueOrThrow({ where: { id: first.id } });
    expect((await reader.post(`/notifications/${first.id}/read`)).body).toEqual(answer.body);
    expect((await t.db.notification.findUniqueOrThrow({ where: { id: first.id } })).readAt).toEqual(readAt);
    expect((await reader.get('/notifications/unread')).body.count).toBe(1);
  });

  test('becomes read all at once', async () => {
    const reader = await t.member();
    await tell(t.db, roleGiven(reader.id), roleGiven(reader.id), roleGiven(owner.id));
    expect((await reader.post('/notifications/read-all')).body).toEqual({ success: true, count: 2 });
    expect((await reader.get('/notifications/unread')).body.count).toBe(0);
    const { body } = await reader.get('/notifications');
    expect(body.data.map((one: { is_read: boolean }) => one.is_read)).toEqual([true, true]);
    expect((await owner.get('/notifications/unread')).body.count).toBeGreaterThan(0);
  });
});

describe('nobody learns what is not for them', () => {
  test('another’s notification is not there: not to be listed, nor to be marked', async () => {
    const [one, other] = [await t.member(), await t.member()];
    await tell(t.db, roleGiven(one.id));
    const [{ id }] = (await one.get('/notifications')).body.data;
    expect((await other.get('/notifications')).body.data).toEqual([]);
    for (const client of [other, t.admin]) {
      const refused = await client.post(`/notifications/${id}/read`);
      expect(refused.status).toBe(404);
      expect(refused.body.code).toBe('notifications.not_found');
    }
    expect((await other.post('/notifications/2147483647/read')).status).toBe(404);
    expect((await one.get('/notifications/unread')).body.count).toBe(1);
  });

  test('who may no longer see a document is no longer told of it, nor is it counted', async () => {
    const reader = await t.member();
    await share(t, { documentId, user: reader, owner });
    await tell(t.db, shared(reader.id, documentId), roleGiven(reader.id));
    expect((await reader.get('/notifications')).body.data).toHaveLength(2);
    const id = (await reader.get('/notifications')).body.data[1].id;

    await unshare(t, { documentId });
    const { body } = await reader.get('/notifications');
    expect(JSON.stringify(body)).not.toContain('EDF');
    expect(body.data).toHaveLength(1);
    expect((await reader.get('/notifications/unread')).body).toMatchObject({
      count: 1,
      by_priority: { normal: 1 },
      notifications: [{ type: 'role_assigned' }],
    });
    expect((await reader.post(`/notifications/${id}/read`)).status).toBe(404);
    expect((await reader.post('/notifications/read-all')).body.count).toBe(1);

    await share(t, { documentId, user: reader, owner });
    expect((await reader.get('/notifications/unread')).body.count).toBe(1);
    await unshare(t, { documentId });
  });

  test('what was told of a document goes with it', async () => {
    const gone = await file(owner);
    await tell(t.db, shared(owner.id, gone));
    await owner.delete(`/documents/${gone}`);
    expect((await t.admin.delete(`/documents/${gone}?permanent=true`)).status).toBe(200);
    expect(await t.db.notification.count({ where: { documentId: gone } })).toBe(0);
  });
});

test('read notifications are kept for half a year, the others for two', async () => {
  const reader = await t.member();
  const told = async (days: number, isRead: boolean) => {
    const createdAt = new Date(Date.now() - days * 86_400_000);
    const data = { userId: reader.id, kind: 'role_assigned', params: {}, createdAt };
    const { id } = await t.db.notification.create({ data: { ...data, readAt: isRead ? createdAt : null } });
    return id;
  };
  const kept = [await told(0, true), await told(179, true), await told(181, false), await told(729, false)];
  await told(181, true);
  await told(740, false);
  await t.services.notifications.purge();
  const left = await t.db.notification.findMany({ where: { userId: reader.id }, orderBy: { id: 'asc' } });
  expect(left.map(({ id }) => id)).toEqual(kept);
});
