import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../support/app.ts';
import { pdf, replace } from '../documents/papers.ts';
import { type Office, openOffice } from './office.ts';

/** When a document needs approval, and what its edits do to that. */
let office: Office;
let alice: Client;
let vera: Client;

beforeAll(async () => {
  office = await openOffice();
  alice = await office.member('alice');
  vera = await office.validator({}, 'vera');
});
afterAll(() => office.close());

/** A type of document of its own, with rules. */
let made = 0;
async function type(rules: Record<string, unknown> = {}) {
  const code = `kind_${++made}`;
  const { body } = await office.admin.post('/document-types', { code, label: code, folder: code, ...rules });
  return { id: body.data.id as number, answer: body.data };
}
async function paperOf(typeId: number, amount = 10) {
  const id = await office.paper(alice, { amount: 1 });
  const answer = await alice.put(`/documents/${id}`, { document_type_id: typeId, amount });
  expect(answer.status).toBe(200);
  return { id, status: answer.body.data.validation_status as string };
}
const approve = (id: number) => vera.post(`/validation/${id}/approve`);
const revisionOf = async (id: number) =>
  (await office.db.document.findUniqueOrThrow({ where: { id } })).revision;

describe('a document needs approval', () => {
  test.each([
    [1000.01, 'pending'],
    [-1500, 'pending'],
    [1000, 'na'],
    [-999.99, 'na'],
  ])('by its amount, without its sign, above the server’s threshold: %d → %s', async (amount, status) => {
    const id = await office.paper(alice, { amount });
    expect(await office.statusOf(id)).toMatchObject({ status });
  });

  test('by its type, whatever its amount, and with the type’s own threshold in place of the server’s', async () => {
    const always = await type({ requires_approval: true });
    const low = await type({ approval_threshold: 50 });
    const high = await type({ approval_threshold: 5000 });
    const zero = await type({ approval_threshold: 0 });
    expect((await paperOf(always.id, 0)).status).toBe('pending');
    expect((await paperOf(low.id, 50)).status).toBe('na');
    expect((await paperOf(low.id, 50.01)).status).toBe('pending');
    expect((await paperOf(high.id, 5000)).status).toBe('na');
    expect((await paperOf(zero.id, 0.01)).status).toBe('pending');
  });

  test('until the end of the days its type gives, 7 where it gives none', async () => {
    const { id: quick } = await type({ requires_approval: true, approval_days: 2 });
    for (const [typeId, days] of [
      [quick, 2],
      [(await type({ requires_approval: true })).id, 7],
    ] as const) {
      const { id } = await paperOf(typeId);
      const { submittedAt, deadlineAt } = await office.db.validationRequest.findUniqueOrThrow({
        where: { documentId: id },
      });
      expect(deadlineAt.getTime() - submittedAt.getTime()).toBe(days * 86_400_000);
      const { body } = await vera.get('/validation/pending?limit=200');
      const row = body.documents.find((one: { id: number }) => one.id === id);
      expect(row.days_until_deadline).toBe(days);
    }
  });

  test('never by its amount where no threshold is set', async () => {
    const open = await openOffice({ APPROVAL_THRESHOLD: '' });
    const id = await open.paper(open.admin, { amount: 999_999_999 });
    expect(await open.statusOf(id)).toMatchObject({ status: 'na', requires_approval: false });
    await open.close();
  });

  test('with all that belongs to it in one transaction: request, step, and word to its validators', async () => {
    const id = await office.paper(alice, { title: 'Facture EDF' });
    expect(await office.steps(id)).toEqual(['submitted: null → pending']);
    expect(await office.told(id)).toEqual(
      expect.arrayContaining(['vera: validation_pending', 'admin: validation_pending']),
    );
    expect((await office.told(id)).some((line) => line.startsWith('alice'))).toBe(false);
    const { body } = await vera.get('/notifications');
    expect(body.data[0]).toMatchObject({
      type: 'validation_pending',
      message: 'Facture EDF soumise par alice',
      priority: 'high',
    });
  });
});

describe('a type of document', () => {
  test('says what it asks for, and a change holds for what comes after', async () => {
    const { id, answer } = await type();
    expect(answer).toMatchObject({ requires_approval: false, approval_threshold: null, approval_days: null });
    const before = await paperOf(id);
    const rules = { requires_approval: true, approval_threshold: 12.5, approval_days: 3 };
    expect((await office.admin.put(`/document-types/${id}`, rules)).body.data).toMatchObject(rules);
    expect((await alice.get(`/document-types/${id}`)).body.data).toMatchObject(rules);
    expect(await office.statusOf(before.id)).toMatchObject({ status: 'na' });
    expect((await paperOf(id)).status).toBe('pending');
    const none = { approval_threshold: null, approval_days: null };
    expect((await office.admin.put(`/document-types/${id}`, none)).body.data).toMatchObject({
      requires_approval: true,
      ...none,
    });
  });

  test.each([
    [{ approval_threshold: -1 }, 'approval_threshold'],
    [{ approval_threshold: 0.001 }, 'approval_threshold'],
    [{ approval_days: 0 }, 'approval_days'],
    [{ approval_days: 366 }, 'approval_days'],
    [{ requires_approval: 'yes' }, 'requires_approval'],
  ])('with %j is refused', async (rules, field) => {
    const answer = await office.admin.put(`/document-types/${office.typeId('other')}`, rules);
    expect(answer.status).toBe(400);
    expect(Object.keys(answer.body.errors)).toEqual([field]);
  });
});

describe('asked for by hand', () => {
  test('a document below every threshold waits, and its ETag is another', async () => {
    const id = await office.paper(alice, { amount: 5 });
    const before = (await alice.get(`/documents/${id}`)).headers.etag;
    const answer = await alice.post(`/validation/${id}/submit`, { comment: 'S’il vous plaît' });
    expect(answer).toMatchObject({
      status: 200,
      body: { status: 'pending', submitted_by: { id: alice.id } },
    });
    expect(answer.headers.etag).toBe((await alice.get(`/documents/${id}`)).headers.etag);
    expect(answer.headers.etag).not.toBe(before);
    const [step] = (await alice.get(`/validation/${id}/history`)).body.history;
    expect(step).toMatchObject({ action: 'submitted', from_status: null, comment: 'S’il vous plaît' });
    expect(await office.told(id)).toContain('vera: validation_pending');
  });

  test('it waits once: a second time is a 409, and so is what is approved as it is', async () => {
    const id = await office.paper(alice, { amount: 5 });
    await alice.post(`/validation/${id}/submit`);
    expect(await alice.post(`/validation/${id}/submit`)).toMatchObject({
      status: 409,
      body: { code: 'validation.already_pending' },
    });
    await approve(id);
    expect(await alice.post(`/validation/${id}/submit`)).toMatchObject({
      status: 409,
      body: { code: 'validation.already_approved' },
    });
  });

  test('what was rejected or dismissed may be asked for again', async () => {
    const id = await office.paper(alice);
    await vera.post(`/validation/${id}/reject`, { comment: 'Non' });
    expect((await alice.post(`/validation/${id}/submit`)).status).toBe(200);
    await vera.post(`/validation/${id}/status`, { status: 'na' });
    expect((await alice.post(`/validation/${id}/submit`)).status).toBe(200);
    expect(await office.steps(id)).toEqual([
      'submitted: null → pending',
      'rejected: pending → rejected',
      'resubmitted: rejected → pending',
      'dismissed: pending → na',
      'resubmitted: na → pending',
    ]);
    expect(await office.statusOf(id)).toMatchObject({
      validated_by: null,
      validated_at: null,
      comment: null,
    });
  });

  test('only by who may change it, from its state as they read it, and out of the trash', async () => {
    const id = await office.paper(alice);
    await vera.post(`/validation/${id}/reject`, { comment: 'Non' });
    expect((await vera.post(`/validation/${id}/submit`)).status).toBe(403);
    expect((await (await office.member()).post(`/validation/${id}/submit`)).status).toBe(404);
    const stale = await alice.post(`/validation/${id}/submit`, undefined, { 'if-match': `"${id}-1"` });
    expect(stale.status).toBe(412);
    await alice.delete(`/documents/${id}`);
    expect(await alice.post(`/validation/${id}/submit`)).toMatchObject({
      status: 409,
      body: { code: 'documents.in_trash' },
    });
    expect(await office.steps(id)).toHaveLength(2);
  });
});

describe('an edit of what was decided', () => {
  const edits: [string, (id: number) => Promise<{ status: number }>][] = [
    ['a higher amount', (id) => alice.put(`/documents/${id}`, { amount: 1500.01 })],
    ['an amount below the threshold', (id) => alice.put(`/documents/${id}`, { amount: 3 })],
    ['no amount', (id) => alice.put(`/documents/${id}`, { amount: null })],
    ['another currency', (id) => alice.put(`/documents/${id}`, { currency: 'EUR' })],
    ['another file', (id) => replace(alice, id, { bytes: pdf() })],
  ];
  test.each(edits)('asks again, whether a rule had asked or a person: %s', async (_, edit) => {
    for (const [amount, decision, comment] of [
      [1500, 'approved', 'Oui'],
      [1500, 'rejected', 'Non'],
      [10, 'approved', 'Oui'],
      [10, 'rejected', 'Non'],
    ] as const) {
      const id = await office.paper(alice, { amount });
      if (amount === 10) await alice.post(`/validation/${id}/submit`);
      await vera.post(`/validation/${id}/status`, { status: decision, comment });
      const revision = await revisionOf(id);
      expect((await edit(id)).status).toBe(200);
      expect(await revisionOf(id)).toBe(revision + 1);
      expect(await office.statusOf(id)).toMatchObject({
        status: 'pending',
        submitted_by: { id: alice.id },
        validated_by: null,
      });
      expect((await office.steps(id)).at(-1)).toBe(`resubmitted: ${decision} → pending`);
      const toVera = (await office.told(id)).filter((line) => line.startsWith('vera'));
      expect(toVera).toEqual(['vera: validation_pending', 'vera: validation_pending']);
      expect((await approve(id)).status).toBe(200);
    }
  });

  test.each([
    ['another title', { title: 'Autre' }],
    ['another date', { document_date: '2026-01-01' }],
    ['the same amount', { amount: 1500 }],
  ])('leaves it where it is about something else: %s', async (_, fields) => {
    const id = await office.paper(alice);
    await approve(id);
    await alice.put(`/documents/${id}`, fields);
    expect(await office.statusOf(id)).toMatchObject({ status: 'approved', version: 1 });
  });

  test('asks again with another type where the rules want approval under it, and else leaves it', async () => {
    const strict = await type({ requires_approval: true });
    const lax = await type({ approval_threshold: 1_000_000 });
    const id = await office.paper(alice);
    await approve(id);
    await alice.put(`/documents/${id}`, { document_type_id: lax.id });
    expect(await office.statusOf(id)).toMatchObject({ status: 'approved' });
    await alice.put(`/documents/${id}`, { document_type_id: strict.id });
    expect(await office.statusOf(id)).toMatchObject({ status: 'pending' });
  });

  test('asks again of what was dismissed only where a rule wants approval', async () => {
    const id = await office.paper(alice);
    await vera.post(`/validation/${id}/status`, { status: 'na' });
    await alice.put(`/documents/${id}`, { amount: 900 });
    expect(await office.statusOf(id)).toMatchObject({ status: 'na' });
    await alice.put(`/documents/${id}`, { amount: 1600 });
    expect(await office.statusOf(id)).toMatchObject({ status: 'pending', amount: 1600 });
  });

  test('who edited it has submitted it, and does not decide on it', async () => {
    const id = await office.paper(alice);
    await approve(id);
    await office.admin.put(`/documents/${id}`, { amount: 2000 });
    expect(await office.statusOf(id)).toMatchObject({ submitted_by: { username: 'admin' } });
    expect((await office.admin.post(`/validation/${id}/approve`)).body.reason).toBe('own_document');
    expect((await approve(id)).status).toBe(200);
    expect(await office.told(id)).toEqual(
      expect.arrayContaining(['admin: validation_approved', 'alice: validation_approved']),
    );
  });
});

describe('an edit of what waits', () => {
  test('is what the request is about from then on; its deadline stays', async () => {
    const id = await office.paper(alice);
    const before = await office.statusOf(id);
    await alice.put(`/documents/${id}`, { amount: 2000 });
    await replace(alice, id, { bytes: pdf() });
    expect(await office.statusOf(id)).toMatchObject({
      status: 'pending',
      version: 2,
      amount: 2000,
      approval_deadline: before.approval_deadline,
    });
    expect(await office.steps(id)).toEqual([
      'submitted: null → pending',
      'resubmitted: pending → pending',
      'resubmitted: pending → pending',
    ]);
    expect(await approve(id)).toMatchObject({ status: 200 });
    expect(await office.statusOf(id)).toMatchObject({ status: 'approved', version: 2, amount: 2000 });
  });

  test('makes who edited it its submitter, who does not decide on it', async () => {
    const id = await office.paper(alice);
    await office.admin.put(`/documents/${id}`, { amount: 1400 });
    expect(await office.statusOf(id)).toMatchObject({ submitted_by: { username: 'admin' } });
    expect((await office.admin.post(`/validation/${id}/approve`)).body.reason).toBe('own_document');
    expect(await office.pendingOf(office.admin)).not.toContain(id);
  });

  test('to where no rule asks withdraws it, and back asks anew', async () => {
    const id = await office.paper(alice);
    await alice.put(`/documents/${id}`, { amount: 1000 });
    expect(await office.statusOf(id)).toMatchObject({
      status: 'na',
      submitted_by: null,
      approval_deadline: null,
    });
    expect((await approve(id)).status).toBe(404);
    await alice.put(`/documents/${id}`, { amount: 1001 });
    expect(await office.steps(id)).toEqual([
      'submitted: null → pending',
      'withdrawn: pending → na',
      'submitted: na → pending',
    ]);
  });

  test('goes on waiting where a person asked, or where it once was decided', async () => {
    const byHand = await office.paper(alice, { amount: 10 });
    await alice.post(`/validation/${byHand}/submit`);
    await alice.put(`/documents/${byHand}`, { amount: 11 });
    expect(await office.statusOf(byHand)).toMatchObject({ status: 'pending', amount: 11 });
    const decided = await office.paper(alice);
    await approve(decided);
    await alice.put(`/documents/${decided}`, { amount: 10 });
    await alice.put(`/documents/${decided}`, { amount: 11 });
    expect(await office.statusOf(decided)).toMatchObject({ status: 'pending', amount: 11 });
  });
});

describe('in the trash', () => {
  test('a document waits in nobody’s list and is not decided; restored, it waits again', async () => {
    const id = await office.paper(alice);
    expect(await office.pendingOf(vera)).toContain(id);
    await alice.delete(`/documents/${id}`);
    expect(await office.pendingOf(vera)).not.toContain(id);
    expect((await approve(id)).status).toBe(404);
    expect(await office.admin.post(`/validation/${id}/approve`)).toMatchObject({
      status: 409,
      body: { code: 'documents.in_trash', reason: 'not_pending' },
    });
    await alice.post(`/documents/${id}/restore`);
    expect(await office.pendingOf(vera)).toContain(id);
    expect((await approve(id)).status).toBe(200);
  });

  test('deleted for good, its request goes and its history stays', async () => {
    const id = await office.paper(alice);
    await approve(id);
    await office.admin.delete(`/documents/${id}?permanent=true`);
    expect((await office.admin.get(`/documents/${id}`)).status).toBe(404);
    expect(await office.db.validationRequest.findUnique({ where: { documentId: id } })).toBeNull();
    expect(await office.steps(id)).toEqual(['submitted: null → pending', 'approved: pending → approved']);
  });
});
