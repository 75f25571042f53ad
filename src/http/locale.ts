import type { Locale } from '../errors.ts';

/**
 * The language of an answer: the first of French and English by the weights of `Accept-Language`, else the
 * server's own (`APP_LOCALE`). Never throws, whatever the header holds.
 */
export function pickLocale(header: string | undefined, fallback: Locale): Locale {
  let best: { locale: Locale; weight: number } | undefined;
  for (const part of (header ?? '').slice(0, 500).split(',')) {
    const [range = '', ...params] = part.trim().toLowerCase().split(';');
    const locale = /^(fr|en)(-|$)/.exec(range)?.[1] as Locale | undefined;
    if (!locale) continue;
    const q = params.map((param) => /^\s*q=([0-9.]+)\s*$/.exec(param)?.[1]).find(Boolean);
    const weight = q === undefined ? 1 : Number(q);
    if (weight > 0 && (!best || weight > best.weight)) best = { locale, weight };
  }
  return best?.locale ?? fallback;
}
