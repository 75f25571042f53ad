import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../support/app.ts';
import { type Office, openOffice } from './office.ts';

/** What the database itself holds to, whatever the code does. */
let office: Office;
let alice: Client;
let vera: Client;
let sql: pg.Client;

beforeAll(async () => {
  office = await openOffice();
  alice = await office.member('alice');
  vera = await office.validator();
  sql = new pg.Client({ connectionString: office.databaseUrl });
  await sql.connect();
});
afterAll(async () => {
  await sql.end();
  await office.close();
});

async function decided(address = 'approve'): Promise<number> {
  const id = await office.paper(alice);
  const answer = await vera.post(`/validation/${id}/${address}`, { comment: 'Vu' });
  expect(answer.status).toBe(200);
  return id;
}
const code = (statement: string) =>
  sql.query(statement).then(
    () => 'done',
    (error: pg.DatabaseError) => error.code,
  );

describe('the history', () => {
  test.each([
    'UPDATE validation_history SET comment = NULL',
    'UPDATE validation_history SET created_at = now() WHERE id = 1',
    'DELETE FROM validation_history',
    'DELETE FROM validation_history WHERE FALSE',
    'TRUNCATE validation_history',
    'TRUNCATE validation_history, documents CASCADE',
  ])('is not to be changed: %s', async (statement) => {
    const id = await decided();
    const before = await office.steps(id);
    expect(await code(statement)).toBe('CL003');
    expect(await office.steps(id)).toEqual(before);
  });

  test('outlives the document, and keeps the users it names', async () => {
    const id = await decided();
    expect(await code(`DELETE FROM documents WHERE id = ${id}`)).toBe('done');
    expect(await office.steps(id)).toHaveLength(2);
    expect(await code(`DELETE FROM users WHERE id = ${vera.id}`)).toBe('23001');
  });
});

describe('a decision holds for what it was made on', () => {
  test.each([
    ["an approved document's amount", 'approve', 'UPDATE documents SET amount = 1 WHERE id = $'],
    ["an approved document's amount, removed", 'approve', 'UPDATE documents SET amount = NULL WHERE id = $'],
    ["a rejected document's currency", 'reject', "UPDATE documents SET currency = 'EUR' WHERE id = $"],
    ["a pending document's amount", null, 'UPDATE documents SET amount = 1 WHERE id = $'],
    ['a status without a decision', null, "UPDATE documents SET validation_status = 'approved' WHERE id = $"],
    ['a decision taken back', 'approve', "UPDATE documents SET validation_status = 'pending' WHERE id = $"],
    [
      'the request of a decision about something else',
      'approve',
      'UPDATE validation_requests SET amount = 1 WHERE document_id = $',
    ],
    ['its version', 'reject', 'UPDATE validation_requests SET version = 2 WHERE document_id = $'],
    ['the request of what waits, removed', null, 'DELETE FROM validation_requests WHERE document_id = $'],
  ])('%s is refused at the commit', async (_, decision, statement) => {
    const id = decision ? await decided(decision) : await office.paper(alice);
    const before = await office.statusOf(id);
    expect(await code(statement.replace('$', `${id}`))).toBe('CL004');
    expect(await office.statusOf(id)).toEqual(before);
  });

  test('a new version of an approved document is refused, where nothing asks again', async () => {
    const id = await decided();
    await sql.query('BEGIN');
    await sql.query(`INSERT INTO document_versions (document_id, number, sha256, file_size, mime_type, original_filename, created_by_id)
      SELECT document_id, 2, sha256, file_size, mime_type, original_filename, created_by_id FROM document_versions WHERE document_id = ${id}`);
    await sql.query(`UPDATE documents SET version = 2 WHERE id = ${id}`);
    expect(await code('COMMIT')).toBe('CL004');
  });

  test('what is not asked for may be what it likes, and all together may change in one transaction', async () => {
    const free = await office.paper(alice, { amount: 1 });
    expect(await code(`UPDATE documents SET amount = 2 WHERE id = ${free}`)).toBe('done');
    const id = await decided();
    expect(
      await code(`BEGIN; UPDATE documents SET amount = 2 WHERE id = ${id};
        UPDATE validation_requests SET amount = 2 WHERE document_id = ${id}; COMMIT`),
    ).toBe('done');
  });
});

describe('nobody decides on what they submitted', () => {
  test('whatever the code says', async () => {
    const id = await office.paper(alice);
    expect(
      await code(`UPDATE validation_requests SET decided_by_id = submitted_by_id, decided_at = now(),
        role_code = 'ADMIN' WHERE document_id = ${id}`),
    ).toBe('23514');
  });

  test('and a decision names who, when and by what role, or there is none', async () => {
    const id = await office.paper(alice);
    expect(
      await code(`UPDATE validation_requests SET decided_by_id = ${vera.id} WHERE document_id = ${id}`),
    ).toBe('23514');
  });
});

describe('statistics count the period that ends now', () => {
  test.each([
    ['day', '23 hours', '25 hours'],
    ['week', '6 days', '8 days'],
    ['month', '27 days', '32 days'],
    ['year', '364 days', '367 days'],
  ])('%s: what is %s old, not what is %s old', async (period, within, before) => {
    const member = await office.member();
    const id = await office.paper(member, { amount: 1 });
    for (const age of [within, before])
      await sql.query(`INSERT INTO validation_history (document_id, action, from_status, to_status, performed_by_id,
        version, amount, currency, created_at)
        VALUES (${id}, 'approved', 'pending', 'approved', ${vera.id}, 1, 7, 'CHF', now() - interval '${age}')`);
    const { body } = await member.get(`/validation/statistics?period=${period}`);
    expect(body.statistics.approved).toEqual({ count: 1, total_amount: 7, avg_amount: 7 });
  });
});
