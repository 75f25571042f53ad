/** What each kind of job is told. It is JSON, and what a job needs to know beyond ids it reads when it runs. */
export interface JobKinds {
  'extract-text': { documentId: number; version: number };
  'train-labels': Record<string, never>;
  'validation-reminders': Record<string, never>;
}

export type JobName = keyof JobKinds;

export interface QueueOptions {
  /** s between two looks for new jobs, where the last one found none */
  lookEvery: number;
  /** s after which a job that still runs counts as failed */
  within: number;
  /** how often a job is tried again after a fault or the death of its server */
  retries: number;
}

/** Every queue there is. What fails is tried again after 1–2 s, then twice as long each time, at most a minute. */
export const queues: { [N in JobName]: QueueOptions } = {
  'extract-text': { lookEvery: 0.5, within: 300, retries: 20 },
  'train-labels': { lookEvery: 5, within: 1800, retries: 3 },
  'validation-reminders': { lookEvery: 5, within: 300, retries: 5 },
};

export const jobNames = Object.keys(queues) as JobName[];
