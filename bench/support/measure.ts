import { spawnSync } from 'node:child_process';

/** Seconds that `work` takes. */
export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

/** Seconds that a program takes; throws when it fails. */
export function programSeconds(command: string, args: string[]): number {
  const started = performance.now();
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (error || status !== 0) throw new Error(`${command} failed: ${error?.message ?? stderr}`);
  return (performance.now() - started) / 1000;
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export interface Claim {
  what: string;
  ours: string;
  reference: string;
  /** ours / reference, or the figure itself where there is no reference */
  figure: string;
  bar: string;
  holds: boolean;
}

/** Pairs of ours and the reference, taken in turn so that a drift of the machine touches both. */
export function ratioClaim(o: {
  what: string;
  pairs: { ours: number; reference: number }[];
  referenceName: string;
  atMost: number | null;
}): Claim {
  const ratio = median(o.pairs.map((pair) => pair.ours / pair.reference));
  return {
    what: o.what,
    ours: `${median(o.pairs.map((pair) => pair.ours)).toFixed(2)} s`,
    reference: `${o.referenceName}: ${median(o.pairs.map((pair) => pair.reference)).toFixed(2)} s`,
    figure: `${ratio.toFixed(2)} ×`,
    bar: o.atMost === null ? 'none' : `≤ ${o.atMost} ×`,
    holds: o.atMost === null || ratio <= o.atMost,
  };
}

/** Pairs of requests a second, ours and the reference's, taken in turn. */
export function rateClaim(o: {
  what: string;
  pairs: { ours: number; reference: number }[];
  referenceName: string;
  atLeast: number | null;
}): Claim {
  const ratio = median(o.pairs.map((pair) => pair.ours / pair.reference));
  const rate = (values: number[]) => `${Math.round(median(values)).toLocaleString('en')}/s`;
  return {
    what: o.what,
    ours: rate(o.pairs.map((pair) => pair.ours)),
    reference: `${o.referenceName}: ${rate(o.pairs.map((pair) => pair.reference))}`,
    figure: `${ratio.toFixed(2)} ×`,
    bar: o.atLeast === null ? 'none' : `≥ ${o.atLeast} ×`,
    holds: o.atLeast === null || ratio >= o.atLeast,
  };
}
