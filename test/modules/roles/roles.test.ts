import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Client, startTestApp, type TestApp } from '../../support/app.ts';

let t: TestApp;
let anna: Client;
let marie: Client;

beforeAll(async () => {
  t = await startTestApp();
});
afterAll(() => t.close());
/** Marie is new with each test; Anna is the administrator. */
beforeEach(async () => {
  anna = t.admin;
  marie = await t.member();
});

const today = (days = 0) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
const rolesOf = async (user: Client, asWhom = anna) =>
  (await asWhom.get(`/roles/user/${user.id}`)).body.roles;
const assign = (body: object, { user = marie, by = anna } = {}) =>
  by.post(`/roles/user/${user.id}/assign`, body);
const remove = (role: string, scope?: string, { user = marie, by = anna } = {}) =>
  by.delete(
    `/roles/user/${user.id}/${role}${scope === undefined ? '' : `?scope=${encodeURIComponent(scope)}`}`,
  );
const toldTo = (user: Client) =>
  t.db.notification.findMany({
    where: { userId: user.id },
    orderBy: { id: 'asc' },
    select: { kind: true, params: true },
  });
const auditOf = async (user: Client) =>
  (
    await anna.get('/audit', { query: { action: 'roles.', object_id: String(user.id), per_page: '100' } })
  ).body.data.toReversed();
const powersOf = (user: Client) => t.db.$queryRaw<{ role_code: string }[]>`
  SELECT role_code FROM validation_powers WHERE user_id = ${user.id}
    AND coalesce(valid_from <= CURRENT_DATE, TRUE) AND coalesce(valid_to >= CURRENT_DATE, TRUE) ORDER BY 1`;

describe('the roles there are', () => {
  test('are four, with labels in the reader’s language', async () => {
    expect((await marie.get('/roles')).body).toEqual({
      success: true,
      roles: [
        { code: 'VALIDATOR_L1', label: 'Validateur Niveau 1' },
        { code: 'VALIDATOR_L2', label: 'Validateur Niveau 2' },
        { code: 'APPROVER', label: 'Approbateur' },
        { code: 'ADMIN', label: 'Administrateur' },
      ],
    });
    const english = await marie.get('/roles', { headers: { 'accept-language': 'en' } });
    expect(english.body.roles[0]).toEqual({ code: 'VALIDATOR_L1', label: 'Level 1 validator' });
  });
});

describe('a role that is given', () => {
  test('as the seed does it is held from its first to its last day, up to its amount', async () => {
    const body = {
      role_code: 'VALIDATOR_L1',
      scope: '*',
      max_amount: 5000,
      valid_from: '2026-01-01',
      valid_to: '2026-12-31',
    };
    const answer = await assign(body);
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      success: true,
      user_id: marie.id,
      roles: [
        {
          ...body,
          label: 'Validateur Niveau 1',
          active: today() >= '2026-01-01' && today() <= '2026-12-31',
          assigned_by: { id: anna.id, username: anna.username },
          created_at: expect.stringMatching(/Z$/),
        },
      ],
    });
    expect((await marie.get(`/roles/user/${marie.id}`)).body).toEqual(answer.body);
  });

  test('without more is for everything, without limit and for ever', async () => {
    await assign({ role_code: 'APPROVER' });
    expect(await rolesOf(marie)).toMatchObject([
      { role_code: 'APPROVER', scope: '*', max_amount: null, valid_from: null, valid_to: null, active: true },
    ]);
    expect(await powersOf(marie)).toEqual([{ role_code: 'APPROVER' }]);
  });

  test('holds on its first and on its last day, and on no other', async () => {
    await assign({ role_code: 'VALIDATOR_L1', valid_from: today(), valid_to: today() });
    await assign({ role_code: 'VALIDATOR_L2', valid_to: today(-1) });
    await assign({ role_code: 'APPROVER', valid_from: today(1) });
    expect((await rolesOf(marie)).map((role: { active: boolean }) => role.active)).toEqual([
      true,
      false,
      false,
    ]);
    expect(await powersOf(marie)).toEqual([{ role_code: 'VALIDATOR_L1' }]);
  });

  test('for one type of document stands beside the one for everything', async () => {
    await assign({ role_code: 'VALIDATOR_L1', scope: 'document_type:invoice', max_amount: 0.1 });
    await assign({ role_code: 'VALIDATOR_L1', max_amount: 999_999_999_999.99 });
    expect(await rolesOf(marie)).toMatchObject([
      { scope: '*', max_amount: 999_999_999_999.99 },
      { scope: 'document_type:invoice', max_amount: 0.1 },
    ]);
  });

  test('again with the same scope gets other limits, and stays one', async () => {
    await assign({ role_code: 'APPROVER', max_amount: 100, valid_to: today(9) });
    const again = await assign({ role_code: 'APPROVER', max_amount: 200 });
    expect(again.status).toBe(200);
    expect(again.body.roles).toMatchObject([{ max_amount: 200, valid_to: null }]);
    expect(again.body.roles).toHaveLength(1);
    expect((await auditOf(marie)).at(-1).details).toEqual({
      role: 'APPROVER',
      scope: '*',
      max_amount: 200,
      valid_from: null,
      valid_to: null,
      before: { max_amount: 100, valid_from: null, valid_to: today(9) },
    });
  });

  test('again as it is changes nothing, and nobody is told', async () => {
    await assign({ role_code: 'APPROVER', max_amount: 100 });
    expect((await assign({ role_code: 'APPROVER', max_amount: 100 })).status).toBe(200);
    expect(await toldTo(marie)).toHaveLength(1);
    expect(await auditOf(marie)).toHaveLength(1);
  });

  test('must make sense: each field is told what is wrong with it', async () => {
    const wrong = async (body: object) => {
      const answer = await assign(body);
      return [answer.status, answer.body.errors];
    };
    const base = { role_code: 'APPROVER' };
    expect(await wrong({ ...base, scope: 'document_type:nothing' })).toEqual([
      400,
      { scope: ['Type de document inconnu'] },
    ]);
    for (const scope of ['', 'invoice', 'document_type:', 'document_type:*', '**', 'document_type:Invoice'])
      expect(await wrong({ ...base, scope }), scope).toEqual([400, { scope: [expect.any(String)] }]);
    for (const max_amount of [-0.01, 0.001, 1e12, '5'])
      expect(await wrong({ ...base, max_amount })).toEqual([400, { max_amount: [expect.any(String)] }]);
    expect(await wrong({ ...base, valid_from: '2026-02-02', valid_to: '2026-02-01' })).toEqual([
      400,
      { valid_to: ['Avant le début de la période'] },
    ]);
    expect(await wrong({ ...base, valid_from: '2026-02-30' })).toEqual([
      400,
      { valid_from: [expect.any(String)] },
    ]);
    expect(await wrong({ role_code: 'CHIEF', limit: 1 })).toEqual([
      400,
      { role_code: [expect.any(String)], limit: ['Champ inconnu'] },
    ]);
    expect(await rolesOf(marie)).toEqual([]);
  });

  test('goes with the type of document it is for, and its holder is told', async () => {
    const { body } = await anna.post('/document-types', { code: 'quote', label: 'Devis', folder: 'devis' });
    await assign({ role_code: 'APPROVER', scope: 'document_type:quote' });
    expect((await anna.delete(`/document-types/${body.data.id}`)).status).toBe(200);
    expect(await rolesOf(marie)).toEqual([]);
    expect((await toldTo(marie)).at(-1)).toEqual({
      kind: 'role_removed',
      params: { role: 'APPROVER', scope: 'document_type:quote' },
    });
    const [entry] = (await anna.get('/audit?action=document_types.remove')).body.data;
    expect(entry.details).toEqual({
      code: 'quote',
      roles_removed: [{ user_id: marie.id, role: 'APPROVER' }],
    });
  });
});

describe('a role that is taken back', () => {
  test('is gone, the same role with another scope stays', async () => {
    await assign({ role_code: 'APPROVER' });
    await assign({ role_code: 'APPROVER', scope: 'document_type:invoice' });
    const answer = await remove('APPROVER', '*');
    expect(answer).toMatchObject({ status: 200, body: { success: true, user_id: marie.id } });
    expect(answer.body.roles).toMatchObject([{ scope: 'document_type:invoice' }]);
    expect((await remove('APPROVER', 'document_type:invoice')).body.roles).toEqual([]);
    expect(await powersOf(marie)).toEqual([]);
  });

  test('is the one for everything where no scope is given', async () => {
    await assign({ role_code: 'APPROVER', scope: 'document_type:invoice' });
    expect((await remove('APPROVER')).status).toBe(404);
    expect((await remove('APPROVER', 'document_type:invoice')).status).toBe(200);
  });

  test('must be held: another one, another scope and an unknown type are a 404', async () => {
    await assign({ role_code: 'APPROVER' });
    for (const [role, scope] of [
      ['VALIDATOR_L1', '*'],
      ['APPROVER', 'document_type:invoice'],
      ['APPROVER', 'document_type:nothing'],
      ['ADMIN', '*'],
    ] as const)
      expect((await remove(role, scope)).body).toMatchObject({ code: 'roles.not_held' });
    expect((await remove('CHIEF')).status).toBe(400);
    expect((await remove('APPROVER', 'all')).status).toBe(400);
  });
});

describe('an administrator', () => {
  test('is one by the role and by their account alike', async () => {
    expect((await assign({ role_code: 'ADMIN' })).status).toBe(201);
    expect((await anna.get(`/users/${marie.id}`)).body.data.is_admin).toBe(true);
    expect((await marie.get('/audit')).status).toBe(200);
    expect((await assign({ role_code: 'ADMIN', scope: '*', max_amount: null })).status).toBe(200);
    expect((await remove('ADMIN')).body.roles).toEqual([]);
    expect((await anna.get(`/users/${marie.id}`)).body.data.is_admin).toBe(false);
    expect((await marie.get('/audit')).status).toBe(403);

    await anna.patch(`/users/${marie.id}`, { is_admin: true });
    expect(await rolesOf(marie)).toEqual([
      {
        role_code: 'ADMIN',
        label: 'Administrateur',
        scope: '*',
        max_amount: null,
        valid_from: null,
        valid_to: null,
        active: true,
        assigned_by: null,
        created_at: null,
      },
    ]);
    await anna.patch(`/users/${marie.id}`, { is_admin: false });
    const twice = (kind: string) => ({ kind, params: { role: 'ADMIN', scope: '*' } });
    const both = [twice('role_assigned'), twice('role_removed')];
    expect(await toldTo(marie)).toEqual([...both, ...both]);
    expect((await auditOf(marie)).map((entry: { action: string }) => entry.action)).toEqual([
      'roles.assign',
      'roles.remove',
      'roles.assign',
      'roles.remove',
    ]);
  });

  test('has no scope, no limit and no days', async () => {
    const answer = await assign({
      role_code: 'ADMIN',
      scope: 'document_type:invoice',
      max_amount: 0,
      valid_from: today(),
      valid_to: today(),
    });
    expect(answer.status).toBe(400);
    expect(Object.keys(answer.body.errors).sort()).toEqual(['max_amount', 'scope', 'valid_from', 'valid_to']);
    expect(answer.body.errors.scope).toEqual(['Un administrateur l’est pour tout, sans limite ni dates']);
    expect(await rolesOf(marie)).toEqual([]);
  });

  test('who is the last one stays, and the attempt is in the log', async () => {
    const answer = await remove('ADMIN', '*', { user: anna });
    expect(answer).toMatchObject({ status: 409, body: { code: 'users.last_administrator' } });
    expect(await rolesOf(anna)).toMatchObject([{ role_code: 'ADMIN' }]);
    expect((await auditOf(anna)).at(-1)).toMatchObject({
      action: 'roles.remove',
      outcome: 'refused',
      details: { status: 409, code: 'users.last_administrator' },
    });
  });

  test('remains when the last two take the role from each other at once', async () => {
    await assign({ role_code: 'ADMIN' });
    // By the service: at the route, the slower one may be no administrator any more.
    const take = (user: Client, by: Client) =>
      t.services.roles.remove({
        caller: {
          user: { ...by, displayName: '', email: null, isAdmin: true, seesMore: true },
          address: null,
        },
        userId: user.id,
        roleCode: 'ADMIN',
        scope: '*',
      });
    const answers = await Promise.allSettled([take(anna, marie), take(marie, anna)]);
    expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(answers.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'users.last_administrator' },
    });
    const left = await t.db.user.findMany({ where: { isAdmin: true } });
    expect(left).toHaveLength(1);
    // Anna again, for the other tests.
    await t.db.user.update({ where: { id: anna.id }, data: { isAdmin: true } });
  });
});

describe('who may see and change roles', () => {
  test('everybody sees their own, administrators see all, nobody else does', async () => {
    const paul = await t.member();
    expect((await marie.get(`/roles/user/${marie.id}`)).status).toBe(200);
    expect((await paul.get(`/roles/user/${marie.id}`)).status).toBe(403);
    // Whether there is such a user is not for everybody to know.
    expect((await paul.get('/roles/user/999999')).status).toBe(403);
    expect((await anna.get('/roles/user/999999')).body).toMatchObject({ code: 'users.not_found' });
    expect((await marie.get(`/roles/user/0${marie.id}`)).status).toBe(400);
  });

  test('only administrators change them, and attempts of others are in the log', async () => {
    expect((await assign({ role_code: 'APPROVER' }, { by: marie })).status).toBe(403);
    expect((await remove('APPROVER', '*', { by: marie })).status).toBe(403);
    expect(await auditOf(marie)).toMatchObject([
      { action: 'roles.assign', outcome: 'refused', user: { id: marie.id }, object_type: 'user' },
      { action: 'roles.remove', outcome: 'refused', details: { status: 403, code: 'auth.admin_required' } },
    ]);
  });

  test('an unknown user is a 404; a deactivated one is given none, but can lose what they have', async () => {
    expect((await anna.post('/roles/user/999999/assign', { role_code: 'APPROVER' })).status).toBe(404);
    expect((await anna.delete('/roles/user/999999/APPROVER')).body).toMatchObject({
      code: 'users.not_found',
    });
    await assign({ role_code: 'APPROVER' });
    await anna.delete(`/users/${marie.id}`);
    expect(await rolesOf(marie)).toMatchObject([{ role_code: 'APPROVER', active: false }]);
    expect(await powersOf(marie)).toEqual([]);
    for (const role_code of ['VALIDATOR_L1', 'ADMIN'])
      expect(await assign({ role_code })).toMatchObject({
        status: 409,
        body: { code: 'roles.user_inactive' },
      });
    expect((await remove('APPROVER')).status).toBe(200);
  });
});

describe('a change of roles', () => {
  test('is told to the user and is in the log, in the same moment', async () => {
    await assign({ role_code: 'VALIDATOR_L2', scope: 'document_type:invoice', max_amount: 12.5 });
    await remove('VALIDATOR_L2', 'document_type:invoice');
    const params = { role: 'VALIDATOR_L2', scope: 'document_type:invoice' };
    expect(await toldTo(marie)).toEqual([
      { kind: 'role_assigned', params },
      { kind: 'role_removed', params },
    ]);
    expect(await auditOf(marie)).toEqual([
      {
        id: expect.any(Number),
        created_at: expect.stringMatching(/Z$/),
        user: { id: anna.id, username: anna.username },
        address: '127.0.0.1',
        action: 'roles.assign',
        object_type: 'user',
        object_id: String(marie.id),
        outcome: 'success',
        details: { ...params, max_amount: 12.5, valid_from: null, valid_to: null },
      },
      expect.objectContaining({ action: 'roles.remove', outcome: 'success', details: params }),
    ]);
  });

  test('that several administrators make at once is made once, and told once', async () => {
    const same = Array.from({ length: 10 }, () => assign({ role_code: 'APPROVER', max_amount: 10 }));
    const statuses = (await Promise.all(same)).map(({ status }) => status);
    expect(statuses.toSorted()).toEqual([...Array.from({ length: 9 }, () => 200), 201]);
    expect(await toldTo(marie)).toHaveLength(1);
    expect(await auditOf(marie)).toHaveLength(1);
  });

  test('by several administrators at once is done one after the other, each whole', async () => {
    const limits = Array.from({ length: 12 }, (_, at) => ({ max_amount: at + 1, valid_to: today(at) }));
    const answers = await Promise.all(
      limits.flatMap((limit) => [assign({ role_code: 'APPROVER', ...limit }), remove('APPROVER')]),
    );
    expect(answers.filter(({ status }) => ![200, 201, 404].includes(status))).toEqual([]);
    const changes = await auditOf(marie);
    const done = changes.filter((entry: { outcome: string }) => entry.outcome === 'success');
    expect(done).toHaveLength((await toldTo(marie)).length);
    // The log tells what is there now.
    const held = await rolesOf(marie);
    const last = done.at(-1);
    if (last.action === 'roles.remove') expect(held).toEqual([]);
    else
      expect(held).toMatchObject([{ max_amount: last.details.max_amount, valid_to: last.details.valid_to }]);
    expect(held.length).toBeLessThan(2);
  });
});
