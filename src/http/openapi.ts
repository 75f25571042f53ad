import swagger from '@fastify/swagger';
import scalar from '@scalar/fastify-api-reference';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { failure } from './schemas.ts';

/** Collects the routes under `/api/v1` and the operations addresses into one OpenAPI 3.1 document. */
export async function describeApi(app: FastifyInstance, version: string): Promise<void> {
  // The plugin behind /docs registers its routes itself, and cannot say that they are for everybody.
  app.addHook('onRoute', (route) => {
    if (route.url.startsWith('/docs')) route.config = { ...route.config, access: 'public' };
  });
  await app.register(swagger, {
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
      const { access } = document.route.config ?? {};
      const twin = url.startsWith('/api/') && !url.startsWith('/api/v1/');
      const response = schema?.response as Record<string, unknown> | undefined;
      return {
        url,
        schema: {
          ...schema,
          hide: schema?.hide || twin,
          security: access === 'public' ? [] : [{ session: [] }],
          ...(response && {
            response: {
              ...response,
              default: {
                description: 'Failure',
                content: { 'application/json': { schema: { $ref: '#/components/schemas/Failure' } } },
              },
            },
          }),
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
