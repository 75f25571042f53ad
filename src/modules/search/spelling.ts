const letters = 'abcdefghijklmnopqrstuvwxyz';

/** Shorter words are near too many others; longer ones nobody types. */
const shortest = 4;
const longest = 24;

/**
 * Every text that is one slip of the fingers from a word (folded): two letters exchanged, one wrong, one too many,
 * one missing; the likeliest slips first. The first letter stays, but for an exchange: few miss it.
 */
export function slipsOf(word: string): string[] {
  if (word.length < shortest || word.length > longest) return [];
  const places = [...Array(word.length).keys()];
  const exchanged = places
    .slice(1)
    .map((at) => word.slice(0, at - 1) + word.charAt(at) + word.charAt(at - 1) + word.slice(at + 1));
  const missing = places
    .slice(1)
    .concat(word.length)
    .flatMap((at) => [...letters].map((letter) => word.slice(0, at) + letter + word.slice(at)));
  const surplus = places.slice(1).map((at) => word.slice(0, at) + word.slice(at + 1));
  const wrong = places
    .slice(1)
    .flatMap((at) => [...letters].map((letter) => word.slice(0, at) + letter + word.slice(at + 1)));
  return [...new Set([...exchanged, ...surplus, ...wrong, ...missing])].filter((slip) => slip !== word);
}
