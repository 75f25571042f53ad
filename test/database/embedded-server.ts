// A server as far as its PostgreSQL goes: node embedded-server.ts DATA_DIR [SETTING=VALUE…]
// Says its database's address in one line, and stops in order at SIGTERM or SIGINT.
import { pino } from 'pino';
import { startEmbeddedPostgres } from '../../src/database/embedded.ts';

const [dataDir = '', ...settings] = process.argv.slice(2);
const postgres = await startEmbeddedPostgres({
  dataDir,
  log: pino({ level: 'silent' }),
  settings: Object.fromEntries(settings.map((setting) => setting.split('='))),
});
let leaving = false;
async function leave() {
  if (leaving) return;
  leaving = true;
  await postgres.stop();
  process.exit(0);
}
process.on('SIGTERM', leave);
process.on('SIGINT', leave);
setInterval(() => undefined, 60_000);
process.stdout.write(`${postgres.url}\n`);
