import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { runSeed, where } from '../support/seed.ts';

describe('the approvals of 4,000 synthetic documents', () => {
  let server: TestApp;
  beforeAll(async () => {
    server = await startTestApp();
    expect(await runSeed(['--documents', '4000', '--seed', '5'], where(server))).toMatchObject({ code: 0 });
  });
  afterAll(() => server.close());

  const count = async (sql: string) => {
    const [row] = await server.db.$queryRawUnsafe<{ count: number }[]>(
      `SELECT count(*)::int AS count FROM ${sql}`,
    );
    return row?.count;
  };

  test('are mostly given, some refused, a few awaited', async () => {
    const rows = await server.db.document.groupBy({ by: ['validationStatus'], _count: true });
    const of = Object.fromEntries(rows.map((row) => [row.validationStatus, row._count]));
    expect(of.approved).toBeGreaterThan(300);
    expect(of.rejected).toBeGreaterThan(20);
    expect(of.pending).toBeGreaterThan(2);
    expect(of.pending).toBeLessThan(80);
    expect(of.na).toBeGreaterThan(3000);
  });

  test('are about the version and amount that their documents have', async () => {
    expect(
      await count(`documents d FULL JOIN validation_requests r ON r.document_id = d.id
        WHERE (d.validation_status <> 'na') <> (r.document_id IS NOT NULL) OR (r.document_id IS NOT NULL AND (
          r.version <> d.version OR r.amount IS DISTINCT FROM d.amount OR r.currency <> d.currency
          OR r.submitted_by_id <> d.owner_id OR (d.validation_status = 'pending') <> (r.decided_at IS NULL)))`),
    ).toBe(0);
  });

  test('have a history that leads to where they are', async () => {
    expect(
      await count(`documents d JOIN validation_requests r ON r.document_id = d.id
        CROSS JOIN LATERAL (SELECT array_agg(h.action ORDER BY h.id) AS actions, array_agg(h.created_at ORDER BY h.id) AS times,
          (array_agg(h.to_status ORDER BY h.id DESC))[1] AS last FROM validation_history h WHERE h.document_id = d.id) h
        WHERE h.last = d.validation_status AND h.actions[1] = 'submitted' AND h.times[1] = r.submitted_at
          AND (r.decided_at IS NULL OR h.times[array_length(h.times, 1)] = r.decided_at)`),
    ).toBe(await server.db.validationRequest.count());
  });

  test('were given by whom the limits allow, and by nobody for a document of their own', async () => {
    expect(
      await count(`validation_requests r JOIN documents d ON d.id = r.document_id
        WHERE r.decided_at IS NOT NULL AND (r.decided_by_id = d.owner_id OR r.decided_at < r.submitted_at OR NOT EXISTS (
          SELECT FROM validation_powers p WHERE p.user_id = r.decided_by_id AND p.role_code = r.role_code
            AND (p.document_type_id IS NULL OR p.document_type_id = d.document_type_id)
            AND (p.max_amount IS NULL OR p.max_amount >= d.amount)))`),
    ).toBe(0);
  });

  test('that are awaited are due about now, and all who may decide know it', async () => {
    expect(
      await count(`validation_requests r WHERE r.decided_at IS NULL
        AND (r.submitted_at > now() OR r.deadline_at NOT BETWEEN now() - interval '12 days' AND now() + interval '12 days')`),
    ).toBe(0);
    expect(
      await count(`validation_requests r JOIN documents d ON d.id = r.document_id, users u WHERE r.decided_at IS NULL
        AND r.document_id IN (SELECT * FROM awaiting_decision_of(u.id))
        AND NOT EXISTS (SELECT FROM notifications n WHERE n.user_id = u.id AND n.document_id = d.id
          AND n.kind IN ('validation_pending', 'validation_escalated'))`),
    ).toBe(0);
    const { body } = await server.admin.get('/documents');
    expect(body.pagination.total).toBe(4000);
  });

  test('of late were told to whom they are of; some of it is read', async () => {
    expect(
      await count(`notifications WHERE kind IN ('validation_approved', 'validation_rejected')`),
    ).toBeGreaterThan(5);
    expect(
      await count(`notifications n JOIN documents d ON d.id = n.document_id
        WHERE n.kind IN ('validation_approved', 'validation_rejected')
          AND (n.user_id <> d.owner_id OR n.kind <> 'validation_' || d.validation_status)`),
    ).toBe(0);
    expect(await count('notifications WHERE read_at IS NULL')).toBeGreaterThan(5);
    expect(await count('notifications WHERE read_at IS NOT NULL')).toBeGreaterThan(5);
  });
});
