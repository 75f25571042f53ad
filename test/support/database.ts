import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { inject } from 'vitest';
import type {} from './global-setup.ts';

export interface TestDatabase {
  url: string;
  /** ends whoever is still connected */
  drop(): Promise<void>;
}

/** PostgreSQL: the template is being accessed (by another worker's copying). */
const OBJECT_IN_USE = '55006';

/** A database of one's own in the run's PostgreSQL, empty: migrated or, with `migrated: false`, bare. */
export async function createTestDatabase({ migrated = true } = {}): Promise<TestDatabase> {
  const template = migrated ? inject('templateDatabase') : 'template1';
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asAdministrator(async (client) => {
    for (let attempt = 1; ; attempt++) {
      try {
        await client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
        return;
      } catch (error) {
        if (!(error instanceof pg.DatabaseError) || error.code !== OBJECT_IN_USE || attempt === 200)
          throw error;
        await delay(25);
      }
    }
  });
  const url = new URL(inject('clusterUrl'));
  url.pathname = name;
  return {
    url: url.href,
    drop: () =>
      asAdministrator(async (client) => {
        await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      }),
  };
}

async function asAdministrator(work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: inject('clusterUrl') });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
