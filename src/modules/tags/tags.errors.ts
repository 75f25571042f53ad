import { defineError, type Text } from '../../errors.ts';

export const tagNotFound = defineError('tags.not_found', 404, {
  fr: 'Étiquette non trouvée',
  en: 'Tag not found',
});
export const tagNameTaken = defineError('tags.name_taken', 409, {
  fr: 'Une autre étiquette porte déjà ce nom à cet endroit.',
  en: 'Another tag already has this name at this place.',
});
export const tagHasChildren = defineError('tags.has_children', 409, {
  fr: 'Cette étiquette en a {count} en dessous : déplacez-les ou supprimez-les d’abord.',
  en: 'There are {count} tag(s) below this one: move or delete them first.',
});

export const fieldErrors = {
  color: { fr: 'Couleur : #rrggbb', en: 'Colour: #rrggbb' },
  unknownParent: { fr: 'Étiquette inconnue', en: 'Unknown tag' },
  cycle: {
    fr: 'Une étiquette ne peut pas être sous elle-même',
    en: 'A tag cannot be below itself',
  },
  tooDeep: { fr: 'Cinq niveaux d’étiquettes au plus', en: 'At most five levels of tags' },
} satisfies Record<string, Text>;
