import { expect, test } from 'vitest';
import { z } from 'zod';
import { asFrontend, done, fits, moment } from './frontend.ts';

const pending = z.looseObject({
  success: done,
  count: z.int(),
  documents: z.array(
    z.looseObject({
      id: z.int(),
      title: z.string(),
      amount: z.number(),
      approval_deadline: moment,
      days_until_deadline: z.int(),
    }),
  ),
});
const decided = z.looseObject({
  success: done,
  status: z.enum(['approved', 'rejected', 'na']),
  validated_by: z.int(),
  role: z.string(),
});
const status = z.looseObject({
  success: done,
  document_id: z.int(),
  status: z.enum(['na', 'pending', 'approved', 'rejected']),
  validated_by: z.looseObject({ id: z.int(), username: z.string() }).nullable(),
  validated_at: moment.nullable(),
  comment: z.string().nullable(),
  requires_approval: z.boolean(),
});
const history = z.looseObject({
  success: done,
  document_id: z.int(),
  history: z.array(
    z.looseObject({
      action: z.string(),
      from_status: z.string().nullable(),
      to_status: z.string(),
      performed_by: z.int(),
      username: z.string(),
      created_at: moment,
    }),
  ),
});
const figure = z.looseObject({ count: z.int(), total_amount: z.number(), avg_amount: z.number() });
const statistics = z.looseObject({
  success: done,
  period: z.enum(['day', 'week', 'month', 'year']),
  statistics: z.looseObject({ approved: figure, rejected: figure, pending: figure }),
});
const canValidate = z.looseObject({
  success: done,
  document_id: z.int(),
  can_validate: z.boolean(),
  role: z.string().nullable(),
  max_amount: z.number().nullable(),
});

asFrontend('validation', (use) => {
  test('what is above the threshold awaits its validators', async () => {
    const { validator, file } = use();
    const { id } = await file({ title: 'Facture > 1000 CHF', amount: 1500 });
    await file({ title: 'Petite facture', amount: 10 });
    const { status: code, body } = await validator.get('/validation/pending');
    expect(code).toBe(200);
    const { count, documents } = fits(body, pending);
    expect(count).toBe(documents.length);
    expect(documents.find((one) => one.id === id)).toMatchObject({
      title: 'Facture > 1000 CHF',
      amount: 1500,
    });
    expect(documents.map(({ title }) => title)).not.toContain('Petite facture');
    await file({ amount: 1200 });
    expect(fits((await validator.get('/validation/pending?limit=1')).body, pending).documents).toHaveLength(
      1,
    );
  });

  test('who may decide is told so, before and after', async () => {
    const { validator, user1, file } = use();
    const { id } = await file({ amount: 1500 });
    const may = await validator.get(`/validation/can-validate/${id}`);
    expect(fits(may.body, canValidate)).toMatchObject({
      ...{ document_id: id, can_validate: true, role: 'VALIDATOR_L1', max_amount: 5000 },
    });
    const mayNot = await user1.get(`/validation/can-validate/${id}`);
    expect(fits(mayNot.body, canValidate)).toMatchObject({ can_validate: false, reason: 'own_document' });

    const before = await validator.get(`/validation/${id}/status`);
    expect(fits(before.body, status)).toMatchObject({
      ...{
        document_id: id,
        status: 'pending',
        validated_by: null,
        validated_at: null,
        requires_approval: true,
      },
    });
    const answer = await validator.post(`/validation/${id}/status`, {
      ...{ status: 'approved', comment: 'Document conforme' },
    });
    expect(answer.status).toBe(200);
    expect(fits(answer.body, decided)).toMatchObject({
      ...{ status: 'approved', validated_by: validator.id, role: 'VALIDATOR_L1' },
    });
    const after = await user1.get(`/validation/${id}/status`);
    expect(fits(after.body, status)).toMatchObject({
      document_id: id,
      status: 'approved',
      validated_by: { id: validator.id, username: 'validateur' },
      comment: 'Document conforme',
      requires_approval: false,
    });
    expect(after.body.validated_at).not.toBeNull();
  });

  test.each(['approved', 'rejected', 'na'])('a status can be set to %s', async (wanted) => {
    const { validator, file } = use();
    const { id } = await file({ amount: 1500 });
    const answer = await validator.post(`/validation/${id}/status`, { status: wanted, comment: 'Vu' });
    expect(answer.status).toBe(200);
    expect(fits(answer.body, decided).status).toBe(wanted);
  });

  test('one is approved, another rejected, and each has its history', async () => {
    const { validator, user1, file } = use();
    const [one, other] = [await file({ amount: 1500 }), await file({ amount: 1600 })];
    const approved = await validator.post(`/validation/${one.id}/approve`, { comment: 'Approuvé' });
    expect(approved.status).toBe(200);
    expect(fits(approved.body, decided).status).toBe('approved');
    const rejected = await validator.post(`/validation/${other.id}/reject`, {
      comment: 'Information manquante',
    });
    expect(rejected.status).toBe(200);
    expect(fits(rejected.body, decided).status).toBe('rejected');

    const { body } = await user1.get(`/validation/${other.id}/history`);
    const { document_id, history: steps } = fits(body, history);
    expect(document_id).toBe(other.id);
    expect(steps).toMatchObject([
      {
        ...{ action: 'submitted', from_status: null, to_status: 'pending' },
        ...{ performed_by: user1.id, username: 'user1' },
      },
      {
        ...{ action: 'rejected', from_status: 'pending', to_status: 'rejected' },
        ...{ performed_by: validator.id, username: 'validateur' },
      },
    ]);
  });

  test('the statistics are there for each period, and for a validator', async () => {
    const { admin, validator } = use();
    for (const period of ['day', 'week', 'month', 'year']) {
      const { status: code, body } = await admin.get(`/validation/statistics?period=${period}`);
      expect(code).toBe(200);
      const figures = fits(body, statistics);
      expect(figures.period).toBe(period);
      expect(figures.statistics.rejected.count).toBeGreaterThan(0);
    }
    const own = await admin.get(`/validation/statistics?user_id=${validator.id}`);
    const { approved } = fits(own.body, statistics).statistics;
    expect(approved.count).toBeGreaterThan(0);
    expect(approved.avg_amount).toBeCloseTo(approved.total_amount / approved.count, 1);
  });
});
