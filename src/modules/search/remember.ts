/**
 * Answers of the database that never change, by what was asked for: each is asked for once, and again after the
 * memory was full. `ask` answers every key.
 */
export function remember<T>({
  ask,
  most,
}: {
  ask: (keys: string[]) => Promise<[key: string, value: T][]>;
  most: number;
}): (keys: readonly string[]) => Promise<ReadonlyMap<string, T>> {
  const known = new Map<string, T>();
  return async (keys) => {
    if (keys.every((key) => known.has(key))) return known;
    // Its own answers, whatever other requests forget meanwhile.
    const answers = new Map<string, T>();
    const missing: string[] = [];
    for (const key of new Set(keys)) {
      const value = known.get(key);
      if (value === undefined) missing.push(key);
      else answers.set(key, value);
    }
    const asked = await ask(missing);
    if (known.size + asked.length > most) known.clear();
    for (const [key, value] of asked) {
      answers.set(key, value);
      known.set(key, value);
    }
    return answers;
  };
}
