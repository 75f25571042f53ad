/**
 * `npm run bench [names] [--quick]`: the measured claims of the README, each beside its reference, in one run.
 * `--quick` looks at growth up to 100,000 documents only: filling a server with a million takes minutes. Where
 * BENCH_DIR names a folder, filled servers stay there for the next run.
 */
import { cpus } from 'node:os';
import { installSystemPackages } from '../scripts/system-packages.ts';
import { benchLists } from './lists.ts';
import { benchMemory } from './memory.ts';
import { benchPapers } from './papers.ts';
import { benchRules } from './rules.ts';
import { benchSearch } from './search.ts';
import { createFilledServers, type FilledServers } from './support/filled.ts';
import type { Claim } from './support/measure.ts';

const benches: Record<string, (filled: FilledServers) => Promise<Claim[]>> = {
  papers: benchPapers,
  memory: benchMemory,
  rules: benchRules,
  lists: benchLists,
  search: benchSearch,
};

const isQuick = process.argv.includes('--quick');
const wanted = process.argv.slice(2).filter((name) => name !== '--quick');
const unknown = wanted.filter((name) => !(name in benches));
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}`);
  process.exit(1);
}
await installSystemPackages(['rsync']);

const filled = createFilledServers({ sizes: [10_000, 100_000, ...(isQuick ? [] : [1_000_000])] });
const claims: Claim[] = [];
try {
  for (const [name, bench] of Object.entries(benches)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    console.error(`measuring ${name} …`);
    claims.push(...(await bench(filled)));
  }
} finally {
  await filled.close();
}
console.log(`\n${cpus().length} cores, Node ${process.version}\n`);
console.log('| what | Classeur | beside | figure | bar | |\n|---|---|---|---|---|---|');
for (const { what, ours, reference, figure, bar, holds } of claims) {
  console.log(
    `| ${what} | ${ours} | ${reference} | ${figure} | ${bar} | ${holds ? 'holds' : '**missed**'} |`,
  );
}
process.exit(claims.every((claim) => claim.holds) ? 0 : 1);
