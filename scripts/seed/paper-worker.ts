import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { generateDocument, type SyntheticDocument } from './generate.ts';

/** A stretch of a seed's sequence. */
export interface Stretch {
  position: number;
  count: number;
}

/**
 * Writes bytes that a file may already hold. What is there and right is left alone: a server may be reading
 * it; what is there and wrong was cut off by a kill, and nobody's row names it yet.
 */
function put(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (readFileSync(file, 'utf8') === text) return;
    writeFileSync(`${file}.seed`, text, { mode: 0o600 });
    renameSync(`${file}.seed`, file);
  }
}

/**
 * Makes stretches of papers in a thread of its own and puts their bytes where the content store looks for
 * them (`<root>/ab/cd/<sha256>`), by plain synchronous calls: for small files they cost a third of what
 * promises do. No file is flushed to the disk one by one, as an upload's is: these papers are synthetic.
 */
function serve({ seed, root }: { seed: number; root: string }): void {
  const folders = new Set<string>();
  parentPort?.on('message', ({ position, count }: Stretch) => {
    const written: SyntheticDocument[] = [];
    for (let offset = 0; offset < count; offset += 1) {
      const paper = generateDocument({ seed, position: position + offset });
      const folder = path.join(root, paper.sha256.slice(0, 2), paper.sha256.slice(2, 4));
      if (!folders.has(folder)) {
        mkdirSync(folder, { recursive: true });
        folders.add(folder);
      }
      put(path.join(folder, paper.sha256), paper.text);
      written.push(paper);
    }
    parentPort?.postMessage(written);
  });
}

serve(workerData);
