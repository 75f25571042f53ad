import fastify from 'fastify';
import pg from 'pg';

/** SQL by hand; `values` name the query string's parameters that are its $1, $2, … in order. */
export interface BareStatement {
  sql: string;
  values: string[];
}

/** What the server answers: its address, and under each key of the answer one statement's rows. */
export type BareRoutes = Record<string, Record<string, BareStatement>>;

/** The reference: Fastify with nothing registered, `pg` with nothing between. As many connections as the server's. */
async function serve({ url, routes }: { url: string; routes: BareRoutes }): Promise<string> {
  const pool = new pg.Pool({ connectionString: url, max: 16, options: '-c timezone=UTC' });
  const app = fastify();
  for (const [path, statements] of Object.entries(routes)) {
    app.get<{ Querystring: Record<string, string> }>(path, async (request) => {
      const answer: Record<string, unknown> = {};
      for (const [key, { sql, values }] of Object.entries(statements)) {
        const { rows } = await pool.query(
          sql,
          values.map((name) => request.query[name]),
        );
        answer[key] = rows;
      }
      return answer;
    });
  }
  return app.listen({ host: '127.0.0.1', port: 0 });
}

process.on('message', (request: { url: string; routes: BareRoutes }) => {
  serve(request).then(
    (base) => process.send?.({ base }),
    (error: Error) => process.send?.({ failed: error.message }),
  );
});
process.on('disconnect', () => process.exit(0));
