import { defineError } from '../../errors.ts';

export const notificationNotFound = defineError('notifications.not_found', 404, {
  fr: 'Notification non trouvée',
  en: 'Notification not found',
});
