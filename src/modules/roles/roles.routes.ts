import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { type Locale, say } from '../../errors.ts';
import { callerOf } from '../../http/request.ts';
import type { HeldRole } from './roles.queries.ts';
import {
  assignBody,
  heldRoleParams,
  heldRolesAnswer,
  rolesAnswer,
  scopeQuery,
  userParams,
} from './roles.schemas.ts';
import type { RolesService } from './roles.service.ts';
import { roleCodes, roleLabels } from './roles.ts';

const tags = ['Roles'];

function presentRoles({ userId, roles, locale }: { userId: number; roles: HeldRole[]; locale: Locale }) {
  return {
    success: true as const,
    user_id: userId,
    roles: roles.map((role) => ({
      role_code: role.roleCode,
      label: say(roleLabels[role.roleCode], locale),
      scope: role.scope,
      max_amount: role.maxAmount,
      valid_from: role.validFrom,
      valid_to: role.validTo,
      active: role.active,
      assigned_by: role.assignedBy,
      created_at: role.createdAt?.toISOString() ?? null,
    })),
  };
}

/** `/roles` (contract §6, seed 004 “Rôles”). */
export function rolesRoutes({ roles: service }: { roles: RolesService }): FastifyPluginAsyncZod {
  return async (app) => {
    app.route({
      method: 'GET',
      url: '/roles',
      config: { access: 'session' },
      schema: { tags, summary: 'List the roles there are', response: { 200: rolesAnswer } },
      handler: async ({ locale }) => ({
        success: true as const,
        roles: roleCodes.map((code) => ({ code, label: say(roleLabels[code], locale) })),
      }),
    });

    app.route({
      method: 'GET',
      url: '/roles/user/:userId',
      config: { access: 'self' },
      schema: {
        tags,
        summary: 'List the roles of a user',
        description: 'For administrators, and for the user themself.',
        params: userParams,
        response: { 200: heldRolesAnswer },
      },
      handler: async ({ params: { userId }, locale }) =>
        presentRoles({ userId, locale, roles: await service.of(userId) }),
    });

    app.route({
      method: 'POST',
      url: '/roles/user/:userId/assign',
      config: { access: 'admin', audit: { action: 'roles.assign', object: 'user', param: 'userId' } },
      schema: {
        tags,
        summary: 'Give a user a role',
        description:
          'A user has a role once for each scope: giving it again (200) replaces its limits and days. ADMIN is ' +
          '`is_admin` of the user: it takes no scope but `*`, no limit and no days. Answers with all roles of the user.',
        params: userParams,
        body: assignBody,
        response: { 200: heldRolesAnswer, 201: heldRolesAnswer },
      },
      handler: async (request, reply) => {
        const { userId } = request.params;
        const { body, locale } = request;
        const { created, roles } = await service.assign({
          caller: callerOf(request),
          userId,
          role: {
            roleCode: body.role_code,
            scope: body.scope,
            maxAmount: body.max_amount ?? null,
            validFrom: body.valid_from ?? null,
            validTo: body.valid_to ?? null,
          },
        });
        reply.code(created ? 201 : 200);
        return presentRoles({ userId, roles, locale });
      },
    });

    app.route({
      method: 'DELETE',
      url: '/roles/user/:userId/:roleCode',
      config: { access: 'admin', audit: { action: 'roles.remove', object: 'user', param: 'userId' } },
      schema: {
        tags,
        summary: 'Take a role from a user',
        description:
          'That of the given scope, `*` where none is given. The last active administrator stays one (409). ' +
          'Answers with the roles that the user still has.',
        params: heldRoleParams,
        querystring: scopeQuery,
        response: { 200: heldRolesAnswer },
      },
      handler: async (request) => {
        const { userId, roleCode } = request.params;
        const { scope } = request.query;
        const roles = await service.remove({ caller: callerOf(request), userId, roleCode, scope });
        return presentRoles({ userId, roles, locale: request.locale });
      },
    });
  };
}
