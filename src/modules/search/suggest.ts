import type { Database } from '../../database/client.ts';
import type { SessionUser } from '../../http/request.ts';
import { foldWord } from './highlight.ts';
import type { Suggestion } from './search.schemas.ts';
import { slipsOf } from './spelling.ts';
import { type Choices, findKnown, findSuggestions } from './suggest.queries.ts';

/** Of one typed word: more would be guesses. */
const mostCorrections = 5;

/** The words as typed, folded. Of a very long text the first ones: no title has more. */
const typedWords = (q: string) => (foldWord(q).match(/[\p{L}\p{N}]+/gu) ?? []).slice(0, 20);

/** For each word itself, where something begins with it, and what is a slip away; null where one has neither. */
async function correct(
  db: Database,
  { user, words }: { user: SessionUser; words: string[] },
): Promise<Choices | null> {
  const choices: Choices = [];
  for (const word of words) {
    const found = await findKnown(db, { user, texts: [word, ...slipsOf(word)] });
    if (found.length === 0) return null;
    choices.push(found.slice(0, mostCorrections + Number(found[0] === word)));
  }
  return choices;
}

/** Half of the places at least are for titles where there are enough, the others for names. */
function share(found: Suggestion[], limit: number): Suggestion[] {
  const of = (type: Suggestion['type']) => found.filter((one) => one.type === type);
  const [titles, correspondents, tags] = [of('document'), of('correspondent'), of('tag')];
  const names = Math.max(limit - titles.length, Math.floor(limit / 2));
  const some = correspondents.slice(0, Math.max(names - tags.length, Math.ceil(names / 2)));
  const shownNames = [...some, ...tags.slice(0, names - some.length)];
  return [...titles.slice(0, limit - shownNames.length), ...shownNames];
}

/**
 * What a user who has typed this may mean (seed 004): titles of documents they may see, and correspondents and tags,
 * that have words beginning as the typed ones. Where there is none, slips are forgiven: `factrue` is `facture`.
 */
export async function suggest(
  db: Database,
  { user, q, limit }: { user: SessionUser; q: string; limit: number },
): Promise<Suggestion[]> {
  const words = typedWords(q);
  if (words.length === 0) return [];
  const found = await findSuggestions(db, { user, choices: words.map((word) => [word]), limit });
  if (found.length > 0) return share(found, limit);
  const choices = await correct(db, { user, words });
  return choices ? share(await findSuggestions(db, { user, choices, limit }), limit) : [];
}
