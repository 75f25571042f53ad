import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import type { InjectOptions } from 'fastify';
import type { Access } from '../../../src/http/request.ts';
import { type Client, password, startTestApp, type TestApp } from '../../support/app.ts';
import { upload } from '../../support/upload.ts';
import { judgeFailure, namedFields } from './judge.ts';
import { nameOf, type Operation, operationsOf } from './operations.ts';

export const callers = ['nobody', 'member', 'administrator'] as const;
export type Caller = (typeof callers)[number];

/** One request that something is wrong with, or may be. */
export interface Attempt {
  operation: Operation;
  /** for the report: which part, and what it holds */
  what: string;
  /** `{id}` is filled in with a row that is there */
  url: string;
  headers?: Record<string, string>;
  payload?: string | Buffer;
  /** the contract or the document says that this cannot be accepted */
  refused: boolean;
  /** whose name `errors` must then hold, where the request gets as far as its schema */
  field?: string;
}

export type World = Awaited<ReturnType<typeof createWorld>>;

/**
 * The server on a database that notes every row written, with a row behind every id of an operation's path;
 * what a request has changed or removed is put back before the next.
 */
export async function createWorld(caller: Caller) {
  const folder = await mkdtemp(path.join(tmpdir(), 'classeur-bad-input-'));
  await mkdir(path.join(folder, 'import'));
  await mkdir(path.join(folder, 'nas'));
  await writeFile(path.join(folder, 'import', 'lettre.txt'), 'Chère Madame');
  const t = await startTestApp({ IMPORT_DIRS: path.join(folder, 'import') });
  const writes = await noteWrites(t);
  const operations = operationsOf(t.app);
  let client = caller === 'administrator' ? t.admin : await t.member();
  const { passwordHash } = await t.db.user.findUniqueOrThrow({ where: { id: client.id } });
  const rows = await createRows(t, {
    owner: () => (caller === 'nobody' ? t.admin : client),
    nas: path.join(folder, 'nas'),
  });
  let requests = 0;

  function accessOf({ method, path: address }: Operation): Access {
    const url = address.replaceAll(/\{(\w+)\}/g, ':$1');
    const declared = t.app.declaredAccess.find((one) => one.method === method && one.url === url);
    return declared?.access ?? 'public';
  }

  function mayCall(operation: Operation): boolean {
    const access = accessOf(operation);
    if (access === 'public' || caller === 'administrator') return true;
    return caller === 'member' && access !== 'admin' && access !== 'operations';
  }

  async function signInAgain() {
    await t.db.user.update({ where: { id: client.id }, data: { passwordHash } });
    await t.db.loginAttempt.deleteMany();
    client = await t.signIn(client.username, password);
  }

  async function putBack(operation: Operation) {
    await rows.putBack(operation);
    if (operation.path.startsWith('/api/v1/auth/') && operation.method === 'POST') await signInAgain();
  }

  /** An answer that stays open is left when it has begun. */
  async function inject(options: InjectOptions) {
    const { statusCode, headers, stream } = await t.app.inject({ ...options, payloadAsStream: true });
    const isOpen = String(headers['content-type']).startsWith('text/event-stream');
    if (isOpen) stream().destroy();
    return { statusCode, headers, body: isOpen ? '' : await text(stream()) };
  }

  /** Sends it and answers with what is wrong with the answer, or with what it did. */
  async function attempt({ operation, what, url, headers, payload, ...o }: Attempt): Promise<string[]> {
    if (operation.path.startsWith('/api/v1/auth/')) await t.db.loginAttempt.deleteMany();
    const address = await rows.fillIn(url);
    if (rows.justMade()) writes.expected();
    await writes.forget();
    requests++;
    let expire: NodeJS.Timeout | undefined;
    const reply = await Promise.race([
      inject({
        method: operation.method as 'GET',
        url: address,
        remoteAddress: '192.0.2.7',
        headers: { ...(caller !== 'nobody' && { cookie: client.cookie }), ...headers },
        ...(payload !== undefined && { payload }),
      }),
      new Promise<undefined>((resolve) => {
        expire = setTimeout(() => resolve(undefined), 10_000);
      }),
    ]);
    clearTimeout(expire);
    const wrong: string[] = [];
    if (!reply) {
      wrong.push('no answer within 10 seconds');
    } else if (reply.statusCode < 400) {
      if (o.refused || !mayCall(operation))
        wrong.push(`accepted with ${reply.statusCode}: ${reply.body.slice(0, 200)}`);
      await putBack(operation);
    } else {
      const { statusCode: status, body: text } = reply;
      wrong.push(
        ...judgeFailure({
          method: operation.method,
          path: operation.path,
          status,
          headers: reply.headers,
          text,
        }),
      );
      const tables = await writes.read();
      if (tables.length > 0) wrong.push(`refused with ${status}, yet written to: ${tables.join(', ')}`);
      if (wrong.length === 0 && o.refused && o.field !== undefined && mayCall(operation) && text !== '') {
        const named = namedFields(text);
        if (status !== 400) wrong.push(`a ${status} instead of a 400`);
        else if (!named.some((name) => name === o.field || name.startsWith(`${o.field}.`)))
          wrong.push(`a 400 that names ${JSON.stringify(named)} instead of ${o.field?.slice(0, 40)}`);
      }
    }
    return wrong.map((sentence) => `${caller}: ${nameOf(operation)}: ${what}: ${sentence}`);
  }

  /** One request with nothing wrong with it; what it did is put back. */
  async function call(operation: Operation, o: { url: string; payload?: object }) {
    const reply = await inject({
      method: operation.method as 'GET',
      url: await rows.fillIn(o.url),
      headers: { cookie: client.cookie },
      ...(o.payload && { payload: o.payload }),
    });
    if (reply.statusCode < 400) await putBack(operation);
    return { status: reply.statusCode, headers: reply.headers, text: reply.body };
  }

  return {
    t,
    operations,
    accessOf,
    attempt,
    call,
    mayCall,
    count: () => requests,
    /** Values that only this server knows, by operation and property. */
    examples(operation: Operation): Record<string, unknown> {
      if (operation.path === '/api/v1/auth/login') return { username: client.username };
      if (operation.path === '/api/v1/documents')
        return {
          file_path: path.join(folder, 'import', 'lettre.txt'),
          document_type_id: null,
          correspondent_id: null,
        };
      if (operation.path.startsWith('/api/v1/documents/'))
        return { document_type_id: rows.otherType, correspondent_id: null };
      if (operation.path.startsWith('/api/v1/tags')) return { parent_id: null };
      if (operation.path.startsWith('/api/v1/sync/targets'))
        return { options: { path: path.join(folder, 'nas') } };
      if (operation.path === '/api/v1/validation/delegations') {
        const tomorrow = new Date(Date.now() + 24 * 3600 * 1000).toISOString().slice(0, 10);
        return { delegate_id: rows.author, valid_from: tomorrow, valid_to: tomorrow };
      }
      if (operation.path === '/api/v1/sync/run') return { target_id: rows.targetId() };
      return {};
    },
    async close() {
      await t.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Every row written is noted in the same transaction: what was rolled back is not. Guessed logins count, and what
 * was refused is in the audit log, on purpose.
 */
async function noteWrites({ db }: TestApp) {
  await db.$executeRawUnsafe('CREATE UNLOGGED TABLE noted_writes (name text NOT NULL)');
  await db.$executeRawUnsafe(`
    CREATE FUNCTION note_write() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO noted_writes VALUES (tg_op || ' ' || tg_table_name); RETURN NULL; END $$`);
  const tables = await db.$queryRaw<{ name: string }[]>`
    SELECT tablename AS name FROM pg_tables
    WHERE schemaname = 'public' AND tablename NOT IN ('noted_writes', 'login_attempts', '_prisma_migrations', 'audit_log', 'audit_head')`;
  for (const { name } of tables) {
    // That a session was seen is noted by every request that comes with it.
    const events = name === 'sessions' ? 'INSERT OR DELETE' : 'INSERT OR UPDATE OR DELETE';
    await db.$executeRawUnsafe(
      `CREATE TRIGGER note_write AFTER ${events} ON "${name}" FOR EACH ROW EXECUTE FUNCTION note_write()`,
    );
  }
  let clean = false;
  return {
    /** Something was written that is no request's doing. */
    expected(): void {
      clean = false;
    },
    /** Before a request: what was written so far is no concern of it. */
    async forget(): Promise<void> {
      if (!clean) await db.$executeRaw`TRUNCATE noted_writes`;
      clean = false;
    },
    /** What was written since, and by what. */
    async read(): Promise<string[]> {
      const written = await db.$queryRaw<{ name: string }[]>`SELECT DISTINCT name FROM noted_writes`;
      clean = written.length === 0;
      return written.map(({ name }) => name);
    },
  };
}

/** The rows that stand behind the ids of paths. */
async function createRows(t: TestApp, { owner, nas }: { owner: () => Client; nas: string }) {
  let made = 0;
  const ids = new Map<string, number>();
  /** of the documents that the caller may decide on */
  const author = await t.member('autrice');
  const { id: otherType } = await t.db.documentType.findUniqueOrThrow({ where: { code: 'other' } });

  async function makeTarget() {
    const options = { path: nas };
    // Not enabled: it is asked for by its id only.
    return t.db.syncTarget.create({ data: { name: `nas-${++made}`, type: 'smb', enabled: false, options } });
  }
  const make: Record<string, () => Promise<{ id: number }>> = {
    users: () => t.services.users.create({ username: `victim-${++made}`, password }),
    'document-types': () =>
      t.db.documentType.create({ data: { code: `type_${++made}`, label: 'Type', folder: 'type' } }),
    'sync/targets': makeTarget,
    'sync/runs': () => {
      made++;
      const data = { trigger: 'manual', state: 'success', instanceId: 1, finishedAt: new Date() };
      return t.db.syncRun.create({ data });
    },
    notifications: () => {
      made++;
      const data = { userId: owner().id, kind: 'role_assigned', params: {} };
      return t.db.notification.create({ data });
    },
    tags: () => t.db.tag.create({ data: { name: `étiquette-${++made}` } }),
    correspondents: () => t.db.correspondent.create({ data: { name: `correspondant-${++made}` } }),
    documents: async () => {
      const bytes = Buffer.from(`Facture ${++made}`);
      const { body } = await upload(owner(), { name: `facture-${made}.txt`, bytes });
      return { id: body.data.id };
    },
    validation: async () => {
      const bytes = Buffer.from(`À valider ${++made}`);
      const { body } = await upload(author, { name: `valider-${made}.txt`, bytes });
      const { id } = body.data;
      await author.post(`/validation/${id}/submit`);
      const share = { documentId: id, userId: owner().id, createdById: author.id };
      await t.db.documentShare.create({ data: share });
      return { id };
    },
    delegations: () => {
      made++;
      const day = new Date();
      return t.db.delegation.create({
        data: { delegatorId: owner().id, delegateId: author.id, validFrom: day, validTo: day },
      });
    },
  };
  const kindOf = (url: string) => {
    const kind = /^\/api(?:\/v1)?\/((?:sync\/)?[\w-]+)/.exec(url)?.[1] ?? '';
    if (url.includes('/validation/delegations')) return 'delegations';
    return kind === 'sync/document' || url.endsWith('/submit') ? 'documents' : kind;
  };

  async function idOf(kind: string): Promise<number> {
    const id = ids.get(kind) ?? (await make[kind]?.())?.id ?? 1;
    ids.set(kind, id);
    return id;
  }

  /** What a share's address names is there. */
  async function shareWith(userId: number): Promise<void> {
    const key = { documentId: await idOf('documents'), userId };
    if (await t.db.documentShare.findUnique({ where: { documentId_userId: key } })) return;
    made++;
    await t.db.documentShare.create({ data: { ...key, createdById: owner().id } });
  }

  async function giveRole(userId: number): Promise<void> {
    const role = { userId, roleCode: 'VALIDATOR_L1', documentTypeId: null };
    if (await t.db.roleAssignment.findFirst({ where: role })) return;
    made++;
    await t.db.roleAssignment.create({ data: { ...role, assignedById: t.admin.id } });
  }

  await idOf('sync/targets');
  let seen = made;
  return {
    otherType,
    author: author.id,
    /** Whether rows were made since this was last asked. */
    justMade(): boolean {
      const more = made > seen;
      seen = made;
      return more;
    },
    targetId: () => ids.get('sync/targets') ?? 1,

    async fillIn(url: string): Promise<string> {
      const filled = url.includes('{id}') ? url.replaceAll('{id}', String(await idOf(kindOf(url)))) : url;
      if (!filled.includes('{userId}')) return filled;
      // Of their own roles everybody may know.
      const userId = filled.endsWith('/roles/user/{userId}') ? owner().id : await idOf('users');
      if (filled.includes('/shares/')) await shareWith(userId);
      if (filled.includes('/{roleCode}')) await giveRole(userId);
      return filled.replace('{userId}', String(userId)).replace('{roleCode}', 'VALIDATOR_L1');
    },

    /** After a request that was accepted. */
    async putBack({ method, path: address }: Operation): Promise<void> {
      if (method === 'GET' || method === 'HEAD') return;
      const kind = kindOf(address);
      if (kind === 'documents' && method === 'POST' && !address.includes('{id}'))
        await t.db.document.deleteMany({
          where: { id: { notIn: [ids.get(kind) ?? 0, ids.get('validation') ?? 0] } },
        });
      else if (kind === 'documents' && (method === 'DELETE' || address.endsWith('/submit'))) ids.delete(kind);
      if (kind === 'delegations') await t.db.delegation.deleteMany();
      if (kind === 'users') await t.db.documentShare.deleteMany();
      if (kind === 'users')
        await t.db.user.deleteMany({ where: { id: { notIn: [t.admin.id, owner().id, author.id] } } });
      if (kind === 'document-types')
        await t.db.documentType.deleteMany({
          where: { code: { notIn: ['receipt', 'invoice', 'payslip', 'other'] } },
        });
      if (kind === 'tags') await t.db.tag.deleteMany();
      if (kind === 'correspondents') await t.db.correspondent.deleteMany();
      if (kind === 'sync/targets') await t.db.syncTarget.deleteMany();
      if (kind !== 'documents') ids.delete(kind);
      await idOf('sync/targets');
    },
  };
}
