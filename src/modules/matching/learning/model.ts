import type { Calibration } from './calibration.ts';

/** What was learned of some labels: how often words stand in documents that have them, and in all. */
export interface Model {
  /** how many documents it learned from */
  documents: number;
  /** share of the documents held out whose likeliest label is right, and were it always the most frequent one */
  accuracy: number;
  baseline: number;
  labels: LearnedLabel[];
  /** numbers of words and pairs, ascending; the arrays below have one entry for each */
  features: Uint32Array;
  /** documents that have it */
  having: Uint32Array;
  /** where its counts begin in the arrays below; one more entry, so that the next one's is where they end */
  begins: Uint32Array;
  /** the label, by its place in `labels` */
  labelOf: Uint16Array;
  /** documents with the feature and, by hand, the label */
  counts: Uint16Array;
  /** documents with the feature that a machine gave the label: neither for nor against it */
  unsure: Uint16Array;
  /** what scores are worth where there is a text, and where there is only a title */
  withText: Calibration;
  titleOnly: Calibration;
}

export interface LearnedLabel {
  id: number;
  /** documents that have it by hand, and those that a machine gave it */
  documents: number;
  unsure: number;
  /** how often it was right where it would have been given: nobody is surer of it */
  reliability: number;
}

/** A document that is judged by what the others teach: what it taught itself is taken out. */
export interface HeldOut {
  /** its labels by their places in `labels` */
  labels: number[];
  unsure: number[];
}

export interface Score {
  /** place in `labels` */
  label: number;
  score: number;
}

/** Only the words that say most count (Graham, A plan for spam, 2002): the many others say the same again. */
const strongest = 6;
/** Labels for which the most words speak; no other can come out first. */
const mostCandidates = 16;
/** How many documents a word must have been seen in before its share is believed; see `evidence`. */
const doubt = 0.2;

/** Places in the model of what it knows of a document's features. */
export function knownFeatures(model: Pick<Model, 'features'>, ids: Uint32Array): number[] {
  const known: number[] = [];
  for (const id of ids) {
    const place = findPlace(model.features, id);
    if (model.features[place] === id) known.push(place);
  }
  return known;
}

/** Where a number stands among others in order, or where it would. */
export function findPlace(sorted: Uint32Array, wanted: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The logarithm of how many times more often a word stands in documents with a label than in those without. `seen`
 * of its `having` documents have the label; were the word no sign of it, `expected` would. Both shares are drawn
 * to that by `doubt`, so that what was hardly seen says hardly anything.
 */
export function evidence(seen: number, having: number, expected: number): number {
  return Math.log(
    ((seen + doubt) * (having - expected + doubt)) / ((expected + doubt) * (having - seen + doubt)),
  );
}

export type Counts = Pick<
  Model,
  'documents' | 'labels' | 'having' | 'begins' | 'labelOf' | 'counts' | 'unsure'
>;

/** Reads the counts of a model as they would be without one document. */
export function createReader(model: Counts, without?: HeldOut) {
  const own = new Set(without?.labels);
  const ownUnsure = new Set(without?.unsure);
  const one = without ? 1 : 0;
  const all = model.documents - one;

  /** Documents with and without the label, and those with it. */
  function sizeOf(label: number) {
    const { documents = 0, unsure = 0 } = model.labels[label] ?? {};
    const having = documents - Number(own.has(label));
    return { having, all: all - unsure + Number(ownUnsure.has(label)) };
  }

  return {
    sizeOf,
    having: (feature: number) => (model.having[feature] ?? 0) - one,
    seen: (place: number, label: number) => (model.counts[place] ?? 0) - Number(own.has(label)),
    unsure: (place: number, label: number) => (model.unsure[place] ?? 0) - Number(ownUnsure.has(label)),
    /** What a feature, with `seen` and `unsure` for the label, says of it. */
    evidence(feature: number, label: number, seen: number, unsure: number): number {
      const having = (model.having[feature] ?? 0) - one - unsure;
      if (having < 2) return 0;
      const size = sizeOf(label);
      return size.all > 0 ? evidence(seen, having, (having * size.having) / size.all) : 0;
    },
    /** Whether that is in its favour: quicker than how much. */
    isInFavour(feature: number, label: number, seen: number, unsure: number): boolean {
      const size = sizeOf(label);
      return seen * size.all > ((model.having[feature] ?? 0) - one - unsure) * size.having;
    },
  };
}

/**
 * How much speaks for each label that has anything for it, in no unit: naive Bayes, one label against all
 * documents without it, over the few words that say most. Sorted, the likeliest first.
 */
export function scoreLabels(model: Counts, known: number[], without?: HeldOut): Score[] {
  const reader = createReader(model, without);
  const eachCount = (visit: (at: number, feature: number, label: number, place: number) => void) => {
    for (const [at, feature] of known.entries()) {
      const end = model.begins[feature + 1] ?? 0;
      for (let place = model.begins[feature] ?? 0; place < end; place += 1)
        visit(at, feature, model.labelOf[place] ?? 0, place);
    }
  };

  const inFavour = new Map<number, number>();
  eachCount((_at, feature, label, place) => {
    const seen = reader.seen(place, label);
    const unsure = reader.unsure(place, label);
    if (!reader.isInFavour(feature, label, seen, unsure)) return;
    inFavour.set(label, (inFavour.get(label) ?? 0) + reader.evidence(feature, label, seen, unsure));
  });
  const candidates = [...inFavour.entries()]
    .sort(([, one], [, other]) => other - one)
    .slice(0, mostCandidates)
    .map(([label]) => label);

  const seats = new Map(candidates.map((label, seat) => [label, seat]));
  const seen = new Int32Array(candidates.length * known.length);
  const unsure = new Int32Array(candidates.length * known.length);
  eachCount((at, _feature, label, place) => {
    const seat = seats.get(label);
    if (seat === undefined) return;
    seen[seat * known.length + at] = reader.seen(place, label);
    unsure[seat * known.length + at] = reader.unsure(place, label);
  });
  return candidates
    .map((label, seat) => {
      const size = reader.sizeOf(label);
      const most = new Float64Array(strongest);
      for (const [at, feature] of known.entries()) {
        const cell = seat * known.length + at;
        keepStrongest(most, reader.evidence(feature, label, seen[cell] ?? 0, unsure[cell] ?? 0));
      }
      const prior = Math.log((size.having + 1) / (size.all - size.having + 1));
      return { label, score: most.reduce((sum, one) => sum + one, prior) };
    })
    .sort((one, other) => other.score - one.score);
}

/** Puts a value among the largest, without regard to its sign; they are in order. */
function keepStrongest(most: Float64Array, value: number): void {
  let at = most.length - 1;
  if (Math.abs(value) <= Math.abs(most[at] ?? 0)) return;
  for (; at > 0 && Math.abs(most[at - 1] ?? 0) < Math.abs(value); at -= 1) most[at] = most[at - 1] ?? 0;
  most[at] = value;
}
