import { createRandom } from './random.ts';
import { type Sector, sectors } from './sectors.ts';
import { emblems, type Language, places, surnames } from './words.ts';

export interface Correspondent {
  name: string;
  place: string;
  language: Language;
  currency: 'CHF' | 'EUR';
  sector: Sector;
}

/** Tried for each sector; two of the same name are one. */
const tried: Record<Language, number> = { fr: 20, en: 9 };

function make(): Correspondent[] {
  const random = createRandom(0x4669_726d, 0x73);
  const made = new Map<string, Correspondent & { order: number }>();
  for (const sector of sectors) {
    for (const language of ['fr', 'en'] as const) {
      for (let count = 0; count < tried[language]; count += 1) {
        const { name: place, currency } = random.pick(places[language]);
        const own = random.pick([...surnames[language], ...emblems[language]]);
        const pattern = random.pick(sector.names[language]);
        const name = sector.public ? pattern.replace('*', place) : `${pattern.replace('*', own)}, ${place}`;
        made.set(name.toLowerCase(), { name, place, language, currency, sector, order: random.unit() });
      }
    }
  }
  return [...made.values()].sort((a, b) => a.order - b.order);
}

/** About three hundred, always the same whatever the seed; those who write most come first. */
export const correspondents: readonly Correspondent[] = make();
