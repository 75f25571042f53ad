/** `npm run bench [names]`: the measured claims of the README, each beside its reference, in one run. */
import { cpus } from 'node:os';
import { installSystemPackages } from '../scripts/system-packages.ts';
import { benchMemory } from './memory.ts';
import { benchPapers } from './papers.ts';
import type { Claim } from './support/measure.ts';

const benches: Record<string, () => Promise<Claim[]>> = { papers: benchPapers, memory: benchMemory };

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in benches));
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}`);
  process.exit(1);
}
await installSystemPackages(['rsync']);

const claims: Claim[] = [];
for (const [name, bench] of Object.entries(benches)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.error(`measuring ${name} …`);
  claims.push(...(await bench()));
}
console.log(`\n${cpus().length} cores, Node ${process.version}\n`);
console.log('| what | Classeur | beside | figure | bar | |\n|---|---|---|---|---|---|');
for (const { what, ours, reference, figure, bar, holds } of claims) {
  console.log(
    `| ${what} | ${ours} | ${reference} | ${figure} | ${bar} | ${holds ? 'holds' : '**missed**'} |`,
  );
}
process.exit(claims.every((claim) => claim.holds) ? 0 : 1);
