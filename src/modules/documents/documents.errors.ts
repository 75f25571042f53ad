import { defineError, type Text } from '../../errors.ts';

export const duplicateDocument = defineError('documents.duplicate', 409, {
  fr: 'Ce fichier existe déjà (document {document_id}).',
  en: 'This file already exists (document {document_id}).',
});
export const duplicateInTrash = defineError('documents.duplicate', 409, {
  fr: 'Ce fichier existe déjà dans la corbeille (document {document_id}) : restaurez-le.',
  en: 'This file already exists in the trash (document {document_id}): restore it.',
});
export const asnTaken = defineError('documents.asn_taken', 409, {
  fr: 'Ce numéro d’archive est déjà pris par un autre document.',
  en: 'This archive serial number already belongs to another document.',
});
export const inTrash = defineError('documents.in_trash', 409, {
  fr: 'Ce document est dans la corbeille : restaurez-le d’abord.',
  en: 'This document is in the trash: restore it first.',
});
export const keyReused = defineError('documents.idempotency_key_reused', 409, {
  fr: 'Cette clé Idempotency-Key a déjà servi pour un autre contenu.',
  en: 'This Idempotency-Key was already used for other content.',
});
export const badIdempotencyKey = defineError('documents.bad_idempotency_key', 400, {
  fr: 'Idempotency-Key : de 1 à 255 caractères ASCII visibles.',
  en: 'Idempotency-Key: 1 to 255 visible ASCII characters.',
});
export const staleVersion = defineError('documents.stale', 412, {
  fr: 'Ce document a changé depuis que vous l’avez lu. Relisez-le, puis recommencez.',
  en: 'This document has changed since you read it. Read it again, then retry.',
});
export const badMultipart = defineError('documents.bad_multipart', 400, {
  fr: 'Le formulaire envoyé est incomplet ou mal formé.',
  en: 'The form sent is incomplete or malformed.',
});
export const notMultipart = defineError('documents.not_multipart', 415, {
  fr: 'Envoyez le fichier en multipart/form-data.',
  en: 'Send the file as multipart/form-data.',
});
export const badImportPath = defineError('documents.bad_import_path', 400, {
  fr: 'Ce fichier ne peut pas être importé : il doit être un fichier ordinaire dans l’un des dossiers d’import (IMPORT_DIRS).',
  en: 'This file cannot be imported: it must be a regular file inside one of the import folders (IMPORT_DIRS).',
});
export const noPreview = defineError('documents.no_preview', 415, {
  fr: 'Pas d’aperçu pour ce type de fichier : téléchargez-le.',
  en: 'There is no preview of this type of file: download it.',
});
export const rangeNotSatisfiable = defineError('documents.range_not_satisfiable', 416, {
  fr: 'La plage demandée est hors du fichier.',
  en: 'The requested range lies outside the file.',
});
export const versionNotFound = defineError('documents.version_not_found', 404, {
  fr: 'Cette version du document n’existe pas.',
  en: 'The document has no such version.',
});

export const shareNotFound = defineError('documents.not_shared', 404, {
  fr: 'Ce document n’est pas partagé avec cet utilisateur.',
  en: 'This document is not shared with this user.',
});

/** What is wrong with one field, beyond its shape. */
export const fieldErrors = {
  unknownType: { fr: 'Type de document inconnu', en: 'Unknown document type' },
  unknownCorrespondent: { fr: 'Correspondant inconnu', en: 'Unknown correspondent' },
  isOwner: { fr: 'C’est le propriétaire du document', en: 'Owns the document' },
  unknownUser: { fr: 'Utilisateur inconnu ou désactivé', en: 'Unknown or deactivated user' },
  unknownTag: { fr: 'Étiquette inconnue', en: 'Unknown tag' },
  asnTaken: { fr: 'Déjà pris', en: 'Already taken' },
  amount: {
    fr: 'Montant : 12 chiffres et 2 décimales au plus',
    en: 'Amount: at most 12 digits and 2 decimals',
  },
  currency: { fr: 'Monnaie inconnue (ISO 4217)', en: 'Unknown currency (ISO 4217)' },
  date: { fr: 'Date invalide (AAAA-MM-JJ)', en: 'Invalid date (YYYY-MM-DD)' },
  time: { fr: 'Date ou heure ISO 8601 attendue', en: 'Expected an ISO 8601 date or time' },
  filename: {
    fr: 'Nom de fichier absent, trop long ou mal encodé (UTF-8 attendu)',
    en: 'File name missing, too long or badly encoded (expected UTF-8)',
  },
  oneFile: { fr: 'Exactement un fichier attendu', en: 'Expected exactly one file' },
  text: { fr: 'Texte mal encodé (UTF-8 attendu)', en: 'Badly encoded text (expected UTF-8)' },
  once: { fr: 'Donné plusieurs fois', en: 'Given more than once' },
} satisfies Record<string, Text>;
