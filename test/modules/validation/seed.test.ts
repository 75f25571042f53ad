import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../support/app.ts';
import { type Office, openOffice } from './office.ts';

/** Each example of the seed's “Validation”, in its own shape, at both addresses. */
let office: Office;
let user1: Client;
let validator: Client;

beforeAll(async () => {
  office = await openOffice();
  user1 = await office.member('user1');
  validator = await office.validator({ max_amount: 10_000 });
});
afterAll(() => office.close());

const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

describe.each(['//api/v1', '//api'])('under %s', (api) => {
  test('GET /validation/pending', async () => {
    const id = await office.paper(user1, { title: 'Facture > 1000 CHF' });
    const { status, body } = await validator.get(`${api}/validation/pending?limit=200`);
    expect(status).toBe(200);
    expect(body).toEqual({
      success: true,
      count: body.documents.length,
      documents: expect.arrayContaining([
        {
          id,
          title: 'Facture > 1000 CHF',
          amount: 1500,
          currency: 'CHF',
          document_type_id: office.typeId('other'),
          document_type_code: 'other',
          document_type_label: expect.any(String),
          version: 1,
          submitted_by: { id: user1.id, username: 'user1' },
          submitted_at: instant,
          approval_deadline: instant,
          days_until_deadline: 7,
          escalated: false,
        },
      ]),
    });
  });

  test('POST /validation/{documentId}/status', async () => {
    const id = await office.paper(user1);
    const body = { status: 'approved', comment: 'Document conforme' };
    expect((await validator.post(`${api}/validation/${id}/status`, body)).body).toEqual({
      success: true,
      status: 'approved',
      validated_by: validator.id,
      role: 'VALIDATOR_L1',
      on_behalf_of: null,
    });
  });

  test.each(['approved', 'rejected', 'na'])('the status %s', async (status) => {
    const id = await office.paper(user1);
    const answer = await validator.post(`${api}/validation/${id}/status`, { status, comment: 'Vu' });
    expect(answer).toMatchObject({ status: 200, body: { status } });
    expect((await user1.get(`/documents/${id}`)).body.data.validation_status).toBe(status);
  });

  test('POST /validation/{documentId}/approve', async () => {
    const id = await office.paper(user1);
    const answer = await validator.post(`${api}/validation/${id}/approve`, { comment: 'Approuvé' });
    expect(answer).toMatchObject({
      status: 200,
      body: { success: true, status: 'approved', validated_by: validator.id, role: 'VALIDATOR_L1' },
    });
  });

  test('POST /validation/{documentId}/reject', async () => {
    const id = await office.paper(user1);
    const answer = await validator.post(`${api}/validation/${id}/reject`, {
      comment: 'Information manquante',
    });
    expect(answer).toMatchObject({
      status: 200,
      body: { success: true, status: 'rejected', validated_by: validator.id, role: 'VALIDATOR_L1' },
    });
  });

  test('GET /validation/{documentId}/status', async () => {
    const id = await office.paper(user1);
    const waiting = {
      success: true,
      document_id: id,
      status: 'pending',
      validated_by: null,
      validated_at: null,
      comment: null,
      requires_approval: true,
      version: 1,
      amount: 1500,
      currency: 'CHF',
      role: null,
      on_behalf_of: null,
      submitted_by: { id: user1.id, username: 'user1' },
      submitted_at: instant,
      approval_deadline: instant,
      escalated: false,
    };
    expect((await user1.get(`${api}/validation/${id}/status`)).body).toEqual(waiting);
    await validator.post(`${api}/validation/${id}/approve`, { comment: 'OK' });
    expect((await user1.get(`${api}/validation/${id}/status`)).body).toEqual({
      ...waiting,
      status: 'approved',
      validated_by: { id: validator.id, username: validator.username },
      validated_at: instant,
      comment: 'OK',
      requires_approval: false,
      role: 'VALIDATOR_L1',
    });
  });

  test('GET /validation/{documentId}/history', async () => {
    const id = await office.paper(user1);
    await validator.post(`${api}/validation/${id}/reject`, { comment: 'Illisible' });
    const step = { on_behalf_of: null, version: 1, amount: 1500, currency: 'CHF', created_at: instant };
    expect((await user1.get(`${api}/validation/${id}/history`)).body).toEqual({
      success: true,
      document_id: id,
      history: [
        {
          action: 'submitted',
          from_status: null,
          to_status: 'pending',
          performed_by: user1.id,
          username: 'user1',
          comment: null,
          role: null,
          ...step,
        },
        {
          action: 'rejected',
          from_status: 'pending',
          to_status: 'rejected',
          performed_by: validator.id,
          username: validator.username,
          comment: 'Illisible',
          role: 'VALIDATOR_L1',
          ...step,
        },
      ],
    });
  });

  test('GET /validation/statistics', async () => {
    const member = await office.member();
    const ids = [];
    for (const amount of [1100, 1300, 2000, 4000]) ids.push(await office.paper(member, { amount }));
    await validator.post(`${api}/validation/${ids[0]}/approve`);
    await validator.post(`${api}/validation/${ids[1]}/approve`);
    await validator.post(`${api}/validation/${ids[2]}/reject`, { comment: 'Non' });
    expect((await member.get(`${api}/validation/statistics?period=month`)).body).toEqual({
      success: true,
      period: 'month',
      statistics: {
        approved: { count: 2, total_amount: 2400, avg_amount: 1200 },
        rejected: { count: 1, total_amount: 2000, avg_amount: 2000 },
        pending: { count: 1, total_amount: 4000, avg_amount: 4000 },
      },
    });
  });

  test('GET /validation/can-validate/{documentId}', async () => {
    const id = await office.paper(user1);
    expect((await validator.get(`${api}/validation/can-validate/${id}`)).body).toEqual({
      success: true,
      document_id: id,
      can_validate: true,
      role: 'VALIDATOR_L1',
      max_amount: 10_000,
      on_behalf_of: null,
    });
  });
});
