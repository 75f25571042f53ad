/** The word lists that synthetic papers are made from. No firm named here is meant to exist. */

export type Language = 'fr' | 'en';

export const months = {
  fr: 'janvier février mars avril mai juin juillet août septembre octobre novembre décembre'.split(' '),
  en: 'January February March April May June July August September October November December'.split(' '),
} as const;

/** With the currency of the country they lie in. */
export const places: Record<Language, { name: string; currency: 'CHF' | 'EUR' }[]> = {
  fr: [
    ...'Lausanne Genève Fribourg Neuchâtel Sion Yverdon Vevey Morges Nyon Bienne Delémont Martigny Bulle Sierre Aigle'
      .split(' ')
      .map((name) => ({ name, currency: 'CHF' as const })),
    ...'Annecy Dijon Lyon Besançon Nantes Évian'
      .split(' ')
      .map((name) => ({ name, currency: 'EUR' as const })),
  ],
  en: [
    ...'Zürich Basel Zug Lugano'.split(' ').map((name) => ({ name, currency: 'CHF' as const })),
    ...'Dublin Cork Galway Valletta'.split(' ').map((name) => ({ name, currency: 'EUR' as const })),
  ],
};

export const surnames: Record<Language, string[]> = {
  fr: 'Perrin Rochat Favre Blanchard Dubuis Jaquier Moret Chevalley Bonvin Pittet Gremaud Cornuz Tissot Mercanton Vuilleumier Descloux Lambelet Duperrex Çelik N’Guyen'.split(
    ' ',
  ),
  en: 'Ashworth Bradley Callahan Dunmore Ellery Fairbanks Garrick Hollis Kinsella Langford Merrick O’Rourke Pemberton Quinlan Thornbury Whitlock'.split(
    ' ',
  ),
};

/** What firms call themselves after. */
export const emblems: Record<Language, string[]> = {
  fr: 'Valombre Clairmont Tilleuls Grand-Pré Combes Horizon Dranse Jorat Rive-Bleue Altéa Sylvène Orée Marronnier Belcombe'.split(
    ' ',
  ),
  en: 'Northgate Silverbrook Oakfield Harbourview Larkspur Stonebridge Westmere Fernhill Brightwater Ravenscroft'.split(
    ' ',
  ),
};

/** Goes with any letter. */
export const remarks: Record<Language, string[]> = {
  fr: [
    'Nous vous remercions de votre confiance et restons à votre disposition pour tout renseignement.',
    'Veuillez conserver ce document avec vos pièces comptables pendant dix ans.',
    'Toute réclamation doit nous parvenir par écrit dans les trente jours suivant la réception.',
    'Les montants sont exprimés toutes taxes comprises, sauf mention contraire.',
    'En cas de changement d’adresse, merci de nous prévenir au moins deux semaines à l’avance.',
    'Le for juridique est au siège de la société ; le droit suisse est applicable.',
    'Nos bureaux sont ouverts du lundi au vendredi, de 8 h à 12 h et de 13 h 30 à 17 h.',
    'Ce courrier a été établi automatiquement et reste valable sans signature.',
    'Sans nouvelles de votre part, nous considérerons ces indications comme exactes.',
    'Vous trouverez au verso les conditions générales en vigueur depuis le début de l’année.',
    'Un rappel vous a peut-être déjà été adressé ; dans ce cas, ne tenez pas compte du présent envoi.',
    'Notre nouveau portail en ligne vous permet de consulter l’ensemble de vos documents.',
    'À l’occasion de nos vingt-cinq ans, une remise de fidélité vous est accordée.',
    'La TVA est calculée au taux légal applicable à la date de la prestation.',
  ],
  en: [
    'Thank you for your custom; please contact us should anything be unclear.',
    'Please keep this document with your records for at least ten years.',
    'Any complaint must reach us in writing within thirty days of receipt.',
    'All amounts include value added tax unless stated otherwise.',
    'If you are about to move, kindly let us know two weeks in advance.',
    'The terms and conditions overleaf form part of this agreement.',
    'Our office is open from Monday to Friday, nine to half past five.',
    'This letter was produced automatically and is valid without a signature.',
    'Unless we hear from you, we shall take the details above to be correct.',
    'You may already have received a reminder; if so, please disregard this notice.',
    'Your documents are also available at any time in the customer portal.',
    'A loyalty discount has been applied to mark our anniversary.',
  ],
};

/** Names of files are put together from these. */
export const syllables = {
  first:
    'Bal Cor Dra Fen Gal Hel Ivo Jor Kes Lum Mar Nor Ost Per Quin Ras Sol Tor Ulm Vel Wil Xan Yor Zel'.split(
      ' ',
    ),
  vowels: 'a e i o u'.split(' '),
  middle: 'ber dal fer gan ker lin mer nor pas ran ster tin vik zac'.split(' '),
  last: 'is or um en ax on et al ys ia'.split(' '),
};
