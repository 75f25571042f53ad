import { defineError } from '../../errors.ts';

export const correspondentNotFound = defineError('correspondents.not_found', 404, {
  fr: 'Correspondant non trouvé',
  en: 'Correspondent not found',
});
export const correspondentNameTaken = defineError('correspondents.name_taken', 409, {
  fr: 'Un autre correspondant porte déjà ce nom.',
  en: 'Another correspondent already has this name.',
});
