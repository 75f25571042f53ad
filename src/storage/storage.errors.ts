import { defineError } from '../errors.ts';

export const storageFull = defineError('storage.full', 503, {
  fr: 'Espace disque insuffisant : le fichier n’a pas été enregistré.',
  en: 'No space left on the disk: the file was not stored.',
});
export const storageMissing = defineError('storage.missing', 503, {
  fr: 'Le contenu de ce document est introuvable ou incomplet sur le serveur. Prévenez votre administrateur.',
  en: 'The content of this document is missing or incomplete on the server. Tell your administrator.',
});

const spaceCodes = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** A full disk as the 503 it is; everything else as it came. */
export function asStorageError(error: unknown): unknown {
  return spaceCodes.has((error as NodeJS.ErrnoException)?.code ?? '') ? storageFull({ cause: error }) : error;
}
