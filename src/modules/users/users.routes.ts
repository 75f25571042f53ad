import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { actorOf } from '../../http/request.ts';
import { idParams, paginate } from '../../http/schemas.ts';
import {
  createUserBody,
  directoryAnswer,
  manyUsers,
  oneUser,
  patchUserBody,
  presentUser,
  usersQuery,
} from './users.schemas.ts';
import type { UsersService } from './users.service.ts';

const tags = ['Users'];
const config = { access: 'admin' } as const;

/** The call is in the audit log, also where it is refused. */
const audited = (action: string) => ({ ...config, audit: { action, object: 'user' } });

/** `/users` (contract §3). */
export function usersRoutes({ users }: { users: UsersService }): FastifyPluginAsyncZod {
  return async (app) => {
    app.route({
      method: 'GET',
      url: '/users',
      config,
      schema: {
        tags,
        summary: 'List the users',
        description: 'Active and deactivated ones, by username.',
        querystring: usersQuery,
        response: { 200: manyUsers },
      },
      handler: async (request) => {
        const { page, per_page: perPage } = request.query;
        const { rows, total } = await users.list({ page, perPage });
        return {
          success: true as const,
          data: rows.map(presentUser),
          pagination: paginate({ page, perPage, total }),
        };
      },
    });

    app.route({
      method: 'POST',
      url: '/users',
      config: audited('users.create'),
      schema: { tags, summary: 'Add a user', body: createUserBody, response: { 201: oneUser } },
      handler: async (request, reply) => {
        const { display_name: displayName, is_admin: isAdmin, ...rest } = request.body;
        const user = await users.create({ ...rest, displayName, isAdmin }, actorOf(request));
        return reply.code(201).send({ success: true, data: presentUser(user) });
      },
    });

    app.route({
      method: 'GET',
      url: '/users/directory',
      config: { access: 'session' },
      schema: {
        tags,
        summary: 'List the active users by name, to pick one from',
        querystring: usersQuery,
        response: { 200: directoryAnswer },
      },
      handler: async ({ query: { page, per_page: perPage } }) => {
        const { rows, total } = await users.directory({ page, perPage });
        return {
          success: true as const,
          data: rows.map(({ id, username, displayName }) => ({ id, username, display_name: displayName })),
          pagination: paginate({ page, perPage, total }),
        };
      },
    });

    app.route({
      method: 'GET',
      url: '/users/:id',
      config,
      schema: { tags, summary: 'Read a user', params: idParams, response: { 200: oneUser } },
      handler: async (request) => ({
        success: true as const,
        data: presentUser(await users.get(request.params.id)),
      }),
    });

    app.route({
      method: 'PATCH',
      url: '/users/:id',
      config: audited('users.change'),
      schema: {
        tags,
        summary: 'Change a user',
        description:
          'Only what is given changes. A new password and `is_active: false` end all sessions of the user at ' +
          'once; a change of `is_admin` holds from the next request on. The last active administrator can be ' +
          'neither demoted nor deactivated (409).',
        params: idParams,
        body: patchUserBody,
        response: { 200: oneUser },
      },
      handler: async (request) => {
        const { display_name: displayName, is_admin: isAdmin, is_active: isActive, ...rest } = request.body;
        const changes = { ...rest, displayName, isAdmin, isActive };
        const user = await users.patch(request.params.id, changes, actorOf(request));
        return { success: true as const, data: presentUser(user) };
      },
    });

    app.route({
      method: 'DELETE',
      url: '/users/:id',
      config: audited('users.deactivate'),
      schema: {
        tags,
        summary: 'Deactivate a user',
        description:
          'Users own documents, so none is erased: the user is deactivated, their sessions end at once, their ' +
          'documents stay, and `PATCH` with `is_active: true` brings them back. The last active administrator ' +
          'stays (409).',
        params: idParams,
        response: { 200: oneUser },
      },
      handler: async (request) => ({
        success: true as const,
        data: presentUser(await users.deactivate(request.params.id, actorOf(request))),
      }),
    });
  };
}
