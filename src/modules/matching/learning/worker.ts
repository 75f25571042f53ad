import { parentPort, workerData } from 'node:worker_threads';
import { encodeModel } from './stored-model.ts';
import { createTrainer, type Lesson } from './train.ts';
import type { Learned } from './train-in-thread.ts';

// The thread that learns: takes lessons in pieces, and `null` for their end.

const trainer = createTrainer(workerData as { exclusive: boolean });

async function learn(): Promise<Learned | null> {
  const model = trainer.finish();
  if (!model) return null;
  const { documents, accuracy, baseline } = model;
  const labels = model.labels.map(({ id }) => id);
  return { model: await encodeModel(model), labels, documents, accuracy, baseline };
}

// Ended by who began it: a thread that ends itself may do so before its last answer is heard.
parentPort?.on('message', async (lessons: Lesson[] | null) => {
  for (const lesson of lessons ?? []) trainer.add(lesson);
  parentPort?.postMessage(lessons ? 'taken' : await learn());
});
