import type { Correspondent } from './correspondents.ts';
import type { Random } from './random.ts';
import type { Paper } from './sectors.ts';
import { type Language, months, remarks, syllables } from './words.ts';

/** What a paper's texts are made from. */
export interface Facts {
  language: Language;
  paper: Paper;
  from: Correspondent | null;
  subjects: string[];
  date: Date;
  reference: string;
  cents: number | null;
  currency: 'CHF' | 'EUR';
}

const plain = (cents: number) => (cents / 100).toFixed(2);
const digits = (random: Random, count: number) => String(random.below(10 ** count)).padStart(count, '0');

/** As it is printed: 1'234.50 CHF, 1 234,50 EUR, EUR 1,234.50. */
function printed(cents: number, { language, currency }: Facts): string {
  const [whole = '', rest = ''] = plain(cents).split('.');
  const grouped = (mark: string) => whole.replace(/\B(?=(\d{3})+$)/g, mark);
  if (language === 'en') return `${currency} ${grouped(',')}.${rest}`;
  return currency === 'CHF' ? `${grouped("'")}.${rest} CHF` : `${grouped('\u00a0')},${rest} EUR`;
}

export function referenceOf(random: Random, year: number): string {
  const number = random.between(1, 9999);
  const kind = random.below(10);
  if (kind < 6) return `${year}-${String(number).padStart(4, '0')}`;
  if (kind < 8) return `${random.pick(['F', 'K', 'R', 'W', 'INV'])}-${random.between(1, 99)}`;
  return `${random.between(100, 999)}.${random.between(1000, 9999)}.${String(number).padStart(4, '0')}`;
}

/** Of an account that nobody has: its check digits are none. */
function accountOf(random: Random, currency: 'CHF' | 'EUR'): string {
  const four = () => digits(random, 4);
  return currency === 'CHF'
    ? `CH${digits(random, 2)} 0${digits(random, 3)} ${four()} ${four()} ${four()} ${random.below(10)}`
    : `FR${digits(random, 2)} ${four()} ${four()} ${four()} ${four()} ${four()} ${digits(random, 3)}`;
}

/** How many files papers belong to. The first ones have many papers, most have a few. */
export const fileNames =
  syllables.first.length * syllables.vowels.length * syllables.middle.length * syllables.last.length;

/** The name of the file at a place from 0: each has its own. */
export function fileNameAt(place: number): string {
  let left = place;
  const take = (list: readonly string[]) => {
    const found = list[left % list.length] ?? '';
    left = Math.floor(left / list.length);
    return found;
  };
  const last = take(syllables.last);
  const middle = take(syllables.middle);
  const first = take(syllables.first);
  return first + take(syllables.vowels) + middle + last;
}

export function titleOf(random: Random, { language, paper, from, date, reference }: Facts): string {
  const base = paper.title[language];
  const name = from?.name.split(',', 1)[0];
  const month = `${months[language][date.getUTCMonth()]} ${date.getUTCFullYear()}`;
  const form = random.below(10);
  if (name === undefined || form < 1) return `${base} ${reference}`;
  if (form < 4) return `${base} ${name} ${reference}`;
  if (form < 7) return `${base} ${name} – ${month}`;
  return form < 9 ? `${name} : ${base} ${month}` : `${base} ${name}`;
}

export function filenameOf(random: Random, facts: Facts, title: string): string {
  const day = facts.date.toISOString().slice(0, 10);
  const form = random.below(20);
  // What scanners and portals call everything they send.
  if (form === 0) return `Scan_${day.replaceAll('-', '')}_${random.between(1, 400)}.txt`;
  if (form === 1) return facts.language === 'fr' ? 'Facture.txt' : 'document.txt';
  if (form === 2) return `RE: ${title}.txt`;
  return form < 12 ? `${title}.txt` : `${day} ${title}.txt`;
}

function itemLine(random: Random, { language, currency, subjects, date }: Facts): string {
  const what = random.pick(subjects);
  const quantity = random.between(1, 24);
  const price = plain(random.between(40, 9000) * 5);
  const day = `${random.between(1, 28)} ${months[language][date.getUTCMonth()]}`;
  if (language === 'fr')
    return random.pick([
      `- ${what}, ${quantity} × ${price} ${currency}`,
      `Le poste « ${what} » du ${day} se monte à ${price} ${currency}.`,
      `Concernant ${what} : période du 1 au ${day}, quantité ${quantity}, prix unitaire ${price}.`,
    ]);
  return random.pick([
    `- ${what}, ${quantity} × ${price} ${currency}`,
    `The item “${what}” of ${day} comes to ${price} ${currency}.`,
    `Regarding ${what}: period from 1 to ${day}, quantity ${quantity}, unit price ${price}.`,
  ]);
}

function head(
  random: Random,
  { language, from, date, reference, paper, cents }: Facts,
  title: string,
): string {
  const isFrench = language === 'fr';
  const day = `${date.getUTCDate()} ${months[language][date.getUTCMonth()]} ${date.getUTCFullYear()}`;
  let text = from ? `${from.name}\n${from.place}, ${isFrench ? 'le ' : ''}${day}\n\n` : `${day}\n\n`;
  text += `${title}\n`;
  const isBill = cents !== null && paper.type === 'invoice';
  if (isFrench) text += `${isBill ? 'Facture n°' : 'Référence :'} ${reference}\n`;
  else text += `${isBill ? 'Invoice no.' : 'Reference:'} ${reference}\n`;
  if (random.chance(0.5))
    text += `${isFrench ? 'N° de client' : 'Customer no.'} ${digits(random, 2)}-${digits(random, 4)}\n`;
  if (random.chance(0.4))
    text += `${isFrench ? 'Dossier' : 'File'} ${fileNameAt(Math.floor(fileNames * random.unit() ** 2))}\n`;
  return `${text}\n${isFrench ? 'Madame, Monsieur,' : 'Dear Sir or Madam,'}\n\n`;
}

function tail(random: Random, facts: Facts): string {
  const { language, paper, cents, currency } = facts;
  const isFrench = language === 'fr';
  let text = '\n';
  if (cents !== null) {
    const words = isFrench ? ['Montant à payer', 'Montant total', 'Total', 'Solde'] : ['Amount due', 'Total'];
    text += `${random.pick(words)}${isFrench ? ' ' : ''}: ${printed(cents, facts)}\n`;
    if (paper.type === 'invoice' && random.chance(0.7)) text += `IBAN ${accountOf(random, currency)}\n`;
  }
  return text + (isFrench ? 'Avec nos salutations les meilleures.\n' : 'Yours faithfully,\n');
}

/** Plain text of 40 to 150 words, now and then of some hundreds; `mark` is in no other paper. */
export function textOf(
  random: Random,
  { facts, title, mark }: { facts: Facts; title: string; mark: string },
): { text: string; size: number } {
  let text = head(random, facts, title);
  // Whatever else is alike, no two papers have the same bytes.
  const end = `${tail(random, facts)}\n[${mark}]\n`;
  const endSize = Buffer.byteLength(end);
  // The longest line has less than 200 bytes, and one is written past the target.
  const target = random.chance(0.04) ? 1200 + 1600 * random.unit() : 330 + 520 * random.unit() ** 1.5;
  let size = Buffer.byteLength(text) + endSize;
  while (size < target) {
    const line = `${random.chance(0.6) ? itemLine(random, facts) : random.pick(remarks[facts.language])}\n`;
    text += line;
    size += Buffer.byteLength(line);
  }
  return { text: text + end, size };
}
