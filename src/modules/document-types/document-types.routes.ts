import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { DocumentType } from '../../database/generated/client.ts';
import { actorOf } from '../../http/request.ts';
import { idParams, success } from '../../http/schemas.ts';
import { createTypeBody, typeAnswer, updateTypeBody } from './document-types.schemas.ts';
import type { DocumentTypesService } from './document-types.service.ts';

/** For administrators; in the audit log, also where it is refused. */
const audited = (action: string) => ({
  access: 'admin' as const,
  audit: { action, object: 'document_type' },
});

function present(type: DocumentType) {
  return {
    id: type.id,
    code: type.code,
    label: type.label,
    folder: type.folder,
    requires_approval: type.requiresApproval,
    approval_threshold: type.approvalThreshold?.toNumber() ?? null,
    approval_days: type.approvalDays,
    created_at: type.createdAt.toISOString(),
    updated_at: type.updatedAt.toISOString(),
  };
}

/** The fields of a body as the service calls them; what was not given is left out. */
function toFields<T extends z.output<typeof updateTypeBody>>(body: T) {
  const { requires_approval, approval_threshold, approval_days, ...rest } = body;
  return {
    ...rest,
    ...(requires_approval !== undefined && { requiresApproval: requires_approval }),
    ...(approval_threshold !== undefined && { approvalThreshold: approval_threshold }),
    ...(approval_days !== undefined && { approvalDays: approval_days }),
  };
}

/** `/document-types` (contract §4): read by everybody, changed by administrators. */
export function documentTypesRoutes({
  documentTypes,
}: {
  documentTypes: DocumentTypesService;
}): FastifyPluginAsyncZod {
  const tags = ['Document types'];
  const one = success(typeAnswer);
  return async (app) => {
    app.route({
      method: 'GET',
      url: '/document-types',
      config: { access: 'session' },
      schema: { tags, summary: 'List the document types', response: { 200: success(z.array(typeAnswer)) } },
      handler: async () => ({ success: true as const, data: (await documentTypes.list()).map(present) }),
    });

    app.route({
      method: 'POST',
      url: '/document-types',
      config: audited('document_types.create'),
      schema: { tags, summary: 'Add a document type', body: createTypeBody, response: { 201: one } },
      handler: async (request, reply) => {
        const created = await documentTypes.create(toFields(request.body), actorOf(request));
        reply.code(201).header('Location', `/api/v1/document-types/${created.id}`);
        return { success: true as const, data: present(created) };
      },
    });

    app.route({
      method: 'GET',
      url: '/document-types/:id',
      config: { access: 'session' },
      schema: { tags, summary: 'Read a document type', params: idParams, response: { 200: one } },
      handler: async (request) => ({
        success: true as const,
        data: present(await documentTypes.get(request.params.id)),
      }),
    });

    app.route({
      method: 'PUT',
      url: '/document-types/:id',
      config: audited('document_types.change'),
      schema: {
        tags,
        summary: 'Change a document type; with another folder its documents move on every target',
        description: 'What it says of approval holds for documents that are created or changed from now on.',
        params: idParams,
        body: updateTypeBody,
        response: { 200: one },
      },
      handler: async (request) => ({
        success: true as const,
        data: present(
          await documentTypes.update(request.params.id, toFields(request.body), actorOf(request)),
        ),
      }),
    });

    app.route({
      method: 'DELETE',
      url: '/document-types/:id',
      config: audited('document_types.remove'),
      schema: {
        tags,
        summary: 'Remove a document type that no document has',
        params: idParams,
        response: { 200: one },
      },
      handler: async (request) => ({
        success: true as const,
        data: present(await documentTypes.remove(request.params.id, actorOf(request))),
      }),
    });
  };
}
