import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Answer, Client } from '../../support/app.ts';
import { pdf, replace } from '../documents/papers.ts';
import { type Office, openOffice } from './office.ts';

/**
 * Two hundred approvals, rejections, edits, new versions, submissions and changes of roles at once, on ten documents.
 * Whatever their order was, at the end the statuses, the requests, the history and the notifications tell one story.
 */
let office: Office;
let alice: Client;
let observer: Client;
let validators: Client[];
let ids: number[];

const papers = 10;

beforeAll(async () => {
  office = await openOffice();
  alice = await office.member('alice');
  observer = await office.administrator();
  validators = [
    await office.validator({ max_amount: 3000 }),
    await office.validator({ role_code: 'VALIDATOR_L2', max_amount: 6000 }),
    await office.validator({ role_code: 'APPROVER' }),
  ];
  ids = [];
  for (let i = 0; i < papers; i++) ids.push(await office.paper(alice, { amount: 1000 + i * 300 }));
});
afterAll(() => office.close());

interface Act {
  kind: string;
  paper: number;
  validator: number;
  amount: number;
}

const act = fc.record({
  kind: fc.constantFrom(
    ...['approve', 'approve', 'approve', 'reject', 'reject', 'dismiss', 'amount', 'amount', 'version'],
    ...['submit', 'limit', 'limit', 'remove', 'lend', 'remind', 'trash', 'restore', 'restore'],
  ),
  paper: fc.nat({ max: papers - 1 }),
  validator: fc.nat({ max: 3 }),
  amount: fc.integer({ min: 1, max: 9 }).map((thousands) => thousands * 900),
});

async function perform({ kind, paper, validator, amount }: Act): Promise<Answer | undefined> {
  const id = ids[paper] ?? 0;
  // The fourth is an administrator, who may always decide.
  const decider = validators[validator] ?? observer;
  const which = validator % validators.length;
  const vera = validators[which] ?? observer;
  const other = validators[(which + 1) % validators.length] ?? observer;
  const roles = ['VALIDATOR_L1', 'VALIDATOR_L2', 'APPROVER'];
  switch (kind) {
    case 'approve':
      return decider.post(`/validation/${id}/approve`);
    case 'reject':
      return decider.post(`/validation/${id}/reject`, { comment: 'Non' });
    case 'dismiss':
      return decider.post(`/validation/${id}/status`, { status: 'na' });
    case 'amount':
      return alice.put(`/documents/${id}`, { amount });
    case 'version':
      return replace(alice, id, { bytes: pdf() });
    case 'submit':
      return alice.post(`/validation/${id}/submit`);
    case 'limit': {
      const role = { role_code: roles[which], scope: '*', max_amount: amount };
      return office.admin.post(`/roles/user/${vera.id}/assign`, role);
    }
    case 'remove':
      return office.admin.delete(`/roles/user/${vera.id}/${roles[which]}?scope=*`);
    case 'lend': {
      const days = { valid_from: office.day(0), valid_to: office.day(1) };
      return vera.post('/validation/delegations', { delegate_id: other.id, ...days });
    }
    case 'trash':
      return alice.delete(`/documents/${id}`);
    case 'restore':
      return alice.post(`/documents/${id}/restore`);
    default:
      await office.services.validation.remind();
      return undefined;
  }
}

test('two hundred things at once leave one story', async () => {
  for (const id of ids.slice(0, 4)) await office.dueIn(id, -1).catch(() => undefined);
  const acts = fc.sample(act, { numRuns: 200, seed: 2027 });
  const answers = await Promise.all(acts.map(perform));

  const statuses = new Map<string, number>();
  for (const [at, answer] of answers.entries()) {
    if (!answer) continue;
    const line = `${acts[at]?.kind} ${answer.status}`;
    statuses.set(line, (statuses.get(line) ?? 0) + 1);
    // 503: on a slow machine one may not get a connection within 10 s; then nothing was done.
    expect([200, 201, 403, 404, 409, 503], `${line} ${JSON.stringify(answer.body)}`).toContain(answer.status);
  }
  const decisions = answers.filter(
    (answer, at) => answer?.status === 200 && ['approve', 'reject', 'dismiss'].includes(acts[at]?.kind ?? ''),
  );
  expect(decisions.length).toBeGreaterThan(5);

  let decided = 0;
  for (const id of ids) {
    const document = await office.db.document.findUniqueOrThrow({
      where: { id },
      include: { validation: true },
    });
    const steps = await office.db.validationStep.findMany({
      where: { documentId: id },
      orderBy: { id: 'asc' },
    });
    const told = await office.db.notification.findMany({ where: { documentId: id } });
    const tell = (userId: number, ...kinds: string[]) =>
      told.filter((one) => one.userId === userId && kinds.includes(one.kind)).length;
    const taken = (...actions: string[]) => steps.filter((step) => actions.includes(step.action)).length;

    // Each step begins where the one before ended, later; the last is where the document is.
    let at: string | null = null;
    let time = 0;
    for (const step of steps) {
      expect(step.fromStatus).toBe(at);
      at = step.toStatus;
      expect(step.createdAt.getTime()).toBeGreaterThanOrEqual(time);
      time = step.createdAt.getTime();
    }
    expect(document.validationStatus).toBe(at ?? 'na');

    // Each submission is decided once at most, by somebody else, on what was submitted last.
    let submission: (typeof steps)[number] | null = null;
    for (const step of steps) {
      if (['submitted', 'resubmitted'].includes(step.action)) submission = step;
      if (!['approved', 'rejected', 'dismissed'].includes(step.action)) continue;
      decided++;
      expect(submission).not.toBeNull();
      expect(step.performedById).not.toBe(submission?.performedById);
      expect([step.version, step.amount?.toFixed(2)]).toEqual([
        submission?.version,
        submission?.amount?.toFixed(2),
      ]);
      submission = null;
    }

    // The request is about the document as it is.
    const { validation } = document;
    if (document.validationStatus !== 'na')
      expect([validation?.version, validation?.amount?.toFixed(2)]).toEqual([
        document.version,
        document.amount?.toFixed(2),
      ]);
    expect(Boolean(validation?.decidedAt)).toBe(
      validation !== null && document.validationStatus !== 'pending',
    );

    // Who submitted it hears of each decision once, and who may always decide of each submission once.
    expect(tell(alice.id, 'validation_approved')).toBe(taken('approved'));
    expect(tell(alice.id, 'validation_rejected')).toBe(taken('rejected'));
    expect(tell(alice.id, 'validation_dismissed')).toBe(taken('dismissed'));
    expect(tell(observer.id, 'validation_pending', 'validation_escalated')).toBe(
      taken('submitted', 'resubmitted'),
    );
    expect(tell(observer.id, 'validation_overdue')).toBeLessThanOrEqual(1);
  }
  expect(decided).toBe(decisions.length);
}, 120_000);
