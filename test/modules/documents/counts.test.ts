import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, type Client, startTestApp, type TestApp } from '../../support/app.ts';
import { addMany } from './many-documents.ts';
import { upload, uploaded } from './papers.ts';

let server: TestApp;
beforeAll(async () => {
  server = await startTestApp();
});
afterAll(() => server.close());

/** Where the counts, folded in or not, are not what a recount says. */
async function differences() {
  return {
    counts: await server.db.$queryRaw<object[]>`SELECT * FROM document_count_differences`,
    spans: await server.db.$queryRaw<object[]>`SELECT * FROM document_span_differences`,
  };
}
const none = { counts: [], spans: [] };

const waiting = async () =>
  (await server.db.documentCountChange.count()) + (await server.db.documentSpanChange.count());

/** Whole numbers below a bound, the same ones for the same seed. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** What users do, one thing after the other, each to a document, a tag or a correspondent that is there or was. */
function createUser(seed: number, owners: Client[], shared: { documents: number[]; tags: number[] }) {
  const below = random(seed);
  const any = <T>(list: T[]): T => list[below(list.length)] as T;
  const { admin } = server;
  const some = () => ({ document: any(shared.documents), tag: any(shared.tags) });
  const doings: (() => Promise<Answer | number>)[] = [
    async () => {
      const { tag } = some();
      const fields = { document_type_id: `${1 + below(4)}`, ...(tag && below(2) && { tags: `${tag}` }) };
      const answer = await upload(any(owners), { fields });
      if (answer.status === 201) shared.documents.push(answer.body.data.id);
      return answer;
    },
    () => admin.delete(`/documents/${some().document}`),
    () => admin.post(`/documents/${some().document}/restore`),
    () => admin.put(`/documents/${some().document}`, { document_type_id: 1 + below(4) }),
    () => admin.put(`/documents/${some().document}`, { tags: below(3) ? [some().tag] : [] }),
    async () => {
      const { body } = await admin.post('/correspondents', { name: `Firm ${seed} ${below(1e9)}` });
      const given = await admin.put(`/documents/${some().document}`, { correspondent_id: body.data.id });
      return below(2) ? admin.delete(`/correspondents/${body.data.id}`) : given;
    },
    async () => {
      const parent_id = below(2) ? some().tag : null;
      const { body } = await admin.post('/tags', { name: `Tag ${seed} ${below(1e9)}`, parent_id });
      if (body.success) shared.tags.push(body.data.id);
      return 0;
    },
    () => admin.delete(`/tags/${some().tag}`),
    () => admin.put(`/tags/${some().tag}`, { parent_id: below(2) ? some().tag : null }),
    () => admin.delete(`/documents/${some().document}?permanent=true`),
    // As a script would, past the server.
    () =>
      server.db.$executeRaw`UPDATE documents SET owner_id = ${any(owners).id} WHERE id = ${some().document}`,
    () =>
      server.db
        .$executeRaw`UPDATE documents SET created_at = created_at - interval '1 day' WHERE id = ${some().document}`,
  ];
  return async () => {
    const answer = await any(doings)();
    if (typeof answer === 'object') expect(answer.status).toBeLessThan(500);
  };
}

describe('counts', () => {
  afterEach(async () => {
    expect(await differences()).toEqual(none);
  });

  test.each([1, 2, 3])('are what a recount says, whatever users do at the same time (%i)', async (seed) => {
    const owners = [server.admin, await server.member(), await server.member()];
    const shared = { documents: [(await uploaded(server.admin)).id], tags: [] as number[] };
    const { body } = await server.admin.post('/tags', { name: `First ${seed}` });
    shared.tags.push(body.data.id);
    const users = [1, 2, 3, 4].map((nth) => createUser(10 * seed + nth, owners, shared));
    let isOver = false;
    const folding = (async () => {
      let folded = 0;
      while (!isOver) folded += await server.services.counts.fold();
      return folded;
    })();
    const work = Promise.all(
      users.map(async (user) => {
        for (let step = 0; step < 40; step++) await user();
      }),
    ).finally(() => {
      isOver = true;
    });
    const [folded] = await Promise.all([folding, work]);
    expect(await differences()).toEqual(none);
    expect(folded).toBeGreaterThan(100);
    await server.services.counts.fold();
    expect(await waiting()).toBe(0);
  });

  test('hold when one takes a tag from a document that another moves to the trash and back', async () => {
    const { id } = await uploaded(server.admin);
    const tag = await server.db.tag.create({ data: { name: 'to and fro' } });
    for (let round = 0; round < 25; round++) {
      // Past the server, which locks the document before: the triggers alone have to see to it.
      await Promise.all([
        server.db.documentTag.createMany({ data: { documentId: id, tagId: tag.id }, skipDuplicates: true }),
        server.db
          .$executeRaw`UPDATE documents SET trashed_at = now(), trashed_by_id = owner_id WHERE id = ${id}`,
      ]);
      expect((await differences()).counts).toEqual([]);
      await Promise.all([
        server.db.documentTag.deleteMany({ where: { documentId: id } }),
        server.db.$executeRaw`UPDATE documents SET trashed_at = NULL, trashed_by_id = NULL WHERE id = ${id}`,
      ]);
      expect((await differences()).counts).toEqual([]);
    }
  });

  test('hold over a load that switches triggers off, and over changes of thousands at once', async () => {
    const firm = await server.db.correspondent.create({ data: { name: 'Everybody’s' } });
    const tag = await server.db.tag.create({ data: { name: 'everywhere' } });
    const before = await waiting();
    const member = await server.member();
    await addMany(server.db, { count: 6000, owners: [member.id], correspondents: [firm.id], tags: [tag.id] });
    // One row for each count, however many documents; the spans know each.
    expect((await waiting()) - before).toBeLessThan(6000 + 20);
    expect(await differences()).toEqual(none);
    await server.services.counts.fold();
    expect(await differences()).toEqual(none);

    expect((await server.admin.get(`/tags/${tag.id}`)).body.data.document_count).toBe(2000);
    expect((await member.get(`/correspondents/${firm.id}`)).body.data.document_count).toBe(3000);
    expect((await member.get('/documents?status=approved')).body.pagination.total).toBe(60);
    await server.db
      .$executeRaw`UPDATE documents SET trashed_at = now(), trashed_by_id = owner_id WHERE owner_id = ${member.id} AND id % 2 = 0`;
    expect(await differences()).toEqual(none);
    expect((await server.admin.delete(`/tags/${tag.id}`)).status).toBe(200);
    expect((await server.admin.delete(`/correspondents/${firm.id}`)).status).toBe(200);
    await server.db.$executeRaw`DELETE FROM documents WHERE owner_id = ${member.id} AND id % 3 > 0`;
    expect(await differences()).toEqual(none);
    expect((await member.get('/documents')).body.pagination.total).toBe(1000);
    expect((await member.get('/documents?trashed=true')).body.pagination.total).toBe(1000);
  });

  test('folded in by two servers at once count every change once', async () => {
    const member = await server.member();
    await Promise.all(Array.from({ length: 12 }, () => uploaded(member)));
    await Promise.all(Array.from({ length: 6 }, () => server.services.counts.fold()));
    await server.services.counts.fold();
    expect(await waiting()).toBe(0);
    expect((await member.get('/documents')).body.pagination.total).toBe(12);
  });

  test('that are wrong are found at night, told of, and counted anew; what is under way stays', async () => {
    expect(await server.services.counts.check()).toBe(0);
    const member = await server.member();
    await uploaded(member);
    await server.db.$executeRaw`UPDATE document_counts SET count = count + 5 WHERE dimension = 'all'`;
    await server.db.$executeRaw`UPDATE document_spans SET count = count - 3 WHERE created_at = 'infinity'`;
    await server.db.$executeRaw`INSERT INTO document_counts VALUES ('tag', 123456, 1, 9)`;
    expect(await server.services.counts.check()).toBeGreaterThan(2);
    expect(await server.services.counts.check()).toBe(0);
    expect(await waiting()).toBeGreaterThan(0);
    await server.services.counts.fold();
    expect((await member.get('/documents')).body.pagination.total).toBe(1);
  });
});

test('who sees documents of others is told how many those are', async () => {
  const [owner, guest] = [await server.member(), await server.member()];
  const tag = await server.db.tag.create({ data: { name: 'shared' } });
  const firm = await server.db.correspondent.create({ data: { name: 'Shared & Co' } });
  const fields = { tags: `${tag.id}`, correspondent_id: `${firm.id}` };
  const { id } = await uploaded(owner, { fields });
  await uploaded(owner, { fields });
  const counted = async (client: Client) => [
    (await client.get('/documents')).body.pagination.total,
    (await client.get(`/documents?tag_id=${tag.id}`)).body.pagination.total,
    (await client.get(`/tags/${tag.id}`)).body.data.document_count,
    (await client.get(`/correspondents/${firm.id}`)).body.data.document_count,
  ];
  expect(await counted(owner)).toEqual([2, 2, 2, 2]);
  expect(await counted(guest)).toEqual([0, 0, 0, 0]);
  await server.db.documentShare.create({
    data: { documentId: id, userId: guest.id, createdById: owner.id },
  });
  expect(await counted(guest)).toEqual([1, 1, 1, 1]);
  expect(await counted(owner)).toEqual([2, 2, 2, 2]);
});
