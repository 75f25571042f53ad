import { toNfc } from '../nfc.ts';
import type { Span } from '../prepared-text.ts';
import { confidenceOf } from './calibration.ts';
import { featureIds, featuresOf, type Words } from './features.ts';
import { createReader, findPlace, knownFeatures, type Model, scoreLabels } from './model.ts';

export interface Prediction {
  /** of the label */
  id: number;
  /** 0 to 1: how often such a prediction was right */
  confidence: number;
}

/** What a model says of a document, the likeliest first; a label that nothing speaks for is not among them. */
export function predict(model: Model, { title, text }: Words): Prediction[] {
  const known = knownFeatures(model, featureIds({ title, text }));
  const calibration = text.trim() === '' ? model.titleOnly : model.withText;
  return scoreLabels(model, known)
    .flatMap(({ label, score }) => {
      const learned = model.labels[label];
      if (!learned) return [];
      const confidence = Math.min(learned.reliability, confidenceOf(calibration, score));
      return confidence > 0 ? [{ id: learned.id, confidence }] : [];
    })
    .sort((one, other) => other.confidence - one.confidence);
}

/** Where the words stand, in the title or the text in NFC, that speak most for a label: at most `limit`, in order. */
export function explain(
  model: Model,
  { id, title, text, limit }: Words & { id: number; limit: number },
): { where: 'title' | 'text'; span: Span }[] {
  const label = model.labels.findIndex((learned) => learned.id === id);
  const reader = createReader(model);
  const spoken = new Map<number, { says: number; where: 'title' | 'text'; span: Span }>();
  for (const { id: feature, where, start, end } of featuresOf({ title: toNfc(title), text: toNfc(text) })) {
    const place = findPlace(model.features, feature);
    if (model.features[place] !== feature || spoken.has(feature)) continue;
    const count = model.labelOf.subarray(model.begins[place], model.begins[place + 1]).indexOf(label);
    if (count === -1) continue;
    const at = (model.begins[place] ?? 0) + count;
    const says = reader.evidence(place, label, reader.seen(at, label), reader.unsure(at, label));
    if (says > 0) spoken.set(feature, { says, where, span: { start, end } });
  }
  const found: { where: 'title' | 'text'; span: Span }[] = [];
  for (const { where, span } of [...spoken.values()].sort((one, other) => other.says - one.says)) {
    const isNew = found.every(
      (other) => other.where !== where || other.span.end <= span.start || other.span.start >= span.end,
    );
    if (isNew) found.push({ where, span });
    if (found.length >= limit) break;
  }
  const order = ({ where, span }: (typeof found)[number]) => (where === 'title' ? 0 : 1e9) + span.start;
  return found.sort((one, other) => order(one) - order(other));
}
