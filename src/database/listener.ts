import type pg from 'pg';
import type { DatabaseLog } from './database-log.ts';
import { createHeldConnection } from './held-connection.ts';

export interface Hearing {
  /** The payload of each NOTIFY, in the order of the commits. */
  onMessage: (payload: string) => void;
  /** The connection was lost and is back: what was said meanwhile is to be looked up. */
  onReconnect: () => void;
}

export interface Listener {
  /** Hears a channel for as long as the server lives; one hearing a channel. */
  listen(channel: string, hearing: Hearing): Promise<void>;
  close(): Promise<void>;
}

/** What servers of one database tell each other by NOTIFY, heard over one connection of each. */
export async function createListener({ url, log }: { url: string; log: DatabaseLog }): Promise<Listener> {
  const hearings = new Map<string, Hearing>();
  const connection = await createHeldConnection({
    url,
    name: 'classeur listener',
    log,
    async hold(client: pg.Client) {
      client.on('notification', ({ channel, payload = '' }) => hearings.get(channel)?.onMessage(payload));
      for (const channel of hearings.keys()) await client.query(`LISTEN ${channel}`);
      for (const { onReconnect } of hearings.values()) onReconnect();
    },
  });
  return {
    async listen(channel, hearing) {
      if (!/^[a-z_]+$/.test(channel) || hearings.has(channel)) throw new Error(`cannot listen to ${channel}`);
      hearings.set(channel, hearing);
      await connection.query(`LISTEN ${channel}`);
    },
    close: () => connection.close(),
  };
}
