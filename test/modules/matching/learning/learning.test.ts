import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { generateDocument } from '../../../../scripts/seed/generate.ts';
import { calibrate, confidenceOf } from '../../../../src/modules/matching/learning/calibration.ts';
import type { Words } from '../../../../src/modules/matching/learning/features.ts';
import type { Model } from '../../../../src/modules/matching/learning/model.ts';
import { explain, predict } from '../../../../src/modules/matching/learning/predict.ts';
import { decodeModel, encodeModel } from '../../../../src/modules/matching/learning/stored-model.ts';
import { type Lesson, sureEnough, train } from '../../../../src/modules/matching/learning/train.ts';
import { trainInThread } from '../../../../src/modules/matching/learning/train-in-thread.ts';

type Kind = 'tags' | 'correspondents';

const tagIds = new Map<string, number>();
/** Tags and all that is above them, as documents have them. */
function idsOf(paths: string[]): number[] {
  const all = new Set(
    paths.flatMap((path) => path.split('/').map((_, depth, parts) => parts.slice(0, depth + 1).join('/'))),
  );
  return [...all].map((path) => {
    if (!tagIds.has(path)) tagIds.set(path, tagIds.size + 1);
    return tagIds.get(path) ?? 0;
  });
}

/** Papers in French and English, of three hundred firms and authorities; some have no tag, some no correspondent. */
function papers(kind: Kind, from: number, to: number): Lesson[] {
  return Array.from({ length: to - from }, (_, i) => {
    const { title, text, tags, correspondent } = generateDocument({ seed: 41, position: from + i });
    const labels = kind === 'tags' ? idsOf(tags) : correspondent === null ? [] : [correspondent + 1];
    return { title, text, labels, unsure: [] };
  });
}

function learn(lessons: Lesson[], kind: Kind): Model {
  const model = train(lessons, { exclusive: kind === 'correspondents' });
  if (!model) throw new Error('nothing was learned');
  return model;
}

const models = new Map<Kind, Model>();
function modelOf(kind: Kind): Model {
  const model = models.get(kind) ?? learn(papers(kind, 0, 1200), kind);
  models.set(kind, model);
  return model;
}

/** How a model does over documents that it has never seen. */
function examine(model: Model, kind: Kind, heldOut: Lesson[], shorten = (words: Words): Words => words) {
  const frequent = model.labels[0]?.id ?? 0;
  const filed = heldOut.filter(({ labels }) => labels.length > 0);
  const known = new Set(model.labels.map(({ id }) => id));
  const all = filed.flatMap(({ labels, ...words }) => {
    const predicted = predict(model, shorten(words));
    return (kind === 'correspondents' ? predicted.slice(0, 1) : predicted).map((one, rank) => ({
      ...one,
      rank,
      isRight: labels.includes(one.id),
    }));
  });
  const given = all.filter(({ confidence }) => confidence >= sureEnough);
  const share = (of: { isRight: boolean }[]) => of.filter(({ isRight }) => isRight).length / of.length;
  const toFind = filed.flatMap(({ labels }) => labels.filter((id) => known.has(id))).length;
  return {
    accuracy: all.filter(({ rank, isRight }) => rank === 0 && isRight).length / filed.length,
    baseline: filed.filter(({ labels }) => labels.includes(frequent)).length / filed.length,
    precision: share(given),
    recall: given.filter(({ isRight }) => isRight).length / toFind,
    /** of those neither given nor hopeless */
    doubtful: share(all.filter(({ confidence }) => confidence >= 0.3 && confidence < 0.7)),
  };
}

describe.each<Kind>(['tags', 'correspondents'])('what was learned of %s', (kind) => {
  test('is right about papers it never saw far more often than the most frequent one', () => {
    const model = modelOf(kind);
    const result = examine(model, kind, papers(kind, 50_000, 50_600));
    expect(result.accuracy).toBeGreaterThan(2 * result.baseline);
    expect(result.precision).toBeGreaterThan(0.93);
    expect(result.recall).toBeGreaterThan(0.6);
    // and it knows how good it is
    expect(Math.abs(model.accuracy - result.accuracy)).toBeLessThan(0.08);
    expect(Math.abs(model.baseline - result.baseline)).toBeLessThan(0.08);
  });

  test('is right by the title alone too, as long as there is no text', () => {
    const onlyTitle = ({ title }: Words) => ({ title, text: '' });
    const result = examine(modelOf(kind), kind, papers(kind, 50_000, 50_600), onlyTitle);
    expect(result.accuracy).toBeGreaterThan(2 * result.baseline);
    expect(result.precision).toBeGreaterThan(0.9);
    expect(result.recall).toBeGreaterThan(0.5);
  });

  test('is as sure as it is right', () => {
    const { doubtful, precision } = examine(modelOf(kind), kind, papers(kind, 60_000, 61_500));
    expect(doubtful).toBeGreaterThan(0.15);
    expect(doubtful).toBeLessThan(0.85);
    expect(precision).toBeGreaterThan(doubtful + 0.1);
  });

  test('is the same whenever it is learned from the same papers', async () => {
    const again = learn(papers(kind, 0, 1200), kind);
    expect((await encodeModel(again)).equals(await encodeModel(modelOf(kind)))).toBe(true);
  });

  test('is small, and comes back from the database as it was', async () => {
    const model = modelOf(kind);
    const bytes = await encodeModel(model);
    expect(bytes.length).toBeLessThan(400_000);
    const read = await decodeModel(bytes);
    if (!read) throw new Error('not read');
    for (const paper of papers(kind, 70_000, 70_030))
      expect(predict(read, paper)).toEqual(predict(model, paper));
  });

  test('is the same when it is learned in a thread, in pieces', async () => {
    const lessons = papers(kind, 0, 300);
    async function* pieces() {
      for (let at = 0; at < lessons.length; at += 70) yield lessons.slice(at, at + 70);
    }
    const exclusive = kind === 'correspondents';
    const learned = await trainInThread({
      lessons: pieces(),
      exclusive,
      signal: new AbortController().signal,
    });
    const model = learn(lessons, kind);
    expect(learned?.labels).toEqual(model.labels.map(({ id }) => id));
    expect(Buffer.from(learned?.model ?? []).equals(await encodeModel(model))).toBe(true);
  });
});

test('who stops learning ends it at once', async () => {
  const stop = new AbortController();
  async function* pieces() {
    yield papers('tags', 0, 50);
    stop.abort(new Error('the server stops'));
    yield papers('tags', 50, 100);
  }
  await expect(trainInThread({ lessons: pieces(), exclusive: false, signal: stop.signal })).rejects.toThrow();
});

test('a thread that fails is a failure of the job, and of nothing else', async () => {
  async function* pieces() {
    yield papers('tags', 0, 50);
    // what no database gives: the thread throws
    yield [{ title: null, text: '', labels: [], unsure: [] } as unknown as Lesson];
    yield papers('tags', 50, 100);
  }
  const { signal } = new AbortController();
  await expect(trainInThread({ lessons: pieces(), exclusive: false, signal })).rejects.toThrow(/null/);
});

/** A paper of some words, given one label or none by hand. */
const lesson = (title: string, labels: number[], unsure: number[] = []): Lesson => ({
  title,
  text: '',
  labels,
  unsure,
});
const many = (n: number, make: (i: number) => Lesson) => Array.from({ length: n }, (_, i) => make(i));
const garage = (i: number) => lesson(`Facture garage Rochat ${2000 + i}`, [1]);
const school = (i: number) => lesson(`Bulletin école primaire ${3000 + i}`, [2]);
const given = (model: Model | null, title: string) =>
  model
    ? predict(model, { title, text: '' })
        .filter(({ confidence }) => confidence >= sureEnough)
        .map(({ id }) => id)
    : [];

describe('a label', () => {
  test('is found again without its accents and in any case', () => {
    const model = train([...many(20, garage), ...many(20, school)], { exclusive: false });
    expect(given(model, 'BULLETIN ECOLE PRIMAIRE')).toEqual([2]);
    expect(given(model, 'garage rochat, facture')).toEqual([1]);
  });

  test('is not given to a paper of which no word is known', () => {
    const model = train([...many(20, garage), ...many(20, school)], { exclusive: false });
    expect(given(model, '請求書 2026')).toEqual([]);
    expect(given(model, '')).toEqual([]);
  });

  test('is not learned from fewer than five papers', () => {
    const model = train(
      [...many(30, school), ...many(4, garage), ...many(20, (i) => lesson(`Bail ${i}`, [3]))],
      { exclusive: false },
    );
    expect(model?.labels.map(({ id }) => id)).toEqual([2, 3]);
    expect(given(model, 'Facture garage Rochat')).not.toContain(1);
  });

  test('is not learned from papers that a machine gave it, and they do not speak against it', () => {
    const byMachine = many(40, (i) => lesson(`Facture garage Rochat ${i}`, [], [1]));
    expect(train([...byMachine, ...many(20, school)], { exclusive: false })?.labels).toHaveLength(1);
    // beside another label given by hand
    const both = many(40, (i) => lesson(`Facture garage Rochat ${i}`, [3], [1]));
    const others = many(20, (i) => lesson(`Quittance restaurant ${i}`, [3]));
    const model = train([...many(12, garage), ...both, ...many(20, school), ...others], { exclusive: false });
    expect(model?.labels.find(({ id }) => id === 1)).toMatchObject({ documents: 12, unsure: 40 });
    expect(given(model, 'Facture garage Rochat')).toContain(1);
  });

  test('that stands on all filed papers is learned against those that nobody filed', () => {
    const unfiled = many(40, (i) => lesson(`Quittance restaurant ${i}`, []));
    const alone = train([...many(40, garage), ...unfiled], { exclusive: false });
    expect(given(alone, 'Facture garage Rochat')).toEqual([1]);
    expect(given(alone, 'Quittance restaurant')).toEqual([]);
    expect(given(alone, 'Carte postale de Sion')).toEqual([]);
    expect(given(train(many(40, garage), { exclusive: false }), 'Facture garage Rochat')).toEqual([]);
  });

  test('that people leave out on some papers is still found: those with no label at all say nothing', () => {
    const forgotten = many(15, (i) => lesson(`Facture garage Rochat ${i}`, []));
    const model = train([...many(25, garage), ...many(25, school), ...forgotten], { exclusive: false });
    expect(given(model, 'Facture garage Rochat')).toEqual([1]);
  });

  test('that is given at random is given to nothing', () => {
    const urgent = many(120, (i) => {
      const { title, labels } = i % 2 ? garage(i) : school(i);
      return lesson(title, (i * 7919) % 10 < 3 ? [...labels, 9] : labels);
    });
    const model = train(urgent, { exclusive: false });
    expect(model?.labels.map(({ id }) => id)).toContain(9);
    expect(given(model, 'Facture garage Rochat')).toEqual([1]);
  });

  test('is explained by words of the paper itself', () => {
    const model = train([...many(20, garage), ...many(20, school)], { exclusive: false });
    if (!model) throw new Error('nothing was learned');
    const paper = { title: 'Rappel du garage', text: 'Le garage Rochat vous rappelle sa facture.' };
    const places = explain(model, { id: 1, ...paper, limit: 2 });
    const words = places.map(({ where, span }) => paper[where].slice(span.start, span.end));
    expect(words).toHaveLength(2);
    for (const word of words) expect(word).toMatch(/garage|Rochat|facture/);
    expect(explain(model, { id: 1, title: 'Carte postale', text: '', limit: 2 })).toEqual([]);
  });
});

describe('how sure a score is', () => {
  const judged = (scores: [number, boolean][]) => scores.map(([score, isRight]) => ({ score, isRight }));

  test('grows with it, and is what it was worth', () => {
    const steps = calibrate([
      ...judged(Array.from({ length: 100 }, (_, i) => [i / 100, false])),
      ...judged(Array.from({ length: 100 }, (_, i) => [1 + i / 100, i % 4 > 0])),
      ...judged(Array.from({ length: 100 }, (_, i) => [2 + i / 100, true])),
    ]);
    expect(confidenceOf(steps, -5)).toBe(0);
    expect(confidenceOf(steps, 0.5)).toBe(0);
    expect(confidenceOf(steps, 1.5)).toBeCloseTo(0.75, 1);
    expect(confidenceOf(steps, 2.5)).toBeGreaterThan(0.95);
    for (const [i, { confidence }] of steps.entries())
      expect(confidence).toBeGreaterThanOrEqual(steps[i - 1]?.confidence ?? 0);
  });

  test('is not much where little is known, though all of it was right', () => {
    const few = calibrate(judged(Array.from({ length: 5 }, (_, i) => [i, true])));
    expect(confidenceOf(few, 10)).toBeLessThan(sureEnough);
    expect(confidenceOf(calibrate([]), 10)).toBe(0);
  });
});

test('a model of another version of the server is none', async () => {
  const head = Buffer.from(JSON.stringify({ format: 0 }));
  const size = Buffer.alloc(4);
  size.writeUInt32LE(head.length);
  expect(await decodeModel(gzipSync(Buffer.concat([size, head])))).toBeNull();
});
