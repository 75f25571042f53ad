import { AppError, defineError } from '../../errors.ts';
import type { SyncTargetError } from './sync.errors.ts';

export const nasNotConfigured = defineError('sync.not_configured', 400, {
  fr: 'NAS non configuré',
  en: 'NAS not configured',
});
export const runNotFound = defineError('sync.run_not_found', 404, {
  fr: 'Cette synchronisation n’existe pas.',
  en: 'There is no such run.',
});
export const targetNotFound = defineError('sync.target_not_found', 404, {
  fr: 'Cette cible n’existe pas.',
  en: 'There is no such target.',
});
export const targetNameTaken = defineError('sync.target_name_taken', 409, {
  fr: 'Une cible porte déjà ce nom.',
  en: 'A target already has this name.',
});
export const targetReadOnly = defineError('sync.target_read_only', 409, {
  fr: 'Cette cible vient des variables d’environnement : changez-les et redémarrez le serveur.',
  en: 'This target comes from the environment: change its variables and restart the server.',
});
export const targetBusy = defineError('sync.target_busy', 409, {
  fr: 'Une synchronisation est en cours sur cette cible. Attendez sa fin.',
  en: 'A run is under way on this target. Wait for its end.',
});
export const optionsInvalid = defineError('sync.options_invalid', 400, {
  fr: 'Les options ne conviennent pas à ce type de cible.',
  en: 'The options do not fit this type of target.',
});

/** A target's own fault as the answer to a request that needed the target. */
export const targetFailed = (fault: SyncTargetError) =>
  new AppError(`sync.${fault.code}`, 400, fault.text, { params: fault.params, cause: fault });

/** Seed 000's words for `POST /sync/test` with no target. */
export const nothingConfigured = {
  fr: 'Synchronisation NAS non configurée. Définissez NAS_MOUNT_PATH dans le fichier .env, ou créez une cible avec POST /sync/targets',
  en: 'NAS sync is not configured. Set NAS_MOUNT_PATH in the .env file, or create a target with POST /sync/targets',
};
export const documentSynced = { fr: 'Synchronisé vers {place}', en: 'Synced to {place}' };
export const statusRetrieved = { fr: 'État de la synchronisation', en: 'Sync status retrieved successfully' };
