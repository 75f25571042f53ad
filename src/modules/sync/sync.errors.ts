import { type Locale, say, type Text, type TextParams } from '../../errors.ts';

/**
 * What a fault concerns, and so what the engine does with it:
 * - `file`: this file only; the run goes on.
 * - `session`: this session is over, a new one may work; no document has spent an attempt.
 * - `target`: the target itself is unusable now; the run on it stops, no document has spent an attempt.
 */
export type FaultScope = 'file' | 'session' | 'target';

interface Fault {
  scope: FaultScope;
  /** whether the same call can succeed later with nobody having repaired anything first */
  retry: boolean;
  text: Text;
}

/**
 * Every fault a target can report: what it concerns, whether a later try can help, and what people read.
 * The first sentences are those of seeds 000, 001 and 003. A journal keeps `code` and `params` and writes
 * the sentence in the reader's language when it is read: `say(targetFaults[code].text, locale, params)`.
 */
export const targetFaults = {
  source_missing: file(false, 'Fichier source introuvable', 'Source file not found'),
  source_changed: file(
    false,
    'Le fichier source ne correspond plus à son empreinte',
    'The source file no longer matches its hash',
  ),
  source_unreadable: file(true, 'Fichier source illisible', 'The source file cannot be read'),
  file_missing: file(false, 'Fichier absent de la cible', 'The target does not hold this file'),
  hash_mismatch: file(
    true,
    'Les octets relus sur la cible diffèrent de ceux envoyés',
    'The bytes read back from the target differ from those sent',
  ),
  name_refused: file(false, 'Nom de fichier refusé par la cible', 'The target refuses this file name'),
  path_refused: file(
    false,
    'Chemin refusé : il sort du dossier de la cible',
    'Path refused: it leaves the folder of the target',
  ),
  path_conflict: file(
    false,
    'Autre chose occupe déjà ce chemin sur la cible',
    'Something else already stands at this path on the target',
  ),
  permission_denied: file(false, 'Permission refusée', 'Permission denied'),
  file_busy: file(true, 'Fichier utilisé par un autre programme', 'The file is in use by another program'),
  too_large: file(false, 'Fichier trop grand pour la cible', 'The file is too large for the target'),
  /** `{path}`: a folder to save into, on this machine */
  local_write_failed: file(true, 'Écriture locale impossible', 'Cannot write the local file'),
  /** what no other code names; `detail` says more, in the log */
  failed: file(true, 'Échec de la copie', 'The copy failed'),

  cancelled: session(true, 'Synchronisation annulée', 'Synchronisation cancelled'),
  session_lost: session(
    true,
    'La connexion à la cible a été interrompue',
    'The connection to the target was interrupted',
  ),
  closed: session(true, 'La session est fermée', 'The session is closed'),

  not_configured: target(false, 'NAS non configuré', 'NAS not configured'),
  /** `{path}` */
  path_missing: target(true, 'Chemin inexistant : {path}', 'Path does not exist: {path}'),
  target_permission: target(false, 'Permission refusée', 'Permission denied'),
  login_refused: target(false, 'Identification refusée par la cible', 'The target refuses the login'),
  unreachable: target(true, 'Cible injoignable', 'The target cannot be reached'),
  read_only: target(false, 'La cible est en lecture seule', 'The target is read-only'),
  disk_full: target(true, 'Espace disque insuffisant sur la cible', 'No space left on the target'),
  target_gone: target(
    true,
    'La cible a disparu : le montage est absent ou vide',
    'The target is gone: the mount is missing or empty',
  ),
  /** `{name}`: what the marker found there calls itself */
  wrong_target: target(
    false,
    'Ce n’est pas la cible attendue : elle porte le repère « {name} »',
    'This is not the expected target: it bears the marker “{name}”',
  ),
  marker_unreadable: target(
    false,
    'Le repère de la cible (.classeur/target.json) est illisible',
    'The marker of the target (.classeur/target.json) cannot be read',
  ),
  /** `{seconds}` */
  timeout: target(true, 'Timeout de connexion ({seconds}s)', 'Connection timed out ({seconds}s)'),
} satisfies Record<string, Fault>;

export type TargetFaultCode = keyof typeof targetFaults;

export interface TargetFaultDetails {
  params?: TextParams;
  /** For the log: system code and relative path. No secret, no stack. */
  detail?: string;
  cause?: unknown;
}

/** The one error that targets and their sessions throw or report. */
export class SyncTargetError extends Error {
  readonly code: TargetFaultCode;
  readonly scope: FaultScope;
  readonly retry: boolean;
  readonly text: Text;
  readonly params: TextParams;
  readonly detail: string | null;

  constructor(code: TargetFaultCode, { params = {}, detail, cause }: TargetFaultDetails = {}) {
    const { scope, retry, text } = targetFaults[code];
    super(say(text, 'en', params), { cause });
    this.name = 'SyncTargetError';
    this.code = code;
    this.scope = scope;
    this.retry = retry;
    this.text = text;
    this.params = params;
    this.detail = detail ?? null;
  }

  /** What a person reads. */
  say(locale: Locale): string {
    return say(this.text, locale, this.params);
  }
}

function file(retry: boolean, fr: string, en: string): Fault {
  return { scope: 'file', retry, text: { fr, en } };
}

function session(retry: boolean, fr: string, en: string): Fault {
  return { scope: 'session', retry, text: { fr, en } };
}

function target(retry: boolean, fr: string, en: string): Fault {
  return { scope: 'target', retry, text: { fr, en } };
}
