import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../support/app.ts';
import { type Office, openOffice } from './office.ts';

/** Deadlines, and what goes to the administrators. */
let office: Office;
let alice: Client;

beforeEach(async () => {
  office = await openOffice();
  alice = await office.member('alice');
});
afterEach(() => office.close());

const since = async (id: number, before: string[]) => (await office.told(id)).slice(before.length).sort();

describe('a reminder', () => {
  test('comes once, within a day of the deadline, to who may decide', async () => {
    await office.validator({}, 'vera');
    await office.validator({ max_amount: 1200 }, 'small');
    const id = await office.paper(alice);
    const before = await office.told(id);
    await office.dueIn(id, 25);
    expect(await office.services.validation.remind()).toBe(0);
    await office.dueIn(id, 23);
    expect(await office.services.validation.remind()).toBe(1);
    expect(await office.services.validation.remind()).toBe(0);
    expect(await since(id, before)).toEqual(['admin: validation_reminder', 'vera: validation_reminder']);
    const [reminder] = await office.db.notification.findMany({
      where: { documentId: id, kind: 'validation_reminder' },
    });
    expect(reminder).toMatchObject({ priority: 'high' });
    expect(await office.steps(id)).toHaveLength(1);
  });

  test('after the deadline it is urgent, comes once, and goes to the administrators too, as the document does', async () => {
    await office.validator({}, 'vera');
    const id = await office.paper(office.admin, { title: 'Bail' });
    const before = await office.told(id);
    await office.dueIn(id, 23);
    await office.services.validation.remind();
    await office.dueIn(id, -1);
    expect(await office.services.validation.remind()).toBe(1);
    expect(await office.services.validation.remind()).toBe(0);
    expect(await since(id, before)).toEqual([
      'admin: validation_overdue',
      'vera: validation_overdue',
      'vera: validation_reminder',
    ]);
    const overdue = await office.db.notification.findFirst({ where: { kind: 'validation_overdue' } });
    expect(overdue).toMatchObject({ priority: 'urgent' });
    expect(overdue?.params).toEqual({ title: 'Bail', deadline: expect.stringMatching(/^\d{4}-.*Z$/) });
    expect(await office.steps(id)).toEqual(['submitted: null → pending', 'escalated: pending → pending']);
    const { history } = (await office.admin.get(`/validation/${id}/history`)).body;
    expect(history[1]).toMatchObject({ action: 'escalated', performed_by: null, username: null });
    expect(await office.statusOf(id)).toMatchObject({ status: 'pending', escalated: true });
  });

  test('of what was due before anybody looked comes once, as overdue', async () => {
    const id = await office.paper(alice);
    const before = await office.told(id);
    await office.dueIn(id, -100);
    await office.services.validation.remind();
    expect(await since(id, before)).toEqual(['admin: validation_overdue']);
  });

  test('is not for what is decided or in the trash; restored, it comes', async () => {
    const [decided, trashed] = [await office.paper(alice), await office.paper(alice)];
    await office.dueIn(decided, -1);
    await office.dueIn(trashed, -1);
    await office.admin.post(`/validation/${decided}/approve`);
    await alice.delete(`/documents/${trashed}`);
    expect(await office.services.validation.remind()).toBe(0);
    await alice.post(`/documents/${trashed}/restore`);
    expect(await office.services.validation.remind()).toBe(1);
  });

  test('comes again for a new submission, and not for an edit of what waits', async () => {
    const id = await office.paper(alice);
    await office.dueIn(id, 1);
    await office.services.validation.remind();
    await alice.put(`/documents/${id}`, { amount: 1600 });
    expect(await office.services.validation.remind()).toBe(0);
    await office.admin.post(`/validation/${id}/approve`);
    await alice.put(`/documents/${id}`, { amount: 1700 });
    expect(await office.services.validation.remind()).toBe(0);
    await office.dueIn(id, 1);
    expect(await office.services.validation.remind()).toBe(1);
  });

  test('comes once for each of many, however many servers look at the same time', async () => {
    await office.validator();
    for (let i = 0; i < 12; i++) await Promise.all(Array.from({ length: 10 }, () => office.paper(alice)));
    await office.db.$executeRaw`
      UPDATE validation_requests SET deadline_at = now() + (document_id % 2 - 0.5) * interval '1 hour'`;
    const { validation } = office.services;
    const counts = await Promise.all([1, 2, 3, 4].map(() => validation.remind()));
    // What one had locked while another looked is taken by the first to look again.
    const rest = await validation.remind();
    expect(counts.reduce((sum, count) => sum + count, rest)).toBe(120);
    const told = await office.db.notification.groupBy({
      by: ['documentId', 'userId', 'kind'],
      where: { kind: { in: ['validation_reminder', 'validation_overdue'] } },
      _count: true,
    });
    expect(told).toHaveLength(240);
    expect(told.every((one) => one._count === 1)).toBe(true);
    const escalated = await office.db.validationStep.count({ where: { action: 'escalated' } });
    const late = await office.db.document.findMany({ select: { id: true } });
    expect(escalated).toBe(late.filter(({ id }) => id % 2 === 0).length);
  }, 120_000);

  test('leaves alone for now what somebody works on', async () => {
    const id = await office.paper(alice);
    await office.dueIn(id, 1);
    await office.db.$transaction(async (tx) => {
      await tx.$executeRaw`SELECT 1 FROM documents WHERE id = ${id} FOR UPDATE`;
      expect(await office.services.validation.remind()).toBe(0);
    });
    expect(await office.services.validation.remind()).toBe(1);
  });

  test('is a job of every five minutes', async () => {
    const working = await openOffice({}, { jobs: true });
    const [cron] = await working.db.$queryRaw<{ cron: string }[]>`
      SELECT cron FROM pgboss.schedule WHERE name = 'validation-reminders'`;
    expect(cron).toEqual({ cron: '*/5 * * * *' });
    const id = await working.paper(await working.member());
    await working.dueIn(id, 1);
    await working.services.jobs.send('validation-reminders', {});
    await expect
      .poll(() => working.told(id), { timeout: 20_000 })
      .toEqual(['admin: validation_escalated', 'admin: validation_reminder']);
    await working.close();
  });
});

describe('an amount above everyone’s limit', () => {
  test('goes to the administrators, which the history says', async () => {
    await office.validator({ max_amount: 5000 }, 'vera');
    const id = await office.paper(alice, { amount: 5001 });
    expect(await office.steps(id)).toEqual(['submitted: null → pending', 'escalated: pending → pending']);
    expect(await office.told(id)).toEqual(['admin: validation_escalated']);
    expect(await office.statusOf(id)).toMatchObject({ escalated: true });
    expect((await office.admin.post(`/validation/${id}/approve`)).status).toBe(200);
  });

  test('does not where somebody’s limit reaches it, be it lent', async () => {
    const lender = await office.validator({ max_amount: 9000 });
    const receiver = await office.member('receiver');
    const days = { valid_from: office.day(0), valid_to: office.day(1) };
    await lender.post('/validation/delegations', { delegate_id: receiver.id, ...days });
    const id = await office.paper(alice, { amount: 9000 });
    expect(await office.told(id)).toContain('receiver: validation_pending');
    expect(await office.statusOf(id)).toMatchObject({ escalated: false });
  });

  test('does so for the validator’s own documents, and where nobody has a role', async () => {
    const vera = await office.validator({}, 'vera');
    const own = await office.paper(vera);
    expect(await office.told(own)).toEqual(['admin: validation_escalated']);
  });

  test('tells the administrators even where the only one is who submitted it', async () => {
    const id = await office.paper(office.admin);
    expect(await office.told(id)).toEqual(['admin: validation_escalated']);
    expect((await office.admin.post(`/validation/${id}/approve`)).body.reason).toBe('own_document');
  });

  test('an edit to within a limit takes it back to the validators', async () => {
    await office.validator({ max_amount: 5000 }, 'vera');
    const id = await office.paper(alice, { amount: 6000 });
    const before = await office.told(id);
    await alice.put(`/documents/${id}`, { amount: 4000 });
    expect(await since(id, before)).toEqual(['admin: validation_pending', 'vera: validation_pending']);
    expect(await office.statusOf(id)).toMatchObject({ escalated: false });
  });
});
