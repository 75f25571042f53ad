import swagger from '@fastify/swagger';
import scalar from '@scalar/fastify-api-reference';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import { z } from 'zod';
import examples from './openapi-examples.json' with { type: 'json' };
import type { Access } from './request.ts';
import { failure } from './schemas.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** the text fields of a multipart body, beside its one part `file`; the route reads and checks them itself */
    form?: z.ZodObject;
  }
}

interface Operation {
  requestBody?: { required?: boolean; content: Record<string, { schema: object }> };
  responses?: Record<string, { content?: Record<string, { example?: unknown } | undefined> }>;
}

/** By operation and status: real answers, which a test holds to what is answered now. */
const answers: Record<string, Record<string, unknown>> = examples;

/** The body of an upload: a form's fields are text, whatever they stand for. */
function describeForm(form: z.ZodObject): object {
  const { properties } = z.toJSONSchema(form, { io: 'input', unrepresentable: 'any' });
  return {
    type: 'object',
    required: ['file'],
    additionalProperties: false,
    properties: {
      ...properties,
      file: { type: 'string', format: 'binary', description: 'The file, of any size' },
    },
  };
}

/** An answer that is no JSON: the content types it comes in. */
function bytesOf(types: string[]): object {
  const content = types.map((type) => [type, { schema: { type: 'string', format: 'binary' } }]);
  return { description: 'Success', ...(content.length > 0 && { content: Object.fromEntries(content) }) };
}

/** What opens a route, where it is not a session alone; a caller on this machine needs none for operations. */
const security: Partial<Record<Access, Record<string, string[]>[]>> = {
  public: [],
  operations: [{ session: [] }, {}],
};

/** Collects the routes under `/api/v1` and the operations addresses into one OpenAPI 3.1 document. */
export async function describeApi(app: FastifyInstance, version: string): Promise<void> {
  // The plugin behind /docs registers its routes itself, and cannot say that they are for everybody.
  app.addHook('onRoute', (route) => {
    if (route.url.startsWith('/docs')) route.config = { ...route.config, access: 'public' };
  });
  const forms = new Map<string, z.ZodObject>();
  const optionalBodies = new Set<string>();
  await app.register(swagger, {
    // What the plugin cannot say: another schema for each content type of a body, and that it may be missing.
    transformObject: (document) => {
      if (!('openapiObject' in document)) throw new Error('not an OpenAPI document');
      const { openapiObject } = document;
      const find = (key: string) => {
        const [method = '', url = ''] = key.split(' ');
        const path = openapiObject.paths?.[url.replaceAll(/:(\w+)/g, '{$1}')];
        return (path as Record<string, Operation> | undefined)?.[method];
      };
      for (const [key, byStatus] of Object.entries(answers)) {
        const [method = '', url] = key.split(' ');
        const operation = find(`${method.toLowerCase()} ${url}`);
        for (const [status, example] of Object.entries(byStatus)) {
          const json = operation?.responses?.[status]?.content?.['application/json'];
          if (json) json.example = example;
        }
      }
      for (const key of optionalBodies) {
        const body = find(key)?.requestBody;
        if (body) body.required = false;
      }
      for (const [key, form] of forms) {
        const operation = find(key);
        if (!operation) continue;
        operation.requestBody = {
          required: true,
          content: {
            ...operation.requestBody?.content,
            'multipart/form-data': { schema: describeForm(form) },
          },
        };
      }
      return openapiObject;
    },
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Classeur',
        version,
        description:
          'Files the papers of a small organisation, has them approved, finds them again, keeps proved copies. ' +
          'Every address under `/api/v1` answers under `/api` too. Failures have one form; see `default`.',
      },
      components: {
        securitySchemes: { session: { type: 'apiKey', in: 'cookie', name: 'classeur_session' } },
        schemas: { Failure: z.toJSONSchema(failure) as object },
      },
    },
    transform: (document) => {
      const { schema, url } = jsonSchemaTransform(document);
      const { access, form } = document.route.config ?? {};
      const key = `${[document.route.method].flat()[0]?.toLowerCase()} ${url}`;
      const body = document.schema?.body;
      if (form) forms.set(key, form);
      else if (body instanceof z.ZodType && body.safeParse(undefined).success) optionalBodies.add(key);
      const twin = url.startsWith('/api/') && !url.startsWith('/api/v1/');
      const response = (schema?.response as Record<string, unknown> | undefined) ?? {
        200: bytesOf((schema?.produces as string[] | undefined) ?? []),
      };
      return {
        url,
        schema: {
          ...schema,
          hide: schema?.hide || twin,
          security: security[access ?? 'session'] ?? [{ session: [] }],
          response: {
            ...response,
            default: {
              description: 'Failure',
              content: { 'application/json': { schema: { $ref: '#/components/schemas/Failure' } } },
            },
          },
        },
      };
    },
  });
}

/** `GET /openapi.json` and the page `/docs`, which loads nothing from elsewhere. */
export async function serveApiDescription(app: FastifyInstance): Promise<void> {
  app.get('/openapi.json', { config: { access: 'public' }, schema: { hide: true } }, async () =>
    app.swagger(),
  );
  await app.register(scalar, {
    routePrefix: '/docs',
    configuration: { title: 'Classeur', url: '/openapi.json', withDefaultFonts: false, telemetry: false },
  });
}
