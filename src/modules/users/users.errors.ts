import { defineError, type Text } from '../../errors.ts';

export const userNotFound = defineError('users.not_found', 404, {
  fr: 'Utilisateur non trouvé',
  en: 'User not found',
});
export const usernameTaken = defineError('users.username_taken', 409, {
  fr: "Ce nom d'utilisateur est déjà pris.",
  en: 'This username is already taken.',
});
export const lastAdministrator = defineError('users.last_administrator', 409, {
  fr: "C'est le dernier administrateur actif : il ne peut être ni désactivé ni rétrogradé.",
  en: 'This is the last active administrator: it can be neither deactivated nor demoted.',
});
/** The sentence of the rule that was broken stands under the field's name in `errors`. */
export const weakPassword = defineError('users.weak_password', 400, {
  fr: 'Ce mot de passe est trop facile à deviner.',
  en: 'This password is too easy to guess.',
});
export const invalidUsername = defineError('users.invalid_username', 400, {
  fr: "Ce nom d'utilisateur n'est pas valable.",
  en: 'This username is not valid.',
});

export const passwordTexts = {
  tooShort: { fr: 'Au moins 10 caractères', en: 'At least 10 characters' },
  tooLong: { fr: 'Au plus 256 caractères', en: 'At most 256 characters' },
  common: {
    fr: 'Fait partie des mots de passe les plus courants',
    en: 'Is one of the most common passwords',
  },
  username: { fr: "Est le nom d'utilisateur", en: 'Is the username' },
  repeated: { fr: 'Un seul caractère répété', en: 'One character repeated' },
} satisfies Record<string, Text>;

export const usernameText: Text = {
  fr: 'De 1 à 64 lettres, chiffres ou . _ @ -',
  en: '1 to 64 letters, digits or . _ @ -',
};
