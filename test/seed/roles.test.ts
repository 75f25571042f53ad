import { expect, test } from 'vitest';
import { z } from 'zod';
import { asFrontend, done, fits } from './frontend.ts';

/** “Assigner un rôle” */
const assignment = {
  role_code: 'VALIDATOR_L1',
  scope: '*',
  max_amount: 5000,
  valid_from: '2026-01-01',
  valid_to: '2026-12-31',
};
/** The seed shows no answer: what was assigned is in it. */
const held = z.looseObject({
  success: done,
  roles: z.array(
    z.looseObject({
      role_code: z.string(),
      scope: z.string(),
      max_amount: z.number().nullable(),
      valid_from: z.iso.date().nullable(),
      valid_to: z.iso.date().nullable(),
    }),
  ),
});

asFrontend('roles', (use) => {
  test('the four roles are listed as in the seed', async () => {
    const { status, body } = await use().user1.get('/roles');
    expect(status).toBe(200);
    expect(body).toEqual({
      success: true,
      roles: [
        { code: 'VALIDATOR_L1', label: 'Validateur Niveau 1' },
        { code: 'VALIDATOR_L2', label: 'Validateur Niveau 2' },
        { code: 'APPROVER', label: 'Approbateur' },
        { code: 'ADMIN', label: 'Administrateur' },
      ],
    });
  });

  test('one is assigned, shown and taken away', async () => {
    const { admin, signUp } = use();
    const { id } = await signUp('collaboratrice');
    const none = await admin.get(`/roles/user/${id}`);
    expect(fits(none.body, held).roles).toEqual([]);

    const assigned = await admin.post(`/roles/user/${id}/assign`, assignment);
    expect([200, 201]).toContain(assigned.status);
    expect(assigned.body.success).toBe(true);
    const shown = await admin.get(`/roles/user/${id}`);
    expect(shown.status).toBe(200);
    expect(fits(shown.body, held).roles).toMatchObject([assignment]);

    const removed = await admin.delete(`/roles/user/${id}/VALIDATOR_L1?scope=*`);
    expect(removed.status).toBe(200);
    expect(removed.body.success).toBe(true);
    expect(fits((await admin.get(`/roles/user/${id}`)).body, held).roles).toEqual([]);
  });
});
