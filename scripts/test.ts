/** npm test [-- vitest's arguments]: the system packages that tests need, then every test. */
import { parseCLI, startVitest } from 'vitest/node';
import { installSystemPackages } from './system-packages.ts';

/** Debian packages that tests start real servers from. */
const NEEDED: string[] = [];

await installSystemPackages(NEEDED);
const { filter, options } = parseCLI(['vitest', 'run', ...process.argv.slice(2)]);
// in this process: one less that a signal has to be passed through
const vitest = await startVitest(filter, { watch: false, ...options });
// by force: Prisma's schema engine leaves a timer of ten seconds behind
if (!vitest.shouldKeepServer()) await vitest.exit(true);
