import { monitorEventLoopDelay } from 'node:perf_hooks';
import { correspondents } from '../scripts/seed/correspondents.ts';
import { generateDocument } from '../scripts/seed/generate.ts';
import { createRandom } from '../scripts/seed/random.ts';
import { predict } from '../src/modules/matching/learning/predict.ts';
import { decodeModel } from '../src/modules/matching/learning/stored-model.ts';
import type { Lesson } from '../src/modules/matching/learning/train.ts';
import { trainInThread } from '../src/modules/matching/learning/train-in-thread.ts';
import { prepareText } from '../src/modules/matching/prepared-text.ts';
import { compileRule, type MatchingAlgorithm } from '../src/modules/matching/rule.ts';
import { type Claim, median } from './support/measure.ts';

const rules = 1000;
const textLength = 20_000;
const allowedMs = 50;
const rounds = 15;
const learnedFrom = 10_000;
const heldOut = 2000;

const random = createRandom(0x5275, 0x6c65, 0x73);
const firms = correspondents.map(({ name }) => name.split(',', 1)[0] ?? name);
/** Words that papers are full of, so that rules do look. */
const common = 'facture invoice total référence date police loyer client contrat payment'.split(' ');
const firm = (n: number) => `${random.pick(firms)} ${random.pick(firms)}`.slice(0, 30 + (n % 12));

/** What people put into rules: names of firms, references, words that papers of one kind have in common. */
const patterns: Partial<Record<MatchingAlgorithm, (n: number) => string>> = {
  any: (n) => `"${firm(n)}" ${random.pick(firms).split(' ')[0]}${n} "avis de débit ${n}"`,
  all: (n) => `${random.pick(common)} "${firm(n)}"`,
  exact: firm,
  fuzzy: firm,
  regex: (n) =>
    [
      `${random.pick(common)}\\s+${firm(n)}`,
      `client\\s*(n[°o]|no\\.?)\\s*${1000 + n}`,
      `\\b(${firm(n)}|${firm(n + 1)})\\b`,
      `\\d{4}-0?${n}\\b`,
      `^${firm(n)}.*(SA|Sàrl|Ltd)$`,
    ][n % 5] ?? '',
};

interface Measured {
  match: string;
  algorithm: MatchingAlgorithm;
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const edged = (term: string) =>
  new RegExp(`(?<![\\p{L}\\p{N}_])${escaped(term).replace(/\s+/g, '\\s+')}(?![\\p{L}\\p{N}_])`, 'iu');

/** The same rule as a reader of the contract would write it down: regular expressions of JavaScript. */
function plainly({ algorithm, match }: Measured): (text: string) => boolean {
  const terms = [...match.matchAll(/"([^"]*)"|\S+/g)].map(([whole, phrase]) => edged(phrase ?? whole));
  if (algorithm === 'any') return (text) => terms.some((term) => term.test(text));
  if (algorithm === 'all') return (text) => terms.every((term) => term.test(text));
  if (algorithm === 'exact') return (text) => edged(match).test(text);
  const regex = new RegExp(match, 'imu');
  return algorithm === 'regex' ? (text) => regex.test(text) : (text) => isAlikeSomewhere(match, text);
}

/** The partial ratio by its table, at every place; a hundredth of the text, since the whole takes minutes. */
function isAlikeSomewhere(pattern: string, text: string): boolean {
  const needle = pattern.toLowerCase();
  const haystack = text.slice(0, textLength / 100).toLowerCase();
  for (let from = 0; from + needle.length <= haystack.length; from += 1) {
    let row = new Uint16Array(needle.length + 1);
    for (let at = from; at < from + needle.length; at += 1) {
      const next = new Uint16Array(needle.length + 1);
      for (let i = 1; i <= needle.length; i += 1) {
        next[i] =
          needle[i - 1] === haystack[at] ? (row[i - 1] ?? 0) + 1 : Math.max(row[i] ?? 0, next[i - 1] ?? 0);
      }
      row = next;
    }
    if ((row.at(-1) ?? 0) >= 0.9 * needle.length) return true;
  }
  return false;
}

/** ms of this thread's processor time: what the machine does beside is not the rules' */
function timeOf(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}

function benchAlgorithm(name: string, measured: Measured[], text: string): Claim {
  const compiled = measured.map(({ algorithm, match }) =>
    compileRule({ algorithm, match, isInsensitive: true }),
  );
  const ours: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    ours.push(
      timeOf(() => {
        const prepared = prepareText(text);
        for (const rule of compiled) rule.matches(prepared);
      }),
    );
  }
  // once is enough for what takes so long, and a tenth of the rules for what takes longer still
  const some = measured.filter(({ algorithm }, n) => algorithm !== 'fuzzy' || n % 20 === 0);
  const plain = some.map((rule) => ({ ...rule, test: plainly(rule) }));
  let reference = 0;
  for (const { algorithm, test } of plain)
    reference += timeOf(() => test(text)) * (algorithm === 'fuzzy' ? 20 * 100 : 1);
  const ms = median(ours);
  return {
    what: `${rules.toLocaleString('en')} rules, ${name}, over a text of 20 KB`,
    ours: `${ms.toFixed(0)} ms`,
    reference: `plain JavaScript, rule by rule: ${reference.toFixed(0)} ms${name.includes('fuzzy') ? ' (from a part)' : ''}`,
    figure: `${(ms / reference).toPrecision(2)} ×, ${ms.toFixed(0)} ms`,
    bar: `< ${allowedMs} ms`,
    holds: ms < allowedMs,
  };
}

const lesson = (position: number): Lesson => {
  const { title, text, correspondent } = generateDocument({ seed: 97, position });
  return { title, text, labels: correspondent === null ? [] : [correspondent + 1], unsure: [] };
};

/** `auto` over correspondents: how it does on papers it never saw, and what learning costs everybody else. */
async function benchLearning(text: string): Promise<Claim[]> {
  async function* lessons() {
    for (let at = 0; at < learnedFrom; at += 200) yield Array.from({ length: 200 }, (_, i) => lesson(at + i));
  }
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const began = performance.now();
  const { signal } = new AbortController();
  const learned = await trainInThread({ lessons: lessons(), exclusive: true, signal });
  const seconds = (performance.now() - began) / 1000;
  delay.disable();
  const model = learned && (await decodeModel(learned.model));
  if (!learned || !model) throw new Error('nothing was learned');

  const frequent = model.labels[0]?.id ?? 0;
  const papers = Array.from({ length: heldOut }, (_, i) => lesson(100_000 + i)).filter(
    ({ labels }) => labels.length > 0,
  );
  const right = papers.filter((paper) => paper.labels.includes(predict(model, paper)[0]?.id ?? 0)).length;
  const byChance = papers.filter(({ labels }) => labels.includes(frequent)).length;
  const took = Array.from({ length: rounds }, () => timeOf(() => predict(model, { title: 'Facture', text })));
  const longest = delay.max / 1e6;
  return [
    {
      what: `\`auto\`: ${papers.length} papers it never saw, one of ${model.labels.length} correspondents, right`,
      ours: `${((100 * right) / papers.length).toFixed(0)} %`,
      reference: `always the most frequent: ${((100 * byChance) / papers.length).toFixed(0)} %`,
      figure: `${(right / byChance).toFixed(1)} ×`,
      bar: '≥ 2 ×',
      holds: right >= 2 * byChance,
    },
    {
      what: `\`auto\`: a text of 20 KB, ${model.labels.length} correspondents`,
      ours: `${median(took).toFixed(1)} ms`,
      reference: `a model of ${(learned.model.length / 2 ** 20).toFixed(1)} MB`,
      figure: `${median(took).toFixed(1)} ms`,
      bar: `< ${allowedMs} ms`,
      holds: median(took) < allowedMs,
    },
    {
      what: `learning from ${learnedFrom.toLocaleString('en')} papers: the longest that a request waits for it`,
      ours: `${longest.toFixed(0)} ms`,
      reference: `${seconds.toFixed(1)} s of learning`,
      figure: `${longest.toFixed(0)} ms`,
      bar: '< 100 ms',
      holds: longest < 100,
    },
  ];
}

/** What a thousand rules cost an upload, each algorithm by itself and all of them mixed, and what `auto` can do. */
export async function benchRules(): Promise<Claim[]> {
  let text = '';
  for (let position = 0; text.length < textLength; position += 1)
    text += generateDocument({ seed: 3, position }).text;
  text = text.slice(0, textLength);
  const measured = Object.entries(patterns).map(([name, pattern]) => ({
    name,
    list: Array.from(
      { length: rules },
      (_, n): Measured => ({
        match: pattern(n),
        algorithm: name as MatchingAlgorithm,
      }),
    ),
  }));
  const mixed = measured.flatMap(({ list }) => list.filter((_, n) => n % measured.length === 0));
  return [
    ...measured.map(({ name, list }) => benchAlgorithm(`\`${name}\``, list, text)),
    benchAlgorithm('a fifth of each', mixed, text),
    ...(await benchLearning(text)),
  ];
}
