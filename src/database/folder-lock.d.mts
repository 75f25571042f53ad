export function processStart(pid: number): Promise<string | null>;
export function withFolderLock<T>(
  lock: { path: string; timeoutMs: number },
  work: () => Promise<T>,
): Promise<T>;
