import { evidence, findPlace, type LearnedLabel, type Model } from './model.ts';

/** A document as it is learned from. */
export interface StudiedDocument {
  ids: Uint32Array;
  titleIds: Uint32Array;
  hasText: boolean;
  /** places in the list of labels */
  labels: number[];
  unsure: number[];
  /** whether it has a label by hand, learned or not */
  isFiled: boolean;
}

/** What stands in fewer documents tells nothing of others. */
const fewestDocuments = 3;
/** The words that say most are kept: some 2 MB of model. */
const mostFeatures = 65_536;

/** Counts in how many documents, with which labels, the words that tell labels apart stand. */
export function countFeatures(documents: StudiedDocument[], labels: LearnedLabel[]) {
  const candidates = frequentFeatures(documents);
  const { begins, members } = documentsOf(candidates, documents);
  const counter = createCounter(documents, labels.length);

  const gains = Float64Array.from(candidates, (_, feature) => {
    const having = (begins[feature + 1] ?? 0) - (begins[feature] ?? 0);
    let gain = 0;
    for (const { label, seen, unsure } of counter(members, begins, feature)) {
      const all = documents.length - (labels[label]?.unsure ?? 0);
      const expected = ((having - unsure) * (labels[label]?.documents ?? 0)) / all;
      if (seen > expected) gain = Math.max(gain, seen * evidence(seen, having - unsure, expected));
    }
    return gain;
  });
  const kept = Array.from(candidates.keys())
    .filter((feature) => (gains[feature] ?? 0) > 0)
    .sort((one, other) => (gains[other] ?? 0) - (gains[one] ?? 0) || one - other)
    .slice(0, mostFeatures)
    .sort((one, other) => one - other);

  const model = { begins: [0], labelOf: [] as number[], counts: [] as number[], unsure: [] as number[] };
  for (const feature of kept) {
    for (const { label, seen, unsure } of counter(members, begins, feature)) {
      model.labelOf.push(label);
      model.counts.push(seen);
      model.unsure.push(unsure);
    }
    model.begins.push(model.labelOf.length);
  }
  return {
    features: Uint32Array.from(kept, (feature) => candidates[feature] ?? 0),
    having: Uint32Array.from(kept, (feature) => (begins[feature + 1] ?? 0) - (begins[feature] ?? 0)),
    begins: Uint32Array.from(model.begins),
    labelOf: Uint16Array.from(model.labelOf),
    counts: Uint16Array.from(model.counts),
    unsure: Uint16Array.from(model.unsure),
  } satisfies Partial<Model>;
}

/** The features that stand in enough documents, in order. */
function frequentFeatures(documents: StudiedDocument[]): Uint32Array {
  const all = new Uint32Array(documents.reduce((sum, { ids }) => sum + ids.length, 0));
  let filled = 0;
  for (const { ids } of documents) {
    all.set(ids, filled);
    filled += ids.length;
  }
  all.sort();
  let found = 0;
  for (let at = 0; at < all.length; ) {
    const id = all[at] ?? 0;
    let end = at + 1;
    while (all[end] === id) end += 1;
    // the beginning of the same array is not needed any more
    if (end - at >= fewestDocuments) all[found++] = id;
    at = end;
  }
  return all.slice(0, found);
}

/** The documents that each of the features stands in. */
function documentsOf(features: Uint32Array, documents: StudiedDocument[]) {
  const begins = new Uint32Array(features.length + 1);
  const eachKnown = (visit: (feature: number, document: number) => void) => {
    for (const [document, { ids }] of documents.entries()) {
      for (const id of ids) {
        const feature = findPlace(features, id);
        if (features[feature] === id) visit(feature, document);
      }
    }
  };
  eachKnown((feature) => {
    begins[feature + 1] = (begins[feature + 1] ?? 0) + 1;
  });
  for (let feature = 0; feature < features.length; feature += 1)
    begins[feature + 1] = (begins[feature + 1] ?? 0) + (begins[feature] ?? 0);
  const next = begins.slice();
  const members = new Uint32Array(begins.at(-1) ?? 0);
  eachKnown((feature, document) => {
    const place = next[feature] ?? 0;
    members[place] = document;
    next[feature] = place + 1;
  });
  return { begins, members };
}

/** Makes a function that counts the labels of the documents which have a feature, in the order of their places. */
function createCounter(documents: StudiedDocument[], labels: number) {
  const seen = new Uint32Array(labels);
  const unsure = new Uint32Array(labels);
  const add = (counts: Uint32Array, label: number, touched: Set<number>) => {
    counts[label] = (counts[label] ?? 0) + 1;
    touched.add(label);
  };
  return (members: Uint32Array, begins: Uint32Array, feature: number) => {
    const touched = new Set<number>();
    const end = begins[feature + 1] ?? 0;
    for (let at = begins[feature] ?? 0; at < end; at += 1) {
      const document = documents[members[at] ?? 0];
      for (const label of document?.labels ?? []) add(seen, label, touched);
      for (const label of document?.unsure ?? []) add(unsure, label, touched);
    }
    return [...touched]
      .sort((one, other) => one - other)
      .map((label) => {
        const found = { label, seen: seen[label] ?? 0, unsure: unsure[label] ?? 0 };
        seen[label] = 0;
        unsure[label] = 0;
        return found;
      });
  };
}
