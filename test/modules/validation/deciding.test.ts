import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Transaction } from '../../../src/database/client.ts';
import type { Client } from '../../support/app.ts';
import { type Office, openOffice } from './office.ts';

/** Who decides, who does not and why, and what a decision does. */
let office: Office;
let alice: Client;
let vera: Client;

beforeAll(async () => {
  office = await openOffice();
  alice = await office.member('alice');
  vera = await office.validator({}, 'vera');
});
afterAll(() => office.close());

const english = { headers: { 'accept-language': 'en' } };

/** Refused as a decision and by `can-validate` alike; nothing has changed. */
async function expectRefused(client: Client, id: number, reason: string) {
  const before = await office.db.document.findUniqueOrThrow({ where: { id } });
  const asked = await client.get(`/validation/can-validate/${id}`);
  expect(asked).toMatchObject({
    status: 200,
    body: { document_id: id, can_validate: false, role: null, max_amount: null, reason },
  });
  for (const [address, body] of [
    ['approve', {}],
    ['reject', { comment: 'Non' }],
    ['status', { status: 'na' }],
  ] as const) {
    const answer = await client.post(`/validation/${id}/${address}`, body);
    expect(answer.status).toBe(reason === 'not_pending' ? 409 : 403);
    expect(answer.body).toMatchObject({ success: false, error: true, reason, message: asked.body.message });
  }
  expect(await office.db.document.findUniqueOrThrow({ where: { id } })).toEqual(before);
  expect(await office.pendingOf(client)).not.toContain(id);
}

/** Lets somebody see a document they have nothing to do with. */
async function share(id: number, client: Client) {
  const shared = { documentId: id, userId: client.id, createdById: alice.id };
  await office.db.documentShare.create({ data: shared });
}

/** How many transactions of this database wait for another. */
async function waitingForLocks(tx: Transaction): Promise<number> {
  const [row] = await tx.$queryRaw<{ count: number }[]>`
    SELECT count(*)::int AS count FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  return row?.count ?? 0;
}

describe('a refusal says why', () => {
  test('own_document: whose it is does not decide, with whatever role', async () => {
    const id = await office.paper(vera);
    await expectRefused(vera, id, 'own_document');
    await expectRefused(office.admin, await office.paper(office.admin), 'own_document');
  });

  test('own_document: nor does who submitted it, an administrator neither', async () => {
    const id = await office.paper(alice, { amount: 5 });
    await office.admin.post(`/validation/${id}/submit`);
    await expectRefused(office.admin, id, 'own_document');
    expect((await vera.post(`/validation/${id}/approve`)).status).toBe(200);
  });

  test('no_role: who has none, or only had a role that was taken back', async () => {
    const id = await office.paper(alice);
    const reader = await office.member();
    await share(id, reader);
    await expectRefused(reader, id, 'no_role');
    await office.give(reader);
    expect((await reader.get(`/validation/can-validate/${id}`)).body.can_validate).toBe(true);
    await office.admin.delete(`/roles/user/${reader.id}/VALIDATOR_L1?scope=*`);
    await expectRefused(reader, id, 'no_role');
  });

  test('scope: who decides on other types', async () => {
    const id = await office.paper(alice, { type: 'invoice' });
    const other = await office.validator({ scope: 'document_type:receipt' });
    await share(id, other);
    await expectRefused(other, id, 'scope');
    await office.give(other, { scope: 'document_type:invoice' });
    expect((await other.post(`/validation/${id}/approve`)).status).toBe(200);
  });

  test.each([
    ['over', -9, -1],
    ['to come', 1, 9],
  ])('expired: whose role is %s', async (_, from, to) => {
    const id = await office.paper(alice);
    const other = await office.validator({ valid_from: office.day(from), valid_to: office.day(to) });
    await share(id, other);
    await expectRefused(other, id, 'expired');
    await office.give(other, { valid_from: office.day(0), valid_to: office.day(0) });
    expect((await other.post(`/validation/${id}/approve`)).status).toBe(200);
  });

  test('amount: whose limit is lower, the sign aside; at the limit they may', async () => {
    const other = await office.validator({ max_amount: 5000 });
    for (const amount of [5000.01, -5000.01]) {
      const id = await office.paper(alice, { amount });
      await share(id, other);
      await expectRefused(other, id, 'amount');
    }
    const id = await office.paper(alice, { amount: -5000 });
    expect((await other.post(`/validation/${id}/approve`)).status).toBe(200);
  });

  test('amount: with the limit and the amount in the reader’s language', async () => {
    const other = await office.validator({ max_amount: 5000 });
    const id = await office.paper(alice, { amount: 12_500, currency: 'EUR' });
    await share(id, other);
    const { body } = await other.post(`/validation/${id}/approve`);
    expect(body.message.replaceAll(/\s/g, ' ')).toBe(
      'Votre limite est de 5 000 EUR ; ce document en demande 12 500.',
    );
    expect(body.max_amount).toBe(5000);
    expect((await other.get(`/validation/can-validate/${id}`, english)).body.message).toBe(
      'Your limit is EUR 5,000; this document needs 12,500.',
    );
  });

  test('not_pending: what was decided, dismissed, or never asked for', async () => {
    const approved = await office.paper(alice);
    await vera.post(`/validation/${approved}/approve`);
    await expectRefused(vera, approved, 'not_pending');
    const never = await office.paper(alice, { amount: 1 });
    await expectRefused(office.admin, never, 'not_pending');
    expect((await office.admin.post(`/validation/${never}/approve`)).body.message).toBe(
      'Ce document n’attend pas de décision : aucune validation n’est demandée.',
    );
  });

  test('and to who may not see the document there is none', async () => {
    const id = await office.paper(alice);
    const stranger = await office.member();
    for (const address of ['can-validate/ID', 'ID/status', 'ID/history'])
      expect((await stranger.get(`/validation/${address.replace('ID', `${id}`)}`)).status).toBe(404);
    for (const address of ['approve', 'reject', 'status', 'submit'])
      expect((await stranger.post(`/validation/${id}/${address}`, {})).status).toBe(404);
  });
});

describe('the role it is decided by', () => {
  test('is the smallest that suffices', async () => {
    const other = await office.validator({ role_code: 'APPROVER' });
    await office.give(other, { role_code: 'VALIDATOR_L2', max_amount: 20_000 });
    await office.give(other, { role_code: 'VALIDATOR_L1', max_amount: 2000 });
    for (const [amount, role, max_amount] of [
      [2000, 'VALIDATOR_L1', 2000],
      [2001, 'VALIDATOR_L2', 20_000],
      [20_001, 'APPROVER', null],
    ] as const) {
      const id = await office.paper(alice, { amount });
      expect((await other.get(`/validation/can-validate/${id}`)).body).toMatchObject({ role, max_amount });
      expect((await other.post(`/validation/${id}/approve`)).body.role).toBe(role);
    }
  });

  test('is ADMIN for an administrator, without a limit', async () => {
    const id = await office.paper(alice, { amount: 999_999_999 });
    expect((await office.admin.get(`/validation/can-validate/${id}`)).body).toMatchObject({
      can_validate: true,
      role: 'ADMIN',
      max_amount: null,
    });
    expect((await office.admin.post(`/validation/${id}/approve`)).body.role).toBe('ADMIN');
  });
});

describe('a decision', () => {
  test('raises the revision once, and answers the ETag that the document then has', async () => {
    const id = await office.paper(alice);
    const before = (await alice.get(`/documents/${id}`)).headers.etag;
    const answer = await vera.post(`/validation/${id}/approve`);
    const after = (await alice.get(`/documents/${id}`)).headers.etag;
    expect([before, after]).toEqual([`"${id}-1"`, `"${id}-2"`]);
    expect(answer.headers.etag).toBe(after);
  });

  test('from a state that is no longer the document’s is a 412, and nothing else', async () => {
    const id = await office.paper(alice);
    const { etag } = (await vera.get(`/documents/${id}`)).headers;
    await alice.put(`/documents/${id}`, { amount: 1900 });
    const stale = await vera.post(`/validation/${id}/approve`, {}, { 'if-match': String(etag) });
    expect(stale.status).toBe(412);
    expect(await office.statusOf(id)).toMatchObject({ status: 'pending' });
    const { etag: fresh } = (await vera.get(`/documents/${id}`)).headers;
    expect((await vera.post(`/validation/${id}/approve`, {}, { 'if-match': String(fresh) })).status).toBe(
      200,
    );
  });

  test('of two validators at once is one: the other hears that it was made', async () => {
    const walter = await office.validator();
    for (let round = 0; round < 10; round++) {
      const id = await office.paper(alice);
      const answers = await Promise.all([
        vera.post(`/validation/${id}/approve`),
        walter.post(`/validation/${id}/reject`, { comment: 'Non' }),
      ]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
      expect(answers.find(({ status }) => status === 409)?.body.reason).toBe('not_pending');
      expect(await office.steps(id)).toHaveLength(2);
    }
  });

  test('that came first is what a second validator hears of, though they no longer see the document', async () => {
    const walter = await office.validator();
    const small = await office.validator({ max_amount: 1 });
    const id = await office.paper(alice);
    await vera.post(`/validation/${id}/approve`);
    const late = await walter.post(`/validation/${id}/reject`, { comment: 'Non' });
    expect(late).toMatchObject({ status: 409, body: { reason: 'not_pending' } });
    expect(late.body.message).toBe('Ce document n’attend pas de décision : il est déjà approuvé.');
    for (const address of [`/validation/${id}/status`, `/validation/can-validate/${id}`, `/documents/${id}`])
      expect((await walter.get(address)).status).toBe(404);
    expect((await walter.put(`/documents/${id}`, { title: 'x' })).status).toBe(404);
    expect((await small.post(`/validation/${id}/approve`)).status).toBe(404);
  });

  test.each<[string, (id: number) => string]>([
    ['a role', (id) => `DELETE FROM role_assignments WHERE user_id = ${id}`],
    ['an account', (id) => `UPDATE users SET is_active = FALSE WHERE id = ${id}`],
  ])('waits for %s that is being taken away, and is then refused', async (_, taking) => {
    const walter = await office.validator();
    const id = await office.paper(alice);
    let answer: Promise<{ body: { reason: string } }> | undefined;
    await office.db.$transaction(async (tx) => {
      await tx.$executeRaw`SELECT 1 FROM users WHERE id = ${walter.id} FOR NO KEY UPDATE`;
      await tx.$executeRawUnsafe(taking(walter.id));
      answer = walter.post(`/validation/${id}/approve`);
      await expect.poll(() => waitingForLocks(tx)).toBeGreaterThan(0);
    });
    expect((await answer)?.body.reason).toBe('no_role');
    expect(await office.statusOf(id)).toMatchObject({ status: 'pending' });
  });

  test('is told to who submitted the document and to whose it is, not to who decided', async () => {
    const bob = await office.member('bob');
    const id = await office.paper(alice, { amount: 5, title: 'Devis' });
    const shared = { documentId: id, userId: bob.id, createdById: alice.id, access: 'write' };
    await office.db.documentShare.create({ data: shared });
    expect((await bob.post(`/validation/${id}/submit`)).status).toBe(200);
    await vera.post(`/validation/${id}/reject`, { comment: 'Trop cher' });
    const told = (await office.told(id)).filter((line) => line.endsWith('rejected'));
    expect(told.sort()).toEqual(['alice: validation_rejected', 'bob: validation_rejected']);
    const { body } = await bob.get('/notifications');
    expect(body.data[0]).toMatchObject({ type: 'validation_rejected' });
    expect(body.data[0].message).toMatch(/vera a rejeté Devis.*Trop cher/);
  });

  test('lets who made it go on seeing the document', async () => {
    const id = await office.paper(alice);
    await vera.post(`/validation/${id}/approve`);
    expect((await vera.get(`/validation/${id}/history`)).status).toBe(200);
  });

  test('is in the audit log, with who and by what; and so is a refused one', async () => {
    const id = await office.paper(alice);
    await alice.post(`/validation/${id}/approve`);
    await vera.post(`/validation/${id}/approve`);
    const { body } = await office.admin.get(`/audit?object_type=document&object_id=${id}&action=validation`);
    expect(body.data).toMatchObject([
      { action: 'validation.decide', outcome: 'success', user: { username: 'vera' } },
      { action: 'validation.decide', outcome: 'refused', user: { username: 'alice' } },
    ]);
    expect(body.data[0].details).toEqual({ status: 'approved', role: 'VALIDATOR_L1' });
  });

  test.each<[string, unknown, string]>([
    ['reject', undefined, 'comment'],
    ['reject', {}, 'comment'],
    ['reject', { comment: ' \n' }, 'comment'],
    ['reject', { comment: 'x'.repeat(2001) }, 'comment'],
    ['approve', { comment: 'x'.repeat(2001) }, 'comment'],
    ['approve', { reason: 'x' }, 'reason'],
    ['status', { status: 'rejected' }, 'comment'],
    ['status', { status: 'pending' }, 'status'],
    ['status', {}, 'status'],
    ['submit', { comment: 5 }, 'comment'],
  ])('POST …/%s with %j is a 400 on %s', async (address, body, field) => {
    const id = await office.paper(alice);
    const answer = await office.admin.post(`/validation/${id}/${address}`, body);
    expect(answer.status).toBe(400);
    expect(Object.keys(answer.body.errors)).toEqual([field]);
    expect(await office.steps(id)).toHaveLength(1);
  });

  test('may be made without a body, or with a comment of 2,000 characters', async () => {
    const id = await office.paper(alice);
    expect((await vera.post(`/validation/${id}/approve`)).status).toBe(200);
    const long = await office.paper(alice);
    const comment = 'é'.repeat(2000);
    expect((await vera.post(`/validation/${long}/approve`, { comment })).status).toBe(200);
    expect((await office.statusOf(long)).comment).toBe(comment);
  });
});

describe('what is pending', () => {
  test('is what awaits the caller, by deadline, with how much that is in all', async () => {
    const walter = await office.validator({ scope: 'document_type:payslip', max_amount: 3000 });
    const late = await office.paper(alice, { type: 'payslip', title: 'En retard' });
    const today = await office.paper(alice, { type: 'payslip', title: 'Urgent' });
    const later = await office.paper(alice, { type: 'payslip', title: 'Plus tard' });
    await office.paper(alice, { type: 'payslip', amount: 3001 });
    await office.paper(alice, { type: 'invoice' });
    await office.dueIn(late, -1);
    await office.dueIn(today, 36);
    expect((await walter.get('/validation/pending')).body).toMatchObject({
      count: 3,
      documents: [{ id: late }, { id: today }, { id: later, days_until_deadline: 7 }],
    });
    const { body } = await walter.get('/validation/pending?limit=2');
    expect(body.count).toBe(3);
    expect(body.documents.map((one: { id: number }) => one.id)).toEqual([late, today]);
    expect(body.documents[0].days_until_deadline).toBeLessThan(0);
    expect([1, 2]).toContain(body.documents[1].days_until_deadline);
    expect((await walter.get('/validation/pending?limit=201')).status).toBe(400);
  });

  test('is nothing for who has no role, whatever they own', async () => {
    expect((await alice.get('/validation/pending')).body).toEqual({ success: true, count: 0, documents: [] });
  });
});

describe('statistics', () => {
  test('count what the caller may see, of one validator, in one period', async () => {
    const [carol, walter] = [await office.member(), await office.validator()];
    const [one, two, three] = [
      await office.paper(carol, { amount: 2000 }),
      await office.paper(carol, { amount: 3000.5 }),
      await office.paper(carol, { amount: 4000 }),
    ];
    await vera.post(`/validation/${one}/approve`);
    await walter.post(`/validation/${two}/approve`);
    const of = async (client: Client, query: string) =>
      (await client.get(`/validation/statistics${query}`)).body.statistics;
    const none = { count: 0, total_amount: 0, avg_amount: 0 };
    expect(await of(carol, '')).toEqual({
      approved: { count: 2, total_amount: 5000.5, avg_amount: 2500.25 },
      rejected: none,
      pending: { count: 1, total_amount: 4000, avg_amount: 4000 },
    });
    expect(await of(carol, `?period=day&user_id=${walter.id}`)).toEqual({
      approved: { count: 1, total_amount: 3000.5, avg_amount: 3000.5 },
      rejected: none,
      pending: { count: 1, total_amount: 4000, avg_amount: 4000 },
    });
    expect(await of(carol, `?user_id=${carol.id}`)).toEqual({
      approved: none,
      rejected: none,
      pending: none,
    });
    expect(await of(await office.member(), '')).toEqual({ approved: none, rejected: none, pending: none });
    expect((await of(office.admin, '')).approved.count).toBeGreaterThan(2);
    expect((await of(office.admin, `?user_id=${walter.id}`)).approved).toMatchObject({ count: 1 });
    await carol.delete(`/documents/${three}`);
    expect((await of(carol, '')).pending).toEqual(none);
    expect((await carol.get('/validation/statistics?period=decade')).status).toBe(400);
  });
});
