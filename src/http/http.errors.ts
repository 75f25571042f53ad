import { defineError, type Text } from '../errors.ts';

export const invalidRequest = defineError('request.invalid', 400, {
  fr: 'La requête est invalide.',
  en: 'The request is invalid.',
});
export const malformedUrl = defineError('request.malformed_url', 400, {
  fr: "L'adresse n'est pas correctement encodée.",
  en: 'The address is not encoded correctly.',
});
export const malformedJson = defineError('request.malformed_json', 400, {
  fr: "Le corps de la requête n'est pas du JSON valide.",
  en: 'The request body is not valid JSON.',
});
export const unauthorized = defineError('auth.no_session', 401, {
  fr: 'Authentification requise : connectez-vous.',
  en: 'Authentication required: sign in.',
});
export const forbidden = defineError('auth.forbidden', 403, {
  fr: "Vous n'avez pas le droit de faire cela.",
  en: 'You are not allowed to do this.',
});
export const adminRequired = defineError('auth.admin_required', 403, {
  fr: 'Réservé aux administrateurs.',
  en: 'Administrators only.',
});
export const foreignOrigin = defineError('auth.foreign_origin', 403, {
  fr: "Requête refusée : elle vient d'un autre site. Ajoutez-le à CORS_ALLOWED_ORIGINS s'il est le vôtre.",
  en: 'Request refused: it comes from another site. Add it to CORS_ALLOWED_ORIGINS if it is yours.',
});
export const notFound = defineError('request.not_found', 404, {
  fr: 'Cette adresse n’existe pas.',
  en: 'There is nothing at this address.',
});
export const documentNotFound = defineError('documents.not_found', 404, {
  fr: 'Document non trouvé',
  en: 'Document not found',
});
export const methodNotAllowed = defineError('request.method_not_allowed', 405, {
  fr: 'Méthode {method} non autorisée ici. Méthodes possibles : {allow}.',
  en: 'Method {method} is not allowed here. Possible methods: {allow}.',
});
export const rateLimited = defineError('request.rate_limited', 429, {
  fr: 'Rate limit exceeded. Try again in {seconds} seconds.',
  en: 'Rate limit exceeded. Try again in {seconds} seconds.',
});
export const stopping = defineError('server.stopping', 503, {
  fr: 'Le serveur est en cours d’arrêt. Réessayez dans un instant.',
  en: 'The server is stopping. Try again in a moment.',
});
export const databaseUnavailable = defineError('server.database_unavailable', 503, {
  fr: 'La base de données ne répond pas. Réessayez dans un instant.',
  en: 'The database does not answer. Try again in a moment.',
});
export const internal = defineError('server.fault', 500, {
  fr: 'Erreur interne. Donnez le numéro de requête à votre administrateur.',
  en: 'Internal error. Give the request id to your administrator.',
});

/** What a 4xx of Fastify or of a plugin says, by its status. */
export const byStatus: Record<number, ReturnType<typeof defineError>> = {
  400: invalidRequest,
  404: notFound,
  406: defineError('request.unsupported_media_type', 415, {
    fr: 'Type de contenu non pris en charge.',
    en: 'Unsupported content type.',
  }),
  408: defineError('request.timeout', 408, {
    fr: 'La requête a mis trop de temps à arriver.',
    en: 'The request took too long to arrive.',
  }),
  413: defineError('request.too_large', 413, {
    fr: 'La requête est trop grande.',
    en: 'The request is too large.',
  }),
  414: defineError('request.url_too_long', 414, {
    fr: "L'adresse est trop longue.",
    en: 'The address is too long.',
  }),
  415: defineError('request.unsupported_media_type', 415, {
    fr: 'Type de contenu non pris en charge.',
    en: 'Unsupported content type.',
  }),
  429: rateLimited,
  431: defineError('request.headers_too_large', 431, {
    fr: 'Les en-têtes de la requête sont trop grands.',
    en: 'The request headers are too large.',
  }),
};

export const fieldTexts = {
  unknownKey: { fr: 'Champ inconnu', en: 'Unknown field' },
  forbiddenCharacters: {
    fr: 'Contient un caractère interdit (NUL ou Unicode mal formé)',
    en: 'Contains a forbidden character (NUL or ill-formed Unicode)',
  },
  tooDeep: { fr: 'Imbriqué trop profondément', en: 'Nested too deeply' },
  missing: { fr: 'Champ obligatoire', en: 'Required field' },
} satisfies Record<string, Text>;
