/**
 * What stands in every text that a regular expression matches: most texts lack it, and to look for a string costs
 * a hundredth of running the expression. It may be less than there is, never more; what is not plainly understood
 * (flags inside the pattern, `\Q`, `\x`) requires nothing.
 */
export type Required = { all: Required[] } | { any: Required[] } | { literal: string };

const nothing: Required = { all: [] };

/**
 * Letters that RE2 takes for one without regard to case are the same string here, though some that it keeps apart
 * are too. Letter by letter, but for the Σ at the end of a word: so what is part of a text stays part of it.
 */
export function foldForSearch(text: string): string {
  return text.toLowerCase().toUpperCase().toLowerCase().replaceAll('ς', 'σ');
}

/** Whether a text, folded like the pattern was, has what is required. */
export function holds(required: Required, text: string): boolean {
  if ('literal' in required) return text.includes(required.literal);
  if ('all' in required) return required.all.every((one) => holds(one, text));
  return required.any.some((one) => holds(one, text));
}

const quantifier = /(?:[*+?]|\{(0|[1-9]\d*)(?:,(?:0|[1-9]\d*)?)?\})\??/y;
const group = /\((?:\?:|\?P?<\w+>)?(?!\?)/y;
const characterClass = /\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]/sy;
/** kinds of characters, and places between them */
const kind = /\\(?:[dDwWsSbBAzCtnrfva]|[pP](?:\{[^}]*\}|[^{]))/y;
const plain = /[^\\()[\]*+?{}|]/uy;
const escaped = /\\([!-/:-@[-`{-~])/y;

/** The pattern is one that RE2 reads, in NFC. */
export function requiredBy(pattern: string, isInsensitive: boolean): Required {
  const fold = isInsensitive ? foldForSearch : (text: string) => text;
  let at = 0;
  let isUnderstood = true;
  const giveUp = () => {
    isUnderstood = false;
    at = pattern.length;
  };

  function take(what: RegExp): RegExpExecArray | null {
    what.lastIndex = at;
    const found = what.exec(pattern);
    if (found) at = what.lastIndex;
    return found;
  }

  /** Whether what stands before must be there at all. */
  function takeIsNeeded(): boolean {
    const found = take(quantifier);
    return !found || found[0].startsWith('+') || Number(found[1] ?? 0) > 0;
  }

  function readAlternatives(): Required {
    const branches = [readSequence()];
    while (take(/\|/y)) branches.push(readSequence());
    if (branches.length === 1) return branches[0] ?? nothing;
    return branches.some(isNothing) ? nothing : { any: branches };
  }

  function readSequence(): Required {
    const all: Required[] = [];
    let run = '';
    const endRun = () => {
      if (run !== '') all.push({ literal: fold(run) });
      run = '';
    };
    while (at < pattern.length && pattern[at] !== '|' && pattern[at] !== ')') {
      if (take(group)) {
        endRun();
        const inner = readAlternatives();
        if (!take(/\)/y)) giveUp();
        if (takeIsNeeded() && !isNothing(inner)) all.push(inner);
      } else if (take(characterClass) || take(kind) || take(/[.^$]/y)) {
        endRun();
        takeIsNeeded();
      } else {
        const character = take(escaped)?.[1] ?? take(plain)?.[0];
        if (character === undefined) giveUp();
        const behind = at;
        if (takeIsNeeded()) run += character ?? '';
        if (at > behind) endRun();
      }
    }
    endRun();
    return { all };
  }

  const required = readAlternatives();
  return isUnderstood && at === pattern.length ? required : nothing;
}

const isNothing = (required: Required) => 'all' in required && required.all.length === 0;
