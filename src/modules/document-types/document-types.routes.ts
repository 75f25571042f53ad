import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { DocumentType } from '../../database/generated/client.ts';
import { idParams, success } from '../../http/schemas.ts';
import { createTypeBody, typeAnswer, updateTypeBody } from './document-types.schemas.ts';
import type { DocumentTypesService } from './document-types.service.ts';

function present(type: DocumentType) {
  return {
    id: type.id,
    code: type.code,
    label: type.label,
    folder: type.folder,
    created_at: type.createdAt.toISOString(),
    updated_at: type.updatedAt.toISOString(),
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
      config: { access: 'admin' },
      schema: { tags, summary: 'Add a document type', body: createTypeBody, response: { 201: one } },
      handler: async (request, reply) => {
        const created = await documentTypes.create(request.body);
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
      config: { access: 'admin' },
      schema: {
        tags,
        summary: 'Change a document type; with another folder its documents move on every target',
        params: idParams,
        body: updateTypeBody,
        response: { 200: one },
      },
      handler: async (request) => ({
        success: true as const,
        data: present(await documentTypes.update(request.params.id, request.body)),
      }),
    });

    app.route({
      method: 'DELETE',
      url: '/document-types/:id',
      config: { access: 'admin' },
      schema: {
        tags,
        summary: 'Remove a document type that no document has',
        params: idParams,
        response: { 200: one },
      },
      handler: async (request) => ({
        success: true as const,
        data: present(await documentTypes.remove(request.params.id)),
      }),
    });
  };
}
