import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../support/app.ts';
import { type Office, openOffice } from './office.ts';

/** Who decides in whose place, and never more than that one may. */
let office: Office;
let alice: Client;

beforeAll(async () => {
  office = await openOffice();
  alice = await office.member('alice');
});
afterAll(() => office.close());

function lend(from: Client, to: Client, o: Record<string, unknown> = {}) {
  const days = { valid_from: office.day(0), valid_to: office.day(7) };
  return from.post('/validation/delegations', { delegate_id: to.id, ...days, ...o });
}
/** A validator of level 2 up to 5,000, and a member whom they lend that to. */
async function pair(lent: Record<string, unknown> = {}, role: Record<string, unknown> = {}) {
  const lender = await office.validator({ role_code: 'VALIDATOR_L2', max_amount: 5000, ...role });
  const receiver = await office.member();
  const answer = await lend(lender, receiver, lent);
  expect(answer.status).toBe(201);
  return { lender, receiver, id: answer.body.data.id as number };
}
const decide = (client: Client, id: number) => client.post(`/validation/${id}/approve`, { comment: 'Vu' });

describe('a delegation', () => {
  test('is listed by who made and who received it, who is told', async () => {
    const { lender, receiver, id } = await pair({ scope: 'document_type:invoice', max_amount: 1200 });
    const { body } = await lender.get('/validation/delegations');
    expect(body.data.received).toEqual([]);
    expect(body.data.made).toEqual([
      {
        id,
        delegator: { id: lender.id, username: lender.username, display_name: lender.username },
        delegate: { id: receiver.id, username: receiver.username, display_name: receiver.username },
        scope: 'document_type:invoice',
        max_amount: 1200,
        valid_from: office.day(0),
        valid_to: office.day(7),
        active: true,
        created_at: expect.stringMatching(/Z$/),
        revoked_at: null,
      },
    ]);
    const received = (await receiver.get('/validation/delegations')).body.data;
    expect(received).toEqual({ made: [], received: body.data.made });
    expect((await alice.get('/validation/delegations')).body.data).toEqual({ made: [], received: [] });
    expect((await receiver.get('/notifications')).body.data[0]).toMatchObject({
      type: 'delegation_received',
    });
  });

  test('lets another decide, and says for whom they did', async () => {
    const { lender, receiver } = await pair();
    const id = await office.paper(alice);
    expect(await office.pendingOf(receiver)).toContain(id);
    expect((await receiver.get(`/validation/can-validate/${id}`)).body).toMatchObject({
      can_validate: true,
      role: 'VALIDATOR_L2',
      max_amount: 5000,
      on_behalf_of: lender.id,
    });
    expect((await decide(receiver, id)).body).toEqual({
      success: true,
      status: 'approved',
      validated_by: receiver.id,
      role: 'VALIDATOR_L2',
      on_behalf_of: lender.id,
    });
    const lent = { id: lender.id, username: lender.username };
    expect(await office.statusOf(id)).toMatchObject({
      validated_by: { id: receiver.id },
      role: 'VALIDATOR_L2',
      on_behalf_of: lent,
    });
    const { body } = await alice.get(`/validation/${id}/history`);
    expect(body.history[1]).toMatchObject({ performed_by: receiver.id, on_behalf_of: lent });
  });

  test('never exceeds what is lent, nor what its owner has: the lower limit holds', async () => {
    for (const [own, lent, limit] of [
      [5000, 2000, 2000],
      [2000, 5000, 2000],
      [null, 2000, 2000],
      [2000, null, 2000],
    ]) {
      const { receiver } = await pair({ max_amount: lent }, { max_amount: own });
      const within = await office.paper(alice, { amount: limit ?? 0 });
      const above = await office.paper(alice, { amount: (limit ?? 0) + 0.01 });
      expect(await office.pendingOf(receiver)).not.toContain(above);
      expect((await decide(receiver, above)).status).toBe(404);
      expect((await decide(receiver, within)).status).toBe(200);
    }
  });

  test('reaches the types of both only', async () => {
    const invoices = 'document_type:invoice';
    const narrowed = await pair({ scope: invoices });
    const narrow = await pair({}, { scope: invoices });
    const apart = await pair({ scope: 'document_type:receipt' }, { scope: invoices });
    const [invoice, receipt] = [
      await office.paper(alice, { type: 'invoice' }),
      await office.paper(alice, { type: 'receipt' }),
    ];
    for (const { receiver } of [narrowed, narrow]) {
      const waiting = await office.pendingOf(receiver);
      expect(waiting).toContain(invoice);
      expect(waiting).not.toContain(receipt);
    }
    expect(await office.pendingOf(apart.receiver)).toEqual([]);
  });

  test('is in force on the days of both only', async () => {
    const id = await office.paper(alice);
    const to = office.day(9);
    const coming = await pair({ valid_from: office.day(1), valid_to: to });
    const ended = await pair({}, { valid_to: office.day(0) });
    expect(await office.pendingOf(ended.receiver)).toContain(id);
    await office.give(ended.lender, { role_code: 'VALIDATOR_L2', valid_to: office.day(-1) });
    for (const { receiver } of [coming, ended]) {
      expect(await office.pendingOf(receiver)).toEqual([]);
      const shared = { documentId: id, userId: receiver.id, createdById: alice.id };
      await office.db.documentShare.create({ data: shared });
      expect((await decide(receiver, id)).body.reason).toBe('expired');
    }
    const [row] = (await coming.lender.get('/validation/delegations')).body.data.made;
    expect(row.active).toBe(false);
  });

  test('is worth nothing once its owner has lost the role, or the account', async () => {
    for (const lose of [
      (lender: Client) => office.admin.delete(`/roles/user/${lender.id}/VALIDATOR_L2?scope=*`),
      (lender: Client) => office.admin.patch(`/users/${lender.id}`, { is_active: false }),
    ]) {
      const { lender, receiver } = await pair();
      const id = await office.paper(alice);
      expect(await office.pendingOf(receiver)).toContain(id);
      expect((await lose(lender)).status).toBe(200);
      expect(await office.pendingOf(receiver)).toEqual([]);
      expect((await decide(receiver, id)).status).toBe(404);
    }
  });

  test('is not lent on', async () => {
    const { receiver } = await pair();
    const answer = await lend(receiver, await office.member());
    expect(answer).toMatchObject({
      status: 403,
      body: { code: 'validation.nothing_to_delegate', reason: 'no_role' },
    });
    const third = await office.member();
    await office.give(receiver, { max_amount: 1100 });
    expect((await lend(receiver, third)).status).toBe(201);
    const id = await office.paper(alice, { amount: 1500 });
    expect(await office.pendingOf(receiver)).toContain(id);
    expect(await office.pendingOf(third)).not.toContain(id);
  });

  test('is no way around one’s own documents: not for the owner’s, not for what the lender submitted', async () => {
    const { lender, receiver } = await pair();
    const owned = await office.paper(lender);
    const shared = { documentId: owned, userId: receiver.id, createdById: lender.id };
    await office.db.documentShare.create({ data: shared });
    expect((await decide(receiver, owned)).body).toMatchObject({ reason: 'own_document' });
    expect((await decide(receiver, await office.paper(receiver))).body.reason).toBe('own_document');
    await office.give(receiver);
    expect((await decide(receiver, owned)).status).toBe(200);
  });

  test('one’s own role of the same kind goes before a lent one', async () => {
    const { receiver } = await pair();
    await office.give(receiver, { role_code: 'VALIDATOR_L2', max_amount: 2000 });
    expect(
      (await decide(receiver, await office.paper(alice, { amount: 2000 }))).body.on_behalf_of,
    ).toBeNull();
    expect(
      (await decide(receiver, await office.paper(alice, { amount: 2001 }))).body.on_behalf_of,
    ).not.toBeNull();
  });

  test('of an administrator lends ADMIN', async () => {
    const receiver = await office.member();
    expect((await lend(office.admin, receiver, { max_amount: 9000 })).status).toBe(201);
    expect((await decide(receiver, await office.paper(alice, { amount: 8000 }))).body.role).toBe('ADMIN');
  });
});

describe('the end of a delegation', () => {
  test('comes at once, by who made it; the receiver cannot, and to others there is none', async () => {
    const { lender, receiver, id } = await pair();
    const paper = await office.paper(alice);
    expect((await receiver.delete(`/validation/delegations/${id}`)).status).toBe(403);
    expect((await alice.delete(`/validation/delegations/${id}`)).status).toBe(404);
    const ended = await lender.delete(`/validation/delegations/${id}`);
    expect(ended).toMatchObject({ status: 200, body: { data: { id, active: false } } });
    expect(await office.pendingOf(receiver)).toEqual([]);
    expect((await decide(receiver, paper)).status).toBe(404);
    const again = await lender.delete(`/validation/delegations/${id}`);
    expect(again.body.data.revoked_at).toBe(ended.body.data.revoked_at);
    expect((await lender.get('/validation/delegations')).body.data.made[0].revoked_at).not.toBeNull();
  });

  test('or by an administrator; and both ends are in the audit log', async () => {
    const { id } = await pair();
    expect((await office.admin.delete(`/validation/delegations/${id}`)).status).toBe(200);
    const { body } = await office.admin.get(`/audit?object_type=delegation&object_id=${id}`);
    expect(body.data.map((one: { action: string }) => one.action)).toEqual([
      'validation.revoke',
      'validation.delegate',
    ]);
  });
});

describe('what cannot be lent', () => {
  test('nothing, by who has no role, or had one', async () => {
    const former = await office.validator({ valid_to: office.day(-1) });
    for (const client of [alice, former]) expect((await lend(client, office.admin)).status).toBe(403);
  });

  test.each<[string, () => Record<string, unknown>, string]>([
    ['to nobody', () => ({ delegate_id: 2_000_000_000 }), 'delegate_id'],
    ['to oneself', () => ({ delegate_id: office.admin.id }), 'delegate_id'],
    ['backwards', () => ({ valid_from: office.day(3), valid_to: office.day(2) }), 'valid_to'],
    ['in the past', () => ({ valid_from: office.day(-3), valid_to: office.day(-1) }), 'valid_to'],
    ['for ever', () => ({ valid_to: office.day(366) }), 'valid_to'],
    ['without an end', () => ({ valid_to: undefined }), 'valid_to'],
    ['over an unknown type', () => ({ scope: 'document_type:nothing' }), 'scope'],
    ['over anything', () => ({ scope: 'everything' }), 'scope'],
    ['below zero', () => ({ max_amount: -1 }), 'max_amount'],
    ['with a word too many', () => ({ note: 'x' }), 'note'],
  ])('%s', async (_, fields, field) => {
    const answer = await lend(office.admin, alice, fields());
    expect(answer.status).toBe(400);
    expect(Object.keys(answer.body.errors)).toEqual([field]);
  });

  test('to a deactivated user; and 366 days are not too many', async () => {
    const gone = await office.member();
    await office.admin.patch(`/users/${gone.id}`, { is_active: false });
    expect((await lend(office.admin, gone)).body.errors).toHaveProperty('delegate_id');
    expect((await lend(office.admin, alice, { valid_to: office.day(365) })).status).toBe(201);
  });

  test('more than 50 times at once', async () => {
    const lender = await office.validator();
    const day = new Date(office.day(1));
    const one = { delegatorId: lender.id, delegateId: alice.id, validFrom: day, validTo: day };
    await office.db.delegation.createMany({ data: Array.from({ length: 50 }, () => one) });
    expect(await lend(lender, alice)).toMatchObject({
      status: 409,
      body: { code: 'validation.too_many_delegations' },
    });
    await office.db.delegation.deleteMany({ where: { delegatorId: lender.id } });
  });
});
