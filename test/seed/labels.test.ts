import { expect, test } from 'vitest';
import { z } from 'zod';
import { asFrontend, done, fits } from './frontend.ts';

const matching = { match: z.string(), matching_algorithm: z.string() };
const tag = z.looseObject({
  ...{ id: z.int(), name: z.string(), color: z.string(), parent_id: z.int().nullable() },
  ...matching,
});
const correspondent = z.looseObject({ id: z.int(), name: z.string(), ...matching });

asFrontend('tags and correspondents', (use) => {
  const kinds = [
    {
      path: '/tags',
      shape: tag,
      body: {
        ...{ name: 'Tag Name', color: '#ff0000', match: 'pattern' },
        ...{ matching_algorithm: 'auto', parent_id: null },
      },
    },
    {
      path: '/correspondents',
      shape: correspondent,
      body: { name: 'Correspondent Name', match: 'pattern', matching_algorithm: 'auto' },
    },
  ];
  test.each(kinds)('$path: created as the seed shows, listed, read, changed, deleted', async (kind) => {
    const { user1, admin } = use();
    const { path, shape, body } = kind;
    const one = z.looseObject({ success: done, data: shape });
    const created = await user1.post(path, body);
    expect(created.status).toBe(201);
    expect(fits(created.body, one).data).toMatchObject(body);
    const { id } = created.body.data;

    const listed = await user1.get(path);
    expect(listed.status).toBe(200);
    const { data } = fits(listed.body, z.looseObject({ success: done, data: z.array(shape) }));
    expect(data.map((row) => row.id)).toContain(id);

    const read = await user1.get(`${path}/${id}`);
    expect(read.status).toBe(200);
    expect(fits(read.body, one)).toEqual(created.body);

    const changed = await user1.put(`${path}/${id}`, { name: 'Autre nom', matching_algorithm: 'any' });
    expect(changed.status).toBe(200);
    expect(fits(changed.body, one).data).toMatchObject({
      ...body,
      name: 'Autre nom',
      matching_algorithm: 'any',
    });

    const deleted = await admin.delete(`${path}/${id}`);
    expect(deleted.status).toBe(200);
    expect(deleted.body.success).toBe(true);
    expect((await user1.get(`${path}/${id}`)).status).toBe(404);
  });
});
