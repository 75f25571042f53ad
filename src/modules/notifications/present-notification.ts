import { type Locale, say, type Text } from '../../errors.ts';
import { roleLabels } from '../roles/roles.ts';
import { type NotificationKind, notificationTexts } from './notification-kinds.ts';
import type { NotificationAnswer } from './notifications.schemas.ts';
import type { Priority } from './notify.ts';

export interface NotificationRow {
  id: number;
  kind: string;
  priority: Priority;
  document_id: number | null;
  params: Record<string, string | number | null>;
  read_at: Date | null;
  created_at: Date;
}

const everyDocument: Text = { fr: 'tous les documents', en: 'all documents' };
const documentsOfType: Text = { fr: 'documents de type {type}', en: 'documents of type {type}' };

const days = {
  fr: new Intl.DateTimeFormat('fr-CH', { dateStyle: 'long', timeZone: 'UTC' }),
  en: new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }),
};
function inDays(value: string, locale: Locale): string {
  const day = new Date(value);
  return Number.isNaN(day.getTime()) ? value : days[locale].format(day);
}

/** How a parameter reads inside a sentence; the others read as they are. */
const inWords: Record<string, (value: string, locale: Locale) => string> = {
  deadline: inDays,
  from: inDays,
  to: inDays,
  comment: (value, locale) => (locale === 'fr' ? ` : ${value}` : `: ${value}`),
  role: (value, locale) => (roleLabels as Record<string, Text>)[value]?.[locale] ?? value,
  scope(value, locale) {
    const [, type] = value.split(':');
    return type === undefined ? everyDocument[locale] : say(documentsOfType, locale, { type });
  },
};

/** Title and message are written in the reader's language when they are read. */
export function presentNotification(row: NotificationRow, locale: Locale): NotificationAnswer {
  const params = Object.fromEntries(
    Object.entries(row.params).map(([name, value]) => [
      name,
      value === null ? '' : (inWords[name]?.(String(value), locale) ?? value),
    ]),
  );
  // A kind of a later version reads as its name.
  const plain: Text = { fr: row.kind, en: row.kind };
  const { title, message } = notificationTexts[row.kind as NotificationKind] ?? {
    title: plain,
    message: plain,
  };
  return {
    id: row.id,
    type: row.kind,
    title: say(title, locale, params),
    message: say(message, locale, params),
    link: row.document_id === null ? null : `/documents/${row.document_id}`,
    is_read: row.read_at !== null,
    priority: row.priority,
    created_at: row.created_at.toISOString(),
  };
}
