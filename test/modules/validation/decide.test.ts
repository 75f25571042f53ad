import { describe, expect, test } from 'vitest';
import { type Case, decide, type Power } from '../../../src/modules/validation/decide.ts';

const [alice, bob, vera, lender] = [1, 2, 3, 4];
const [invoice, receipt] = [10, 20];

const power = (o: Partial<Power> = {}): Power => ({
  role: 'VALIDATOR_L1',
  documentTypeId: null,
  maxAmount: null,
  validFrom: null,
  validTo: null,
  delegatorId: null,
  ...o,
});

/** Vera is asked about an invoice of 1,500 that is Alice’s and that Bob submitted. */
function asked(powers: Power[], document: Partial<Case['document']> = {}, userId = vera) {
  return decide({
    document: {
      status: 'pending',
      trashed: false,
      ownerId: alice,
      submittedById: bob,
      documentTypeId: invoice,
      amount: 1500,
      ...document,
    },
    userId,
    powers,
    today: '2026-02-28',
  });
}

const over = { validTo: '2026-02-27' };
const small = { maxAmount: 1499.99 };
const elsewhere = { documentTypeId: receipt };

describe('the reason is the one that helps most', () => {
  test.each<[string, Power[], string]>([
    ['no power at all', [], 'no_role'],
    ['for another type', [power(elsewhere)], 'scope'],
    ['over since yesterday', [power(over)], 'expired'],
    ['from tomorrow', [power({ validFrom: '2026-03-01' })], 'expired'],
    ['too small', [power(small)], 'amount'],
    ['lent by the owner', [power({ delegatorId: alice })], 'own_document'],
    ['lent by who submitted it', [power({ delegatorId: bob })], 'own_document'],
    ['the fitting one is over, another is for other papers', [power(over), power(elsewhere)], 'expired'],
    ['one is over, another too small', [power(over), power(small)], 'amount'],
    ['lent by the owner, and one’s own too small', [power({ delegatorId: alice }), power(small)], 'amount'],
    ['for another type, and too small', [power({ ...elsewhere, ...small })], 'scope'],
  ])('%s', (_, powers, reason) => {
    expect(asked(powers)).toMatchObject({ can: false, reason });
  });

  test('a document that awaits nothing needs no other reason, nor does one’s own', () => {
    for (const state of [{ status: 'approved' }, { status: 'rejected' }, { status: 'na' }, { trashed: true }])
      for (const who of [vera, alice, bob])
        expect(asked([], state, who)).toMatchObject({ reason: 'not_pending' });
    for (const who of [alice, bob])
      for (const powers of [[], [power({ role: 'ADMIN' })]])
        expect(asked(powers, {}, who)).toMatchObject({ reason: 'own_document' });
  });

  test('an amount above names the highest limit there is', () => {
    const powers = [
      power({ maxAmount: 100 }),
      power({ maxAmount: 900 }),
      power({ ...over, maxAmount: 1000 }),
    ];
    expect(asked(powers)).toEqual({ can: false, reason: 'amount', limit: 900 });
  });
});

describe('a power that fits', () => {
  test.each<[string, Partial<Power>]>([
    ['for this type', { documentTypeId: invoice }],
    ['up to this very amount', { maxAmount: 1500 }],
    ['from today', { validFrom: '2026-02-28' }],
    ['until today', { validTo: '2026-02-28' }],
    ['lent by somebody else', { delegatorId: lender }],
  ])('is one %s', (_, o) => {
    expect(asked([power(o)])).toMatchObject({ can: true });
  });

  test('is one of zero for what has no amount, or zero', () => {
    for (const amount of [null, 0]) expect(asked([power({ maxAmount: 0 })], { amount }).can).toBe(true);
    expect(asked([power({ maxAmount: 0 })], { amount: -0.01 }).can).toBe(false);
  });

  test('is used in this order: the smallest role, one’s own, the furthest', () => {
    const inOrder = [
      power({ maxAmount: null }),
      power({ maxAmount: 9000 }),
      power({ maxAmount: 2000 }),
      power({ delegatorId: lender }),
      power({ delegatorId: lender + 1 }),
      power({ role: 'VALIDATOR_L2' }),
      power({ role: 'APPROVER' }),
      power({ role: 'APPROVER', delegatorId: lender }),
      power({ role: 'ADMIN' }),
    ];
    for (const [index, { role, maxAmount, delegatorId }] of inOrder.entries())
      expect(asked(inOrder.slice(index).reverse())).toEqual({ can: true, role, maxAmount, delegatorId });
  });
});
