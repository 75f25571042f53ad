import { defineError, type Text } from '../../errors.ts';

/** One answer for an unknown name, a wrong password and a deactivated user. */
export const invalidCredentials = defineError('auth.invalid_credentials', 401, {
  fr: "Nom d'utilisateur ou mot de passe incorrect.",
  en: 'Wrong username or password.',
});
/** 400, not 401: the session itself is good. */
export const wrongCurrentPassword = defineError('auth.wrong_current_password', 400, {
  fr: 'Le mot de passe actuel est incorrect.',
  en: 'The current password is wrong.',
});
export const loginLocked = defineError('auth.locked', 429, {
  fr: 'Trop de tentatives de connexion. Réessayez dans {seconds} secondes.',
  en: 'Too many login attempts. Try again in {seconds} seconds.',
});

export const incorrectText: Text = { fr: 'Incorrect', en: 'Wrong' };
