import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { currentUser } from '../../http/request.ts';
import { paginate } from '../../http/schemas.ts';
import { searchAnswer, searchQuery, suggestAnswer, suggestQuery } from './search.schemas.ts';
import type { SearchService } from './search.service.ts';

/** `/search` and `/search/suggest` (seed 004). */
export function searchRoutes({ search }: { search: SearchService }): FastifyPluginAsyncZod {
  const tags = ['Search'];
  return async (app) => {
    app.route({
      method: 'GET',
      url: '/search',
      config: { access: 'session' },
      schema: {
        tags,
        summary: 'Search documents, with totals and facets',
        description:
          'Among what the caller may see, without the trash. French and English words are found in all their forms, accents and case aside; numbers and references by their parts too. Words such as `de` or `the` are left out where there are others.',
        querystring: searchQuery,
        response: { 200: searchAnswer },
      },
      handler: async (request) => {
        const { query } = request;
        const data = await search.search({ user: currentUser(request), query });
        return {
          success: true as const,
          data,
          pagination: paginate({ page: query.page, perPage: query.per_page, total: data.total }),
        };
      },
    });

    app.route({
      method: 'GET',
      url: '/search/suggest',
      config: { access: 'session' },
      schema: {
        tags,
        summary: 'Suggest titles, correspondents and tags while a query is typed',
        description:
          'Titles of documents that the caller may see, the newest first, and names, that have words beginning as those typed. A slip of the fingers is forgiven where nothing does.',
        querystring: suggestQuery,
        response: { 200: suggestAnswer },
      },
      handler: async (request) => ({
        success: true as const,
        suggestions: await search.suggest({ user: currentUser(request), ...request.query }),
      }),
    });
  };
}
