import { hash } from 'node:crypto';
import { type Correspondent, correspondents } from './correspondents.ts';
import { createRandom, type Random } from './random.ts';
import type { Paper } from './sectors.ts';
import { type Language, months, remarks } from './words.ts';

/** The day after the last that a synthetic paper knows. Fixed: the same seed makes the same papers next year. */
const epoch = Date.UTC(2026, 10, 1);
const dayMs = 24 * 60 * 60 * 1000;
const spanDays = 5 * 365;

/** Who owns the papers beside the administrator. Nora's are exactly one in a hundred. */
export const members = [
  { username: 'marie', displayName: 'Marie Favre' },
  { username: 'paul', displayName: 'Paul Ashworth' },
  { username: 'lea', displayName: 'Léa Rochat' },
  { username: 'nora', displayName: 'Nora Bonvin' },
] as const;

export type Owner = 'administrator' | (typeof members)[number]['username'];

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
  /** plain text, 0.3 to 3 KB of UTF-8 */
  text: string;
  /** bytes of `text` */
  size: number;
  /** of `text`, hex */
  sha256: string;
}

/** What the paper's texts are made from. */
interface Facts {
  language: Language;
  paper: Paper;
  from: Correspondent | null;
  subjects: string[];
  date: Date;
  reference: string;
  cents: number | null;
  currency: 'CHF' | 'EUR';
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

function ownerOf(random: Random, position: number): Owner {
  // Counted, not drawn: 1 % to the paper.
  if (position % 100 === 57) return 'nora';
  const drawn = random.unit();
  if (drawn < 0.45) return 'administrator';
  if (drawn < 0.75) return 'marie';
  return drawn < 0.92 ? 'paul' : 'lea';
}

/** In hundredths. Small amounts are more frequent than large ones. */
function centsOf(random: Random, [low, high]: [number, number]): number {
  const amount = low * (high / low) ** (random.unit() ** 1.4);
  // Swiss francs go in fives.
  return Math.round(amount * 20) * 5;
}

const money = (cents: number) => (cents / 100).toFixed(2);
const iso = (date: Date) => date.toISOString().slice(0, 10);

function referenceOf(random: Random, year: number): string {
  const number = random.between(1, 9999);
  const kind = random.below(10);
  if (kind < 6) return `${year}-${String(number).padStart(4, '0')}`;
  if (kind < 8) return `${random.pick(['F', 'K', 'R', 'W', 'INV'])}-${random.between(1, 99)}`;
  return `${random.between(100, 999)}.${random.between(1000, 9999)}.${String(number).padStart(4, '0')}`;
}

function titleOf(random: Random, { language, paper, from, date, reference }: Facts): string {
  const base = paper.title[language];
  const name = from?.name.split(',', 1)[0];
  const month = `${months[language][date.getUTCMonth()]} ${date.getUTCFullYear()}`;
  const form = random.below(10);
  if (name === undefined || form < 1) return `${base} ${reference}`;
  if (form < 4) return `${base} ${name} ${reference}`;
  if (form < 7) return `${base} ${name} – ${month}`;
  return form < 9 ? `${name} : ${base} ${month}` : `${base} ${name}`;
}

function filenameOf(random: Random, facts: Facts, title: string): string {
  const day = iso(facts.date);
  const form = random.below(20);
  // What scanners and portals call everything they send.
  if (form === 0) return `Scan_${day.replaceAll('-', '')}_${random.between(1, 400)}.txt`;
  if (form === 1) return facts.language === 'fr' ? 'Facture.txt' : 'document.txt';
  if (form === 2) return `RE: ${title}.txt`;
  return form < 12 ? `${title}.txt` : `${day} ${title}.txt`;
}

function itemLine(random: Random, { language, currency, subjects, date }: Facts): string {
  const what = random.pick(subjects);
  const quantity = random.between(1, 24);
  const price = money(random.between(40, 9000) * 5);
  const day = `${random.between(1, 28)} ${months[language][date.getUTCMonth()]}`;
  if (language === 'fr')
    return random.pick([
      `- ${what}, ${quantity} × ${price} ${currency}`,
      `Le poste « ${what} » du ${day} se monte à ${price} ${currency}.`,
      `Concernant ${what} : période du 1 au ${day}, quantité ${quantity}, prix unitaire ${price}.`,
    ]);
  return random.pick([
    `- ${what}, ${quantity} × ${price} ${currency}`,
    `The item “${what}” of ${day} comes to ${price} ${currency}.`,
    `Regarding ${what}: period from 1 to ${day}, quantity ${quantity}, unit price ${price}.`,
  ]);
}

function textOf(random: Random, facts: Facts, title: string, mark: string): { text: string; size: number } {
  const { language, from, date, cents, currency, reference } = facts;
  const isFrench = language === 'fr';
  const day = `${date.getUTCDate()} ${months[language][date.getUTCMonth()]} ${date.getUTCFullYear()}`;
  let text = from ? `${from.name}\n${from.place}, ${isFrench ? 'le ' : ''}${day}\n\n` : `${day}\n\n`;
  text += `${title}\n${isFrench ? 'Référence' : 'Reference'} : ${reference}\n\n`;
  text += isFrench ? 'Madame, Monsieur,\n\n' : 'Dear Sir or Madam,\n\n';
  let end = '\n';
  if (cents !== null) end += `Total : ${money(cents)} ${currency}\n`;
  end += isFrench ? 'Avec nos salutations les meilleures.\n' : 'Yours faithfully,\n';
  // Whatever else is alike, no two papers have the same bytes.
  end += `\n[${mark}]\n`;

  const endSize = Buffer.byteLength(end);
  // Most papers are short. The longest line has less than 200 bytes, and one is written past the target.
  const target = 420 + 2400 * random.unit() ** 2.2;
  let size = Buffer.byteLength(text) + endSize;
  while (size < target) {
    const line = `${random.chance(0.55) ? itemLine(random, facts) : random.pick(remarks[language])}\n`;
    text += line;
    size += Buffer.byteLength(line);
  }
  return { text: text + end, size };
}

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
  const { text, size } = textOf(random, facts, title, `${seed}/${position}`);
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
    createdAt: new Date(Math.floor(date.getTime() + filedAfter)),
    originalFilename: filenameOf(random, facts, title),
    text,
    size,
    sha256: hash('sha256', text),
  };
}
