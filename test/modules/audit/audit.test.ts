import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuditService } from '../../../src/modules/audit/audit.service.ts';
import { recordAudit, theServer } from '../../../src/modules/audit/record-audit.ts';
import { type Client, password, startTestApp, type TestApp } from '../../support/app.ts';
import { uploaded } from '../documents/papers.ts';

let t: TestApp;
let admin: Client;

beforeAll(async () => {
  t = await startTestApp();
  admin = t.admin;
});
afterAll(() => t.close());

interface Entry {
  id: number;
  action: string;
  outcome: string;
  details: Record<string, unknown>;
}
const entries = async (query: Record<string, string> = {}): Promise<Entry[]> =>
  (await admin.get('/audit', { query: { per_page: '100', ...query } })).body.data;
const record = (details = {}) =>
  recordAudit(t.db, { actor: theServer, action: 'test.happened', outcome: 'success', details });

describe('the audit log', () => {
  test('tells who did what, from where, to what and how it ended, the newest first', async () => {
    const { body } = await admin.post('/users', { username: 'paula', password, display_name: 'Paula' });
    const { body: page } = await admin.get('/audit');
    expect(page).toEqual({
      success: true,
      data: expect.any(Array),
      pagination: { page: 1, per_page: 20, total: page.data.length, total_pages: 1 },
    });
    expect(page.data[0]).toEqual({
      id: page.data.length,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      user: { id: admin.id, username: admin.username },
      address: '127.0.0.1',
      action: 'users.create',
      object_type: 'user',
      object_id: String(body.data.id),
      outcome: 'success',
      details: { username: 'paula', is_admin: false },
    });
    // The first administrator, whom the server made by itself.
    expect(page.data.at(-1)).toMatchObject({ id: 1, user: null, address: null, action: 'users.create' });
  });

  test('is for administrators', async () => {
    const marie = await t.member();
    for (const address of ['/audit', '/audit/verify']) {
      expect((await t.nobody.get(address)).status).toBe(401);
      expect((await marie.get(address)).status).toBe(403);
    }
  });

  test('is read by user, action, object, outcome and time, page by page', async () => {
    const marie = await t.member();
    await marie.post('/users', { username: 'zoe', password });
    const [refused] = await entries({ user_id: String(marie.id), outcome: 'refused' });
    expect(refused).toMatchObject({ action: 'users.create', details: { status: 403 } });
    expect(await entries({ user_id: String(marie.id) })).toMatchObject([
      { action: 'users.create' },
      { action: 'auth.login' },
    ]);
    expect(new Set((await entries({ action: 'users.' })).map(({ action }) => action))).toEqual(
      new Set(['users.create']),
    );
    expect(await entries({ action: 'users_create' })).toEqual([]);
    expect(await entries({ object_type: 'user', object_id: String(marie.id) })).toHaveLength(2);
    expect(await entries({ from: '2999-01-01' })).toEqual([]);
    expect(await entries({ to: '1999-01-01T00:00:00Z' })).toEqual([]);
    const today = new Date().toISOString().slice(0, 10);
    const all = await entries();
    expect(await entries({ from: today, to: today })).toEqual(all);
    const { body } = await admin.get('/audit?page=2&per_page=3');
    expect(body.data).toEqual(all.slice(3, 6));
    expect(body.pagination).toMatchObject({ page: 2, total: all.length });
    expect((await admin.get('/audit?page=1000')).body).toMatchObject({
      data: [],
      pagination: { total: all.length },
    });
    expect((await admin.get('/audit?outcome=good&to=never&x=1')).body.errors).toMatchObject({
      outcome: [expect.any(String)],
      to: [expect.any(String)],
      x: ['Champ inconnu'],
    });
  });
});

describe('what an auditor finds', () => {
  test('which fields of a user were changed, and no value of them', async () => {
    const marie = await t.member();
    const secret = 'une phrase bien à moi';
    const change = (body: object) => admin.patch(`/users/${marie.id}`, body);
    await change({ email: 'marie@example.ch', display_name: 'Marie', password: secret });
    await change({ display_name: 'Marie' });
    await admin.delete(`/users/${marie.id}`);
    await change({ is_active: true, username: 'marianne' });
    const found = await entries({ object_id: String(marie.id), action: 'users.' });
    expect(found.toReversed()).toMatchObject([
      { action: 'users.create' },
      { action: 'users.change', details: { changed: ['display_name', 'email', 'password'] } },
      { action: 'users.deactivate', details: { changed: ['is_active'] } },
      { action: 'users.reactivate', details: { changed: ['is_active', 'username'] } },
    ]);
    const everything = JSON.stringify(await t.db.auditEntry.findMany({ omit: { id: true } }));
    expect(everything).not.toContain(secret);
    expect(everything).not.toContain('argon2');
    expect(everything).not.toContain('marie@example.ch');
  });

  test('each sign-in, and each that failed: of which account, but not what was typed as a name', async () => {
    const marie = await t.member();
    const tryWith = (username: string) =>
      t.nobody.post('/auth/login', { username, password: 'mot de passe' });
    expect((await tryWith(marie.username.toUpperCase())).status).toBe(401);
    expect((await tryWith('mon-mot-de-passe')).status).toBe(401);
    const [unknown, failed, good] = await entries({ action: 'auth.login' });
    expect(unknown).toMatchObject({ user: null, address: '127.0.0.1', object_id: null, outcome: 'refused' });
    expect(JSON.stringify(unknown)).not.toContain('mon-mot-de-passe');
    expect(failed).toMatchObject({ user: null, object_id: String(marie.id), outcome: 'refused' });
    expect(good).toMatchObject({ user: { id: marie.id }, object_id: String(marie.id), outcome: 'success' });
  });

  test('no more than the counted attempts, however long an account is attacked', async () => {
    const marie = await t.member();
    for (let attempt = 0; attempt < 30; attempt++)
      await t.nobody.post('/auth/login', { username: marie.username, password: 'mot de passe' });
    const failed = await entries({ object_id: String(marie.id), outcome: 'refused' });
    expect(failed.length).toBeGreaterThan(3);
    expect(failed.length).toBeLessThan(10);
    await t.db.loginAttempt.deleteMany();
  });

  test('whose password was changed by themself, and who tried', async () => {
    const marie = await t.member();
    const change = (current_password: string) =>
      marie.post('/auth/password', { current_password, new_password: 'une autre phrase' });
    expect((await change('pas la bonne')).status).toBe(400);
    expect((await change(password)).status).toBe(200);
    expect(await entries({ action: 'auth.password', user_id: String(marie.id) })).toMatchObject([
      { outcome: 'success', object_id: String(marie.id) },
      { outcome: 'refused' },
    ]);
  });

  test('who made, changed and removed a document type, and who was refused', async () => {
    const { body } = await admin.post('/document-types', { code: 'memo', label: 'Note', folder: 'notes' });
    await admin.put(`/document-types/${body.data.id}`, { label: 'Notes' });
    await admin.put(`/document-types/${body.data.id}`, { code: 'invoice' });
    await admin.delete(`/document-types/${body.data.id}`);
    const found = await entries({ object_type: 'document_type', object_id: String(body.data.id) });
    expect(found.toReversed()).toMatchObject([
      { action: 'document_types.create', details: { code: 'memo', label: 'Note', folder: 'notes' } },
      { action: 'document_types.change', details: { label: 'Notes' } },
      { action: 'document_types.change', outcome: 'refused', details: { status: 409 } },
      { action: 'document_types.remove', details: { code: 'memo', roles_removed: [] } },
    ]);
  });

  test('who deleted a document for good', async () => {
    const { id, title, owner_id, sha256 } = await uploaded(await t.member());
    await admin.delete(`/documents/${id}?permanent=true`);
    expect(await entries({ object_type: 'document', object_id: String(id) })).toMatchObject([
      { action: 'documents.purge', user: { id: admin.id }, details: { title, owner_id, sha256 } },
    ]);
  });

  test('not the calls of strangers without a session, nor requests that make no sense', async () => {
    const before = (await entries()).length;
    await t.nobody.post('/users', { username: 'zoe', password });
    await admin.post('/users', { username: 'z o e' });
    await admin.patch('/users/0', {});
    expect(await entries()).toHaveLength(before);
  });

  test('who holds the old name when a user is renamed', async () => {
    const marie = await t.member('jeune-fille');
    await marie.post('/users', {});
    await admin.patch(`/users/${marie.id}`, { username: 'mariee' });
    await marie.post('/users', {});
    const refused = await entries({ user_id: String(marie.id), action: 'users.' });
    expect(refused).toMatchObject([{ user: { username: 'mariee' } }, { user: { username: 'jeune-fille' } }]);
  });
});

describe('the chain', () => {
  /** A database superuser who knows how to switch the trigger off. */
  const tamper = (...statements: string[]) =>
    t.db.$transaction(async (tx) => {
      await tx.$executeRawUnsafe('SET LOCAL session_replication_role = replica');
      for (const statement of statements) await tx.$executeRawUnsafe(statement);
    });
  const verify = async () => (await admin.get('/audit/verify')).body;
  const lastId = async () => Number((await t.db.auditHead.findUniqueOrThrow({ where: { id: 1 } })).entryId);
  const intact = async () => ({
    success: true,
    data: { checked: await lastId(), intact: true, first_broken_id: null },
  });

  /** Leaves the log as it was found: what is done to it is undone. */
  async function undone(work: () => Promise<void>) {
    await t.db.$executeRaw`CREATE TABLE kept AS SELECT * FROM audit_log`;
    await t.db.$executeRaw`CREATE TABLE kept_head AS SELECT * FROM audit_head`;
    await work();
    await tamper(
      'DELETE FROM audit_log',
      'INSERT INTO audit_log SELECT * FROM kept',
      'UPDATE audit_head h SET entry_id = k.entry_id, hash = k.hash FROM kept_head k',
      'DROP TABLE kept, kept_head',
    );
    expect(await verify()).toEqual(await intact());
  }

  test('is whole, over many batches, while entries are added', async () => {
    await Promise.all(Array.from({ length: 40 }, (_, at) => record({ at, é: ['x', null, 1.5] })));
    const whole = { intact: true, firstBrokenId: null };
    const small = createAuditService({ db: t.db, batch: 7 });
    const [verified] = await Promise.all([small.verify(), ...Array.from({ length: 20 }, () => record())]);
    expect(verified).toMatchObject(whole);
    expect(await small.verify()).toEqual({ checked: await lastId(), ...whole });
    expect(await verify()).toEqual(await intact());
  });

  test('is in the order of the commits, without gaps, whoever gives up', async () => {
    const from = await lastId();
    await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        t.db
          .$transaction(async (tx) => {
            await recordAudit(tx, { actor: theServer, action: 'test.given_up', outcome: 'success' });
            if (at % 2) throw new Error('given up');
          })
          .catch(() => undefined),
      ),
    );
    expect(await lastId()).toBe(from + 10);
    expect(await verify()).toEqual(await intact());
  });

  test('is the same for a session in another time zone', async () => {
    const [row] = await t.db.$transaction(async (tx) => {
      await tx.$executeRaw`SET LOCAL timezone = 'Asia/Kathmandu'`;
      await recordAudit(tx, { actor: theServer, action: 'test.abroad', outcome: 'success' });
      return tx.$queryRaw<{ same: boolean }[]>`
        SELECT audit_log_hash(b.hash, a) = a.hash AS same
        FROM audit_log a JOIN audit_log b ON b.id = a.id - 1 ORDER BY a.id DESC LIMIT 1 OFFSET 1`;
    });
    expect(row).toEqual({ same: true });
    expect(await verify()).toEqual(await intact());
  });

  test('is not changed, cut or emptied through the database itself', async () => {
    await record();
    for (const statement of [
      `UPDATE audit_log SET outcome = 'refused'`,
      'DELETE FROM audit_log WHERE id = 1',
      'TRUNCATE audit_log',
      'DELETE FROM audit_head',
      'TRUNCATE audit_head',
    ])
      await expect(t.db.$executeRawUnsafe(statement), statement).rejects.toThrow(/only ever added to/);
    expect(await verify()).toEqual(await intact());
  });

  describe('shows what was done to it behind the server’s back', () => {
    const broken = (id: number) => ({ success: true, data: { intact: false, first_broken_id: id } });

    test.each([
      ['details', `'{"amount": 1}'`],
      ['outcome', `'refused'`],
      ['actor_id', '99'],
      ['actor_name', `'somebody'`],
      ['address', `'192.0.2.1'`],
      ['action', `'other.thing'`],
      ['object_type', `'document'`],
      ['object_id', `'1'`],
      ['created_at', `created_at - interval '1 day'`],
      ['hash', `repeat('0', 64)`],
    ])('an entry whose %s was changed', async (column, value) => {
      await record();
      const id = (await lastId()) - 3;
      await undone(async () => {
        await tamper(`UPDATE audit_log SET ${column} = ${value} WHERE id = ${id}`);
        expect(await verify()).toMatchObject(broken(id));
      });
    });

    test('an entry that was removed: the first, one in the middle, the last, all', async () => {
      await record();
      const last = await lastId();
      for (const [statement, id] of [
        ['DELETE FROM audit_log WHERE id = 1', 1],
        [`DELETE FROM audit_log WHERE id = ${last - 3}`, last - 3],
        [`DELETE FROM audit_log WHERE id = ${last}`, last],
        [`DELETE FROM audit_log WHERE id > ${last - 3}`, last - 2],
        ['DELETE FROM audit_log', 1],
      ] as const)
        await undone(async () => {
          await tamper(statement);
          expect(await verify()).toMatchObject(broken(id));
        });
    });

    test('the last one removed is still missed when others have come after it', async () => {
      await undone(async () => {
        const last = await lastId();
        await tamper(`DELETE FROM audit_log WHERE id = ${last}`);
        await record();
        expect(await verify()).toMatchObject(broken(last));
      });
    });

    test('entries that changed places, or were slipped in', async () => {
      await record();
      const last = await lastId();
      const slip = (id: number) =>
        `INSERT INTO audit_log SELECT (jsonb_populate_record(a, jsonb_build_object('id', ${id}))).*
         FROM audit_log a WHERE id = ${last}`;
      for (const [statements, id] of [
        [
          [
            `UPDATE audit_log SET id = 0 WHERE id = 3`,
            `UPDATE audit_log SET id = 3 WHERE id = 4`,
            `UPDATE audit_log SET id = 4 WHERE id = 0`,
          ],
          3,
        ],
        [[slip(0)], 0],
        [[slip(last + 1)], last + 1],
      ] as const)
        await undone(async () => {
          await tamper(...statements);
          expect(await verify()).toMatchObject(broken(id));
        });
    });

    test('a new last entry, and the head set to it, when something before it was changed', async () => {
      await record();
      const last = await lastId();
      await undone(async () => {
        await tamper(
          `UPDATE audit_log SET actor_name = 'somebody' WHERE id = ${last - 2}`,
          `UPDATE audit_log a SET hash = audit_log_hash(b.hash, a) FROM audit_log b
           WHERE a.id = ${last - 2} AND b.id = a.id - 1`,
        );
        expect(await verify()).toMatchObject(broken(last - 1));
      });
    });
  });
});

describe('with 100,000 entries', () => {
  test('a page and its total take little, whatever is asked for', async () => {
    await t.db.$executeRaw`
      DO $$
      DECLARE
        entry audit_log;
      BEGIN
        SET LOCAL session_replication_role = replica;
        SELECT a.* INTO entry FROM audit_log a ORDER BY id DESC LIMIT 1;
        FOR n IN 1..100000 LOOP
          entry.id := entry.id + 1;
          entry.actor_id := 1 + n % 50;
          entry.action := (ARRAY['auth.login', 'roles.assign', 'sync.run'])[1 + n % 3];
          entry.object_type := 'user';
          entry.object_id := n % 500;
          entry.outcome := CASE WHEN n % 100 = 0 THEN 'refused' ELSE 'success' END;
          entry.hash := audit_log_hash(entry.hash, entry);
          INSERT INTO audit_log SELECT entry.*;
        END LOOP;
        UPDATE audit_head SET entry_id = entry.id, hash = entry.hash;
      END $$`;
    await t.db.$executeRaw`VACUUM ANALYZE audit_log`;
    const took: Record<string, number> = {};
    for (const query of [
      '',
      'page=4000',
      'user_id=7',
      'action=roles.',
      'object_type=user&object_id=7',
      'outcome=refused',
      'from=2020-01-01',
    ]) {
      const began = performance.now();
      const { body } = await admin.get(`/audit?${query}`);
      took[query] = Math.round(performance.now() - began);
      expect(body.data).toHaveLength(20);
    }
    expect((await admin.get('/audit/verify')).body.data.intact).toBe(true);
    for (const [query, ms] of Object.entries(took)) expect(ms, query).toBeLessThan(500);
  }, 60_000);
});
