import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Transaction } from '../../../src/database/client.ts';
import { readCase } from '../../../src/modules/validation/cases.queries.ts';
import { decide } from '../../../src/modules/validation/decide.ts';
import { type Office, openOffice } from './office.ts';

/**
 * The decision is asked for one document in TypeScript (`decide`), and for all at once in SQL (`awaiting_decision_of`).
 * In worlds made at random both say the same, and what a person may do is what a third telling of the rules says.
 */
let office: Office;
let users: number[];
let types: number[];
let documents: number[];

const count = { users: 5, types: 3, documents: 6 };

beforeAll(async () => {
  office = await openOffice({ APPROVAL_THRESHOLD: '' });
  users = [];
  for (let i = 0; i < count.users; i++) users.push((await office.member()).id);
  types = ['receipt', 'invoice', 'other'].map(office.typeId);
  documents = [];
  for (let i = 0; i < count.documents; i++) documents.push(await office.paper(office.admin, { amount: 1 }));
});
afterAll(() => office.close());

const index = (length: number) => fc.nat({ max: length - 1 });
const user = index(count.users);
const type = fc.option(index(count.types), { freq: 2 });
const amount = fc.constantFrom(-200, -100.01, 0, 100, 100.01, 200, 300);
const limit = fc.option(fc.constantFrom(0, 100, 200, 250), { freq: 2 });
const day = fc.integer({ min: -2, max: 2 });
const days = fc.tuple(day, day).map(([one, other]) => [Math.min(one, other), Math.max(one, other)] as const);

const world = fc.record({
  accounts: fc.array(
    fc.record({
      isAdmin: fc.constantFrom(false, false, false, true),
      isActive: fc.constantFrom(true, true, true, false),
    }),
    { minLength: count.users, maxLength: count.users },
  ),
  papers: fc.array(
    fc.record({
      owner: user,
      submitter: user,
      type: index(count.types),
      amount: fc.option(amount),
      status: fc.constantFrom('pending', 'pending', 'pending', 'approved', 'na'),
      trashed: fc.constantFrom(false, false, false, true),
    }),
    { minLength: count.documents, maxLength: count.documents },
  ),
  roles: fc.uniqueArray(
    fc.record({
      user,
      role: fc.constantFrom('VALIDATOR_L1', 'VALIDATOR_L2', 'APPROVER'),
      type,
      limit,
      days: fc.option(days),
    }),
    { maxLength: 8, selector: (one) => `${one.user} ${one.role} ${one.type}` },
  ),
  delegations: fc.array(
    fc
      .record({ from: user, to: user, type, limit, days, revoked: fc.constantFrom(false, false, true) })
      .filter(({ from, to }) => from !== to),
    { maxLength: 6 },
  ),
});
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

const idOf = (list: number[], at: number) => list[at] ?? 0;
const typeOf = (at: number | null) => (at === null ? null : idOf(types, at));

async function make(tx: Transaction, { accounts, papers, roles, delegations }: World): Promise<void> {
  for (const [at, { isAdmin, isActive }] of accounts.entries())
    await tx.user.update({ where: { id: idOf(users, at) }, data: { isAdmin, isActive } });
  for (const [at, paper] of papers.entries()) {
    const documentId = idOf(documents, at);
    await tx.document.update({
      where: { id: documentId },
      data: {
        ownerId: idOf(users, paper.owner),
        documentTypeId: idOf(types, paper.type),
        amount: paper.amount,
        validationStatus: paper.status,
        trashedAt: paper.trashed ? new Date() : null,
        trashedById: paper.trashed ? office.admin.id : null,
      },
    });
    if (paper.status === 'na') continue;
    const decided = { decidedById: office.admin.id, decidedAt: new Date(), roleCode: 'ADMIN' };
    await tx.validationRequest.create({
      data: {
        documentId,
        version: 1,
        amount: paper.amount,
        currency: 'CHF',
        submittedById: idOf(users, paper.submitter),
        submittedAt: new Date(),
        deadlineAt: new Date(),
        ...(paper.status === 'approved' && decided),
      },
    });
  }
  for (const one of roles)
    await tx.$executeRaw`
      INSERT INTO role_assignments (user_id, role_code, document_type_id, max_amount, valid_from, valid_to, assigned_by_id)
      VALUES (${idOf(users, one.user)}, ${one.role}, ${typeOf(one.type)}::int, ${one.limit}::numeric,
        CURRENT_DATE + ${one.days?.[0] ?? null}::int, CURRENT_DATE + ${one.days?.[1] ?? null}::int, ${office.admin.id})`;
  for (const one of delegations)
    await tx.$executeRaw`
      INSERT INTO delegations (delegator_id, delegate_id, document_type_id, max_amount, valid_from, valid_to, revoked_at)
      VALUES (${idOf(users, one.from)}, ${idOf(users, one.to)}, ${typeOf(one.type)}::int, ${one.limit}::numeric,
        CURRENT_DATE + ${one.days[0]}::int, CURRENT_DATE + ${one.days[1]}::int,
        CASE WHEN ${one.revoked} THEN now() END)`;
}

/** The rules once more, as one would say them: no sets of powers, one question after the other. */
function mayDecide({ accounts, papers, roles, delegations }: World, who: number, which: number): boolean {
  const paper = papers[which];
  if (paper?.status !== 'pending' || paper.trashed || !accounts[who]?.isActive) return false;
  if (paper.owner === who || paper.submitter === who) return false;
  const size = Math.abs(paper.amount ?? 0);
  const covers = (o: { type: number | null; limit: number | null; days: readonly [number, number] | null }) =>
    (o.type === null || o.type === paper.type) &&
    (o.limit === null || size <= o.limit) &&
    (o.days === null || (o.days[0] <= 0 && 0 <= o.days[1]));
  const byThemself = (someone: number) =>
    accounts[someone]?.isActive === true &&
    (accounts[someone].isAdmin || roles.some((one) => one.user === someone && covers(one)));
  return (
    byThemself(who) ||
    delegations.some(
      (one) =>
        one.to === who &&
        !one.revoked &&
        covers(one) &&
        one.from !== paper.owner &&
        one.from !== paper.submitter &&
        byThemself(one.from),
    )
  );
}

class Undo extends Error {}

test('in worlds made at random, the function, the database and the rules agree on who may decide', async () => {
  let yes = 0;
  let no = 0;
  await fc.assert(
    fc.asyncProperty(world, async (one) => {
      await office.db
        .$transaction(
          async (tx) => {
            await make(tx, one);
            for (const [who, userId] of users.entries()) {
              const rows = await tx.$queryRaw<{ document_id: number }[]>`
                SELECT document_id FROM awaiting_decision_of(${userId})`;
              const awaiting = rows.map((row) => row.document_id);
              expect(new Set(awaiting).size).toBe(awaiting.length);
              for (const [which, documentId] of documents.entries()) {
                const said = decide(await readCase(tx, { documentId, userId })).can;
                const expected = mayDecide(one, who, which);
                expect([said, awaiting.includes(documentId)]).toEqual([expected, expected]);
                if (expected) yes++;
                else no++;
              }
            }
            throw new Undo();
          },
          { timeout: 60_000 },
        )
        .catch((error) => {
          if (!(error instanceof Undo)) throw error;
        });
    }),
    { numRuns: 60 },
  );
  expect(Math.min(yes, no)).toBeGreaterThan(100);
}, 120_000);
