import { expect, test } from 'vitest';
import { z } from 'zod';
import { asFrontend, done, fits, moment } from './frontend.ts';

const notification = z.looseObject({
  id: z.int(),
  type: z.string(),
  title: z.string(),
  message: z.string(),
  link: z.string().nullable(),
  is_read: z.boolean(),
  priority: z.enum(['urgent', 'high', 'normal', 'low']),
  created_at: moment,
});
const list = z.looseObject({ success: done, data: z.array(notification) });
const unread = z.looseObject({
  success: done,
  count: z.int(),
  by_priority: z.strictObject({ urgent: z.int(), high: z.int(), normal: z.int(), low: z.int() }),
  notifications: z.array(notification),
});

asFrontend('notifications', (use) => {
  test('a validator is told of a document to validate, in the seed’s words', async () => {
    const { validator, file } = use();
    const { id } = await file({ title: 'Facture EDF', amount: 1500 });
    const { status, body } = await validator.get('/notifications');
    expect(status).toBe(200);
    expect(fits(body, list).data[0]).toMatchObject({
      type: 'validation_pending',
      title: 'Document à valider',
      message: 'Facture EDF soumise par user1',
      link: `/documents/${id}`,
      is_read: false,
      priority: 'high',
    });
  });

  test('the list goes by limit and offset, fifty unless said otherwise', async () => {
    const { validator, file } = use();
    await file({ amount: 1500 });
    const all = fits((await validator.get('/notifications')).body, list).data;
    expect(all.length).toBeGreaterThan(1);
    const second = await validator.get('/notifications?limit=1&offset=1');
    expect(fits(second.body, list).data).toEqual([all[1]]);
  });

  test('what is unread is counted by priority, and becomes read one by one and all at once', async () => {
    const { validator, file } = use();
    await file({ amount: 1500 });
    await file({ amount: 1700 });
    const before = fits((await validator.get('/notifications/unread')).body, unread);
    expect(before.count).toBe(before.notifications.length);
    expect(Object.values(before.by_priority).reduce((sum, count) => sum + count)).toBe(before.count);
    const [first] = before.notifications;
    const read = await validator.post(`/notifications/${first?.id}/read`);
    expect(read.status).toBe(200);
    expect(read.body.success).toBe(true);
    const between = fits((await validator.get('/notifications/unread')).body, unread);
    expect(between.count).toBe(before.count - 1);
    const all = await validator.post('/notifications/read-all');
    expect(all.status).toBe(200);
    expect(all.body.success).toBe(true);
    const after = fits((await validator.get('/notifications/unread')).body, unread);
    expect(after).toMatchObject({ count: 0, notifications: [] });
    const listed = fits((await validator.get('/notifications')).body, list).data;
    expect(listed.every(({ is_read: isRead }) => isRead)).toBe(true);
  });
});
