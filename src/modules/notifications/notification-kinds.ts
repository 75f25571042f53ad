import type { Text } from '../../errors.ts';

/**
 * What each kind of notification needs to be told, as of then. `title` is a document's; days (`deadline`, `from`,
 * `to`) are `YYYY-MM-DD` or ISO instants; `role` is a role's code, `scope` is `*` or `document_type:<code>`.
 */
export interface NotificationParams {
  validation_pending: { title: string; username: string };
  validation_escalated: { title: string; username: string };
  validation_reminder: { title: string; deadline: string };
  validation_overdue: { title: string; deadline: string };
  validation_approved: { title: string; username: string; comment: string | null };
  validation_rejected: { title: string; username: string; comment: string | null };
  validation_dismissed: { title: string; username: string; comment: string | null };
  document_shared: { title: string; username: string };
  role_assigned: { role: string; scope: string };
  role_removed: { role: string; scope: string };
  delegation_received: { username: string; from: string; to: string };
}

export type NotificationKind = keyof NotificationParams;

/** `{name}` stands for a parameter of the kind. */
type Sentences = { title: Text; message: Text };

export const notificationTexts: Record<NotificationKind, Sentences> = {
  validation_pending: {
    title: { fr: 'Document à valider', en: 'Document to approve' },
    message: { fr: '{title} soumise par {username}', en: '{title} submitted by {username}' },
  },
  validation_escalated: {
    title: { fr: 'Document à valider par un administrateur', en: 'Document to approve by an administrator' },
    message: {
      fr: '{title}, soumise par {username}, dépasse les limites des validateurs',
      en: '{title}, submitted by {username}, is above the limits of all validators',
    },
  },
  validation_reminder: {
    title: { fr: 'Validation attendue', en: 'Approval due soon' },
    message: { fr: '{title} : à valider avant le {deadline}', en: '{title}: to be approved by {deadline}' },
  },
  validation_overdue: {
    title: { fr: 'Validation en retard', en: 'Approval overdue' },
    message: {
      fr: '{title} : la validation était attendue avant le {deadline}',
      en: '{title}: the approval was due by {deadline}',
    },
  },
  validation_approved: {
    title: { fr: 'Document approuvé', en: 'Document approved' },
    message: { fr: '{username} a approuvé {title}{comment}', en: '{username} approved {title}{comment}' },
  },
  validation_rejected: {
    title: { fr: 'Document rejeté', en: 'Document rejected' },
    message: { fr: '{username} a rejeté {title}{comment}', en: '{username} rejected {title}{comment}' },
  },
  validation_dismissed: {
    title: { fr: 'Validation sans objet', en: 'No approval needed' },
    message: {
      fr: 'Selon {username}, {title} n’est pas à valider{comment}',
      en: 'According to {username}, {title} needs no approval{comment}',
    },
  },
  document_shared: {
    title: { fr: 'Document partagé', en: 'Document shared' },
    message: { fr: '{username} a partagé {title} avec vous', en: '{username} shared {title} with you' },
  },
  role_assigned: {
    title: { fr: 'Rôle attribué', en: 'Role given' },
    message: { fr: 'Vous avez le rôle {role} ({scope})', en: 'You have the role {role} ({scope})' },
  },
  role_removed: {
    title: { fr: 'Rôle retiré', en: 'Role taken back' },
    message: {
      fr: 'Vous n’avez plus le rôle {role} ({scope})',
      en: 'You no longer have the role {role} ({scope})',
    },
  },
  delegation_received: {
    title: { fr: 'Délégation reçue', en: 'Delegation received' },
    message: {
      fr: '{username} vous délègue ses validations du {from} au {to}',
      en: '{username} lends you their approvals from {from} to {to}',
    },
  },
};
