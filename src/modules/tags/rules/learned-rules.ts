import type { Transaction } from '../../../database/client.ts';
import type { Words } from '../../matching/learning/features.ts';
import type { Model } from '../../matching/learning/model.ts';
import { type Prediction, predict } from '../../matching/learning/predict.ts';
import { decodeModel } from '../../matching/learning/stored-model.ts';
import { sureEnough } from '../../matching/learning/train.ts';
import { isExclusive, type LearnedKind } from './train-labels.ts';

/** What `auto` gives: a model, and the labels of it that are `auto`. */
export interface LearnedRules {
  kind: LearnedKind;
  model: Model;
  ids: ReadonlySet<number>;
}

/** The labels that a document is to be given, surely enough, the surest first: of correspondents at most one. */
export function learnedLabels({ kind, model, ids }: LearnedRules, words: Words): Prediction[] {
  const predicted = predict(model, words);
  return (isExclusive(kind) ? predicted.slice(0, 1) : predicted).filter(
    ({ id, confidence }) => ids.has(id) && confidence >= sureEnough,
  );
}

/** The title and the text of `matchedText`, where the two are one. */
export const wordsOf = ({ title, text }: { title: string; text: string }): Words => ({
  title,
  text: text.slice(title.length + 1),
});

/** Keeps the models of each kind that were read, until others are learned; on this server, that one or another. */
export function createLearnedModels() {
  const known = new Map<LearnedKind, { trainedAt: number; model: Model | null }>();
  return async (
    tx: Transaction,
    { kind, trainedAt }: { kind: LearnedKind; trainedAt: Date },
  ): Promise<Model | null> => {
    const before = known.get(kind);
    if (before?.trainedAt === trainedAt.getTime()) return before.model;
    const row = await tx.learnedModel.findUnique({
      where: { kind },
      select: { model: true, trainedAt: true },
    });
    const model = row && (await decodeModel(row.model));
    if (row) known.set(kind, { trainedAt: row.trainedAt.getTime(), model });
    return model;
  };
}
