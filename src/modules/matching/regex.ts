import { RE2JS } from 're2js';
import { otherSpaces, type PreparedText, type Span } from './prepared-text.ts';
import { holds, requiredBy } from './required-literals.ts';
import { createTimeLimit } from './time-limit.ts';

/**
 * Regular expressions run on RE2 (https://github.com/google/re2/wiki/Syntax): time grows with the text, not with
 * its power, and there are no back references and no looking around. `^` and `$` are the ends of each line,
 * `.` stops at a line break, spaces of every kind count as a plain one, `\d`, `\w` and `\b` know ASCII only
 * (`\pL` is any letter), and without regard to case letters are alike by Unicode's simple folding.
 *
 * Linear is not always fast: a hundred steps for each of 200,000 characters is what `[abc]*a[abc]{99}` can take.
 * So what could take long runs against the clock, and matches nothing when it is not through. And where the text
 * lacks a string that the pattern requires, nothing runs at all: RE2 itself asks so only with regard to case.
 */
const stopAfterMs = 40;

/** Characters × instructions that take some 20 ms at worst, and are not worth a clock. */
const quickWork = 500_000;

/** Throws where RE2 cannot read the pattern. */
export function parseRegex(pattern: string, isInsensitive: boolean): RE2JS {
  const flags = RE2JS.MULTILINE | (isInsensitive ? RE2JS.CASE_INSENSITIVE : 0);
  return RE2JS.compile(plainSpacesOf(pattern), flags);
}

const inTime = createTimeLimit(stopAfterMs);

const plainSpacesOf = (pattern: string) => pattern.replace(otherSpaces, ' ');

/** The pattern is in NFC. A match of nothing at all is none: `x*` is found only where an x is. */
export function compileRegex(pattern: string, isInsensitive: boolean) {
  let compiled = tryToParse(pattern, isInsensitive);
  // only \b needs a character beside it, so what can be empty anywhere else is so in an empty text
  const canBeEmpty = compiled !== undefined && (compiled.testExact('') || pattern.includes('\\b'));

  const required = requiredBy(plainSpacesOf(pattern), isInsensitive);

  const canMatch = (text: PreparedText) =>
    holds(required, isInsensitive ? text.foldedForSearch() : text.plainSpaces());

  function run<T>(text: string, work: (regex: RE2JS) => T): T | undefined {
    if (!compiled) return undefined;
    const regex = compiled;
    if (regex.programSize() * text.length <= quickWork) return work(regex);
    const done = inTime(() => work(regex));
    if (done !== 'too slow') return done.value;
    // the automaton that it builds as it goes may be half built
    compiled = tryToParse(pattern, isInsensitive);
    return undefined;
  }

  function collect(text: string, limit: number): Span[] {
    const spans: Span[] = [];
    run(text, (regex) => {
      const matcher = regex.matcher(text);
      while (spans.length < limit && matcher.find()) {
        const span = { start: matcher.start(), end: matcher.end() };
        if (span.end > span.start) spans.push(span);
      }
    });
    return spans;
  }

  /** Without the places it is ten times as fast. */
  const isSomewhere = (text: string) => run(text, (regex) => regex.test(text)) ?? false;

  return {
    matches(text: PreparedText): boolean {
      if (!canMatch(text)) return false;
      const plain = text.plainSpaces();
      return isSomewhere(plain) && (!canBeEmpty || collect(plain, 1).length > 0);
    },
    /** May give fewer places than there are, or none, where to find them all would take too long. */
    find(text: PreparedText, limit: number): Span[] {
      if (!canMatch(text)) return [];
      const plain = text.plainSpaces();
      return canBeEmpty || isSomewhere(plain) ? collect(plain, limit) : [];
    },
  };
}

function tryToParse(pattern: string, isInsensitive: boolean): RE2JS | undefined {
  try {
    return parseRegex(pattern, isInsensitive);
  } catch {
    return undefined;
  }
}
