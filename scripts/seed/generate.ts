import { hash } from 'node:crypto';
import { type Approval, approvalOf } from './approval.ts';
import { correspondents } from './correspondents.ts';
import { type Owner, ownerOf } from './members.ts';
import { createRandom, type Random } from './random.ts';
import type { Paper } from './sectors.ts';
import { type Facts, filenameOf, referenceOf, textOf, titleOf } from './texts.ts';

/** The day after the last that a synthetic paper knows. Fixed: the same seed makes the same papers next year. */
export const epoch = Date.UTC(2026, 10, 1);
const dayMs = 24 * 60 * 60 * 1000;
const spanDays = 5 * 365;

/** A synthetic paper: everything about it but the ids it gets in a database. */
export interface SyntheticDocument {
  /** from 0; the same seed and position make the same paper */
  position: number;
  owner: Owner;
  title: string;
  type: Paper['type'];
  /** index in `correspondents`, or null */
  correspondent: number | null;
  /** `YYYY-MM-DD`, or null */
  date: string | null;
  /** a decimal with two digits after the point, or null */
  amount: string | null;
  currency: 'CHF' | 'EUR';
  /** whether it carries an archive serial number */
  numbered: boolean;
  /** tags by their path, without the ancestors */
  tags: string[];
  createdAt: Date;
  originalFilename: string;
  approval: Approval | null;
  /** plain text, 0.3 to 3 KB of UTF-8 */
  text: string;
  /** bytes of `text` */
  size: number;
  /** of `text`, hex */
  sha256: string;
}

/** Zipf's law: the one of rank n writes 1/n as often as the first. Sums, for `rankOf`. */
const shares = (() => {
  let sum = 0;
  return correspondents.map((_, index) => {
    sum += 1 / (index + 1);
    return sum;
  });
})();

function rankOf(random: Random): number {
  const wanted = random.unit() * (shares.at(-1) ?? 0);
  let low = 0;
  let high = shares.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((shares[middle] ?? 0) > wanted) high = middle;
    else low = middle + 1;
  }
  return low;
}

function paperOf(random: Random, papers: Paper[]): Paper {
  let left = random.below(papers.reduce((sum, paper) => sum + paper.weight, 0));
  for (const paper of papers) {
    left -= paper.weight;
    if (left < 0) return paper;
  }
  throw new Error('a sector without papers');
}

/** In hundredths. Small amounts are more frequent than large ones. */
function centsOf(random: Random, [low, high]: [number, number]): number {
  const amount = low * (high / low) ** (random.unit() ** 1.4);
  // Swiss francs go in fives.
  return Math.round(amount * 20) * 5;
}

const money = (cents: number) => (cents / 100).toFixed(2);
const iso = (date: Date) => date.toISOString().slice(0, 10);

/**
 * The paper at a position of a seed's endless sequence. Pure: depends on nothing but its two arguments, so any
 * stretch of the sequence can be made by itself.
 */
export function generateDocument({ seed, position }: { seed: number; position: number }): SyntheticDocument {
  const random = createRandom(seed, position, 0x5eed);
  const owner = ownerOf(random, position);
  const rank = rankOf(random);
  const sender = correspondents[rank];
  if (!sender) throw new Error('no correspondent of that rank');
  const { language, currency, sector } = sender;
  const paper = paperOf(random, sector.papers);

  const daysBack = 1 + Math.floor(spanDays * random.unit() ** 1.25);
  const date = new Date(epoch - daysBack * dayMs);
  const filedAfter = random.unit() ** 2 * Math.min(daysBack, 40) * dayMs;
  const facts: Facts = {
    language,
    paper,
    // Some papers do not say whom they are from.
    from: random.chance(0.97) ? sender : null,
    subjects: sector.subjects[language],
    date,
    reference: referenceOf(random, date.getUTCFullYear()),
    cents: paper.amount && centsOf(random, paper.amount),
    currency,
  };
  const title = titleOf(random, facts);
  const { text, size } = textOf(random, { facts, title, mark: `${seed}/${position}` });
  const createdAt = new Date(Math.floor(date.getTime() + filedAfter));
  return {
    position,
    owner,
    title,
    type: paper.type,
    correspondent: facts.from && rank,
    date: random.chance(0.96) ? iso(date) : null,
    amount: facts.cents === null ? null : money(facts.cents),
    currency,
    numbered: random.chance(0.2),
    tags: random.chance(0.15) ? [] : paper.tags,
    createdAt,
    originalFilename: filenameOf(random, facts, title),
    approval: approvalOf(random, { position, owner, type: paper.type, cents: facts.cents, createdAt, epoch }),
    text,
    size,
    sha256: hash('sha256', text),
  };
}
