import { type Calibration, calibrate, confidenceOf, type Judged } from './calibration.ts';
import { countFeatures, type StudiedDocument } from './count.ts';
import { featureIds, type WordHashes, type Words } from './features.ts';
import {
  type Counts,
  knownFeatures,
  type LearnedLabel,
  type Model,
  type Score,
  scoreLabels,
} from './model.ts';

/** A document that somebody filed. */
export interface Lesson extends Words {
  /** ids of the labels that were given by hand */
  labels: number[];
  /** of those that a machine gave, which teach nothing */
  unsure: number[];
}

/** A label that stands on fewer documents is not learned. */
export const fewestExamples = 5;
/** Labels are given where they are at least so sure to be right. */
export const sureEnough = 0.9;
/** Beyond it, the labels with the fewest documents are not learned. */
const mostLabels = 2000;
/** Documents that are held out, one at a time, to see what the others teach. */
const mostHeldOut = 2000;

/**
 * Learns labels from documents: who has one against who has none of it (naive Bayes over words and pairs, a model
 * for each label). `exclusive`: a document has at most one, as a correspondent. Pure: the same documents make the
 * same model. Give documents in pieces as they come, then `finish`; it takes some seconds for 20,000.
 */
export function createTrainer({ exclusive }: { exclusive: boolean }) {
  const studied: Omit<StudiedDocument, 'isFiled'>[] = [];
  const hashes: WordHashes = new Map();

  return {
    add({ title, text, labels, unsure }: Lesson): void {
      studied.push({
        ids: featureIds({ title, text }, hashes),
        titleIds: featureIds({ title, text: '' }, hashes),
        hasText: text.trim() !== '',
        labels,
        unsure: unsure.filter((id) => !labels.includes(id)),
      });
    },
    /** Null where there is nothing to be learned. */
    finish: (): Model | null => learn(studied, exclusive),
  };
}

export function train(lessons: Iterable<Lesson>, o: { exclusive: boolean }): Model | null {
  const trainer = createTrainer(o);
  for (const lesson of lessons) trainer.add(lesson);
  return trainer.finish();
}

function learn(studied: Omit<StudiedDocument, 'isFiled'>[], exclusive: boolean): Model | null {
  const labels = chooseLabels(studied);
  if (labels.length === 0) return null;
  const places = new Map(labels.map(({ id }, place) => [id, place]));
  const placesOf = (ids: number[]) => ids.flatMap((id) => places.get(id) ?? []);
  const all = studied.map((one) => ({
    ...one,
    labels: placesOf(one.labels),
    unsure: placesOf(one.unsure),
    isFiled: one.labels.length > 0,
  }));
  const filed = withExamplesAgainst(all, labels);
  if (filed.length < 2 * fewestExamples) return null;

  const { features, ...counts } = countFeatures(filed, labels);
  const known = { ...counts, labels, features, documents: filed.length };
  const { withText, titleOnly, accuracy, baseline } = examine(known, filed, exclusive);
  return { ...known, withText, titleOnly, accuracy, baseline };
}

function chooseLabels(studied: { labels: number[]; unsure: number[] }[]): LearnedLabel[] {
  const found = new Map<number, LearnedLabel>();
  const count = (ids: number[], column: 'documents' | 'unsure') => {
    for (const id of ids) {
      const label = found.get(id) ?? { id, documents: 0, unsure: 0, reliability: 1 };
      label[column] += 1;
      found.set(id, label);
    }
  };
  for (const { labels, unsure } of studied) {
    count(labels, 'documents');
    count(unsure, 'unsure');
  }
  return [...found.values()]
    .filter(({ documents }) => documents >= fewestExamples)
    .sort((one, other) => other.documents - one.documents || one.id - other.id)
    .slice(0, mostLabels);
}

/**
 * A document without any label is one that nobody has filed yet, and says nothing. Only where one label stands on
 * nearly all that are filed must the others be the examples against it.
 */
function withExamplesAgainst(all: StudiedDocument[], labels: LearnedLabel[]): StudiedDocument[] {
  const filed = all.filter(({ isFiled }) => isFiled);
  const most = labels[0]?.documents ?? 0;
  return filed.length - most >= Math.max(fewestExamples, filed.length / 10)
    ? filed
    : all.filter(({ isFiled, unsure }) => isFiled || unsure.length === 0);
}

/** Judges documents by what the others teach: what scores are worth, and how often the likeliest label is right. */
function examine(
  model: Counts & Pick<Model, 'features'>,
  filed: StudiedDocument[],
  exclusive: boolean,
): { withText: Calibration; titleOnly: Calibration; accuracy: number; baseline: number } {
  const step = Math.max(1, filed.length / mostHeldOut);
  const heldOut = Array.from(
    { length: Math.floor(filed.length / step) },
    (_, i) => filed[Math.floor(i * step)],
  );
  const judged = { withText: [] as (Judged & Score)[], titleOnly: [] as (Judged & Score)[] };
  let right = 0;
  let frequent = 0;
  let asked = 0;
  for (const document of heldOut) {
    if (!document) continue;
    const judge = (ids: Uint32Array) => {
      const scores = scoreLabels(model, knownFeatures(model, ids), document);
      return (exclusive ? scores.slice(0, 1) : scores)
        .filter(({ label }) => !document.unsure.includes(label))
        .map((score) => ({ ...score, isRight: document.labels.includes(score.label) }));
    };
    const byTitle = judge(document.titleIds);
    const byAll = document.hasText ? judge(document.ids) : byTitle;
    judged.titleOnly.push(...byTitle);
    if (document.hasText) judged.withText.push(...byAll);
    if (!document.isFiled) continue;
    asked += 1;
    right += Number(byAll[0]?.isRight ?? false);
    frequent += Number(document.labels.includes(0));
  }
  const titleOnly = calibrate(judged.titleOnly);
  const withText = judged.withText.length > 0 ? calibrate(judged.withText) : titleOnly;
  rely(model.labels, judged.withText.length > 0 ? judged.withText : judged.titleOnly, withText);
  return {
    withText,
    titleOnly,
    accuracy: right / Math.max(1, asked),
    baseline: frequent / Math.max(1, asked),
  };
}

/** Notes for each label how often it was right among those that would have been given, drawn to what all were. */
function rely(labels: LearnedLabel[], judged: (Judged & Score)[], calibration: Calibration): void {
  const given = judged.filter(({ score }) => confidenceOf(calibration, score) >= sureEnough);
  const share = (given.filter(({ isRight }) => isRight).length + 1) / (given.length + 2);
  const weight = 10;
  const counts = labels.map(() => ({ right: share * weight, all: weight }));
  for (const { label, isRight } of given) {
    const count = counts[label];
    if (!count) continue;
    count.all += 1;
    count.right += Number(isRight);
  }
  for (const [place, label] of labels.entries()) {
    const { right, all } = counts[place] ?? { right: 0, all: 1 };
    label.reliability = right / all;
  }
}
