import type { Language } from './words.ts';

/** One sort of paper that a sector sends. */
export interface Paper {
  type: 'invoice' | 'receipt' | 'payslip' | 'other';
  /** how often, beside the sector's other papers */
  weight: number;
  title: Record<Language, string>;
  /** in whole units of the currency; null: a paper without an amount */
  amount: [low: number, high: number] | null;
  /** tags by their path, see `tagTree` */
  tags: string[];
}

export interface Sector {
  /** authorities: named after their place alone */
  public?: true;
  /** what stands before or after a firm's own name: `*` is the name */
  names: Record<Language, string[]>;
  papers: Paper[];
  /** what its papers speak of: also the lines of its invoices */
  subjects: Record<Language, string[]>;
}

const split = (text: string) => text.split(' | ');

export const sectors: Sector[] = [
  {
    names: {
      fr: split('Électricité * SA | Énergie * | Chauffage urbain * | Gaz * Sàrl'),
      en: split('* Power | * Energy AG | * Gas & Water'),
    },
    papers: [
      {
        type: 'invoice',
        weight: 8,
        title: { fr: 'Facture d’électricité', en: 'Electricity bill' },
        amount: [40, 620],
        tags: ['Maison/Énergie'],
      },
      {
        type: 'invoice',
        weight: 2,
        title: { fr: 'Décompte annuel de chauffage', en: 'Annual heating statement' },
        amount: [300, 2900],
        tags: ['Maison/Énergie', 'Important'],
      },
      {
        type: 'other',
        weight: 1,
        title: { fr: 'Adaptation des tarifs', en: 'Change of tariff' },
        amount: null,
        tags: ['Maison/Énergie'],
      },
    ],
    subjects: {
      fr: split(
        'consommation en heures pleines | consommation en heures creuses | taxe d’acheminement | abonnement au réseau | relevé du compteur | redevance communale | énergie solaire réinjectée',
      ),
      en: split(
        'peak consumption | off-peak consumption | network charge | meter reading | standing charge | solar energy fed in',
      ),
    },
  },
  {
    names: {
      fr: split('Télécom * | * Mobile SA | Fibre *'),
      en: split('* Telecom | * Broadband Ltd | * Mobile'),
    },
    papers: [
      {
        type: 'invoice',
        weight: 9,
        title: { fr: 'Facture de téléphone', en: 'Phone bill' },
        amount: [19, 180],
        tags: ['Maison/Télécom'],
      },
      {
        type: 'other',
        weight: 1,
        title: { fr: 'Contrat d’abonnement', en: 'Subscription contract' },
        amount: null,
        tags: ['Maison/Télécom', 'Contrats'],
      },
    ],
    subjects: {
      fr: split(
        'abonnement mobile | communications vers l’étranger | location du routeur | option itinérance | télévision numérique | ligne fixe',
      ),
      en: split(
        'mobile plan | international calls | router rental | roaming option | digital television | landline',
      ),
    },
  },
  {
    names: {
      fr: split('Garage * & Fils | Carrosserie * | Pneus * Sàrl'),
      en: split('* Motors | * Tyres & Service | * Auto Repair'),
    },
    papers: [
      {
        type: 'invoice',
        weight: 6,
        title: { fr: 'Facture de garage', en: 'Garage invoice' },
        amount: [90, 3400],
        tags: ['Véhicule/Entretien'],
      },
      {
        type: 'receipt',
        weight: 2,
        title: { fr: 'Quittance d’entretien', en: 'Service receipt' },
        amount: [35, 480],
        tags: ['Véhicule/Entretien', 'Payé'],
      },
      {
        type: 'other',
        weight: 1,
        title: { fr: 'Devis de carrosserie', en: 'Body work estimate' },
        amount: [200, 6500],
        tags: ['Véhicule'],
      },
    ],
    subjects: {
      fr: split(
        'vidange et filtre à huile | plaquettes de frein | pneus d’hiver | contrôle antipollution | géométrie du train avant | main-d’œuvre | courroie de distribution',
      ),
      en: split(
        'oil and filter change | brake pads | winter tyres | emission test | wheel alignment | labour | timing belt',
      ),
    },
  },
  {
    names: {
      fr: split('Clinique * | Cabinet Dr * | Pharmacie * | Laboratoire * | Physiothérapie *'),
      en: split('* Clinic | Dr * Dental Practice | * Pharmacy'),
    },
    papers: [
      {
        type: 'invoice',
        weight: 6,
        title: { fr: 'Note d’honoraires', en: 'Medical invoice' },
        amount: [45, 2200],
        tags: ['Santé'],
      },
      {
        type: 'receipt',
        weight: 3,
        title: { fr: 'Ticket de pharmacie', en: 'Pharmacy receipt' },
        amount: [5, 160],
        tags: ['Santé/Remboursements'],
      },
      {
        type: 'other',
        weight: 1,
        title: { fr: 'Rapport médical', en: 'Medical report' },
        amount: null,
        tags: ['Santé', 'Confidentiel'],
      },
    ],
    subjects: {
      fr: split(
        'consultation de base | analyse de sang | radiographie du genou | ordonnance renouvelée | séance de physiothérapie | vaccin contre la grippe',
      ),
      en: split(
        'consultation | blood test | knee x-ray | repeat prescription | physiotherapy session | flu vaccination',
      ),
    },
  },
  {
    names: {
      fr: split('Assurances * | Mutuelle * | Caisse-maladie *'),
      en: split('* Insurance | * Mutual | * Life & Health'),
    },
    papers: [
      {
        type: 'invoice',
        weight: 5,
        title: { fr: 'Prime d’assurance', en: 'Insurance premium' },
        amount: [80, 1900],
        tags: ['Assurances'],
      },
      {
        type: 'other',
        weight: 3,
        title: { fr: 'Police d’assurance', en: 'Insurance policy' },
        amount: [150, 4200],
        tags: ['Assurances', 'Contrats'],
      },
      {
        type: 'other',
        weight: 3,
        title: { fr: 'Décompte de prestations', en: 'Statement of benefits' },
        amount: [10, 1500],
        tags: ['Assurances', 'Santé/Remboursements'],
      },
    ],
    subjects: {
      fr: split(
        'assurance ménage | responsabilité civile | franchise annuelle | quote-part | assurance complémentaire | dégât des eaux | protection juridique',
      ),
      en: split(
        'household cover | third-party liability | yearly deductible | co-payment | supplementary cover | water damage | legal protection',
      ),
    },
  },
  {
    public: true,
    names: {
      fr: split('Commune de * | Office des impôts * | Service des automobiles * | Caisse de compensation *'),
      en: split('* City Council | * Tax Office | * Registry Office'),
    },
    papers: [
      {
        type: 'invoice',
        weight: 4,
        title: { fr: 'Acompte d’impôt', en: 'Tax instalment' },
        amount: [120, 5400],
        tags: ['Administration/Impôts/Acomptes', 'À payer'],
      },
      {
        type: 'other',
        weight: 2,
        title: { fr: 'Décision de taxation', en: 'Tax assessment' },
        amount: [500, 24000],
        tags: ['Administration/Impôts/Déclaration', 'Important'],
      },
      {
        type: 'other',
        weight: 2,
        title: { fr: 'Attestation de domicile', en: 'Certificate of residence' },
        amount: null,
        tags: ['Administration'],
      },
      {
        type: 'receipt',
        weight: 1,
        title: { fr: 'Quittance d’émolument', en: 'Fee receipt' },
        amount: [10, 180],
        tags: ['Administration', 'Payé'],
      },
    ],
    subjects: {
      fr: split(
        'impôt cantonal et communal | impôt fédéral direct | taxe des déchets | plaques d’immatriculation | cotisations AVS | permis de construire | état civil',
      ),
      en: split(
        'cantonal and communal tax | federal direct tax | waste collection fee | licence plates | social security contributions | building permit | civil status',
      ),
    },
  },
  {
    names: {
      fr: split('Banque * | Caisse d’épargne * | Fiduciaire * SA'),
      en: split('* Bank | * Savings | * Trust & Accounting'),
    },
    papers: [
      {
        type: 'other',
        weight: 6,
        title: { fr: 'Relevé de compte', en: 'Account statement' },
        amount: [50, 48000],
        tags: ['Banque'],
      },
      {
        type: 'invoice',
        weight: 2,
        title: { fr: 'Honoraires de fiduciaire', en: 'Accounting fees' },
        amount: [250, 7800],
        tags: ['Comptabilité'],
      },
      {
        type: 'other',
        weight: 1,
        title: { fr: 'Attestation fiscale', en: 'Tax certificate' },
        amount: [10, 90000],
        tags: ['Banque', 'Administration/Impôts/Déclaration'],
      },
    ],
    subjects: {
      fr: split(
        'intérêts créanciers | frais de tenue de compte | ordre permanent | hypothèque à taux fixe | bouclement annuel | carte de débit',
      ),
      en: split(
        'interest credited | account fee | standing order | fixed-rate mortgage | annual closing | debit card',
      ),
    },
  },
  {
    names: {
      fr: split('Restaurant * | Boulangerie * | Librairie * | Quincaillerie * | Marché *'),
      en: split('* Café | * Books | * Hardware | The * Inn'),
    },
    papers: [
      {
        type: 'receipt',
        weight: 9,
        title: { fr: 'Ticket de caisse', en: 'Till receipt' },
        amount: [3, 190],
        tags: ['Frais/Repas', 'Payé'],
      },
      {
        type: 'invoice',
        weight: 2,
        title: { fr: 'Facture de fournitures', en: 'Supplies invoice' },
        amount: [20, 900],
        tags: ['Frais/Fournitures'],
      },
    ],
    subjects: {
      fr: split(
        'menu du jour | café et croissant | eau minérale | papier et cartouches d’encre | vis et chevilles | ouvrage de référence',
      ),
      en: split(
        'set lunch | coffee and pastry | sparkling water | paper and ink cartridges | screws and wall plugs | reference book',
      ),
    },
  },
  {
    names: {
      fr: split('Ateliers * SA | Horlogerie * | Imprimerie * | Menuiserie * Sàrl | Vignobles *'),
      en: split('* Precision AG | * Consulting | * Foods Ltd'),
    },
    papers: [
      {
        type: 'payslip',
        weight: 8,
        title: { fr: 'Fiche de salaire', en: 'Payslip' },
        amount: [2400, 11800],
        tags: ['Travail/Salaires', 'Confidentiel'],
      },
      {
        type: 'payslip',
        weight: 1,
        title: { fr: 'Certificat de salaire', en: 'W-2 wage statement' },
        amount: [28000, 142000],
        tags: ['Travail/Salaires', 'Administration/Impôts/Déclaration'],
      },
      {
        type: 'other',
        weight: 1,
        title: { fr: 'Contrat de travail', en: 'Employment contract' },
        amount: null,
        tags: ['Travail', 'Contrats', 'Confidentiel'],
      },
    ],
    subjects: {
      fr: split(
        'salaire de base | heures supplémentaires | allocations familiales | retenue LPP | prime de fin d’année | indemnité de repas',
      ),
      en: split(
        'base salary | overtime | family allowance | pension deduction | year-end bonus | meal allowance',
      ),
    },
  },
  {
    names: {
      fr: split('Régie * | Gérance * SA | Coopérative *'),
      en: split('* Property | * Lettings | * Estates'),
    },
    papers: [
      {
        type: 'invoice',
        weight: 6,
        title: { fr: 'Avis de loyer', en: 'Rent notice' },
        amount: [850, 4200],
        tags: ['Maison/Loyer'],
      },
      {
        type: 'other',
        weight: 2,
        title: { fr: 'Décompte de charges', en: 'Service charge statement' },
        amount: [60, 1900],
        tags: ['Maison/Loyer'],
      },
      {
        type: 'other',
        weight: 1,
        title: { fr: 'Bail à loyer', en: 'Tenancy agreement' },
        amount: [850, 4200],
        tags: ['Maison/Loyer', 'Contrats', 'Important'],
      },
    ],
    subjects: {
      fr: split(
        'loyer net | acompte de chauffage | place de parc intérieure | entretien de l’ascenseur | conciergerie | taux hypothécaire de référence',
      ),
      en: split(
        'net rent | heating advance | indoor parking space | lift maintenance | caretaker | reference interest rate',
      ),
    },
  },
  {
    names: {
      fr: split('Transports * | Voyages * | Taxis * | Déménagements *'),
      en: split('* Railways | * Travel | * Couriers'),
    },
    papers: [
      {
        type: 'receipt',
        weight: 5,
        title: { fr: 'Billet de train', en: 'Train ticket' },
        amount: [4, 260],
        tags: ['Frais/Déplacements'],
      },
      {
        type: 'invoice',
        weight: 3,
        title: { fr: 'Facture de transport', en: 'Transport invoice' },
        amount: [60, 2600],
        tags: ['Frais/Déplacements', 'À payer'],
      },
    ],
    subjects: {
      fr: split(
        'aller-retour en deuxième classe | supplément bagages | livraison express | abonnement demi-tarif | nuit d’hôtel | course de nuit',
      ),
      en: split(
        'second-class return | baggage surcharge | express delivery | half-fare card | hotel night | night ride',
      ),
    },
  },
  {
    names: {
      fr: split('École * | Crèche * | Centre de formation *'),
      en: split('* School | * Academy | * Nursery'),
    },
    papers: [
      {
        type: 'invoice',
        weight: 5,
        title: { fr: 'Facture d’écolage', en: 'School fees' },
        amount: [120, 3900],
        tags: ['Famille/École', 'À payer'],
      },
      {
        type: 'other',
        weight: 3,
        title: { fr: 'Bulletin scolaire', en: 'School report' },
        amount: null,
        tags: ['Famille/École'],
      },
    ],
    subjects: {
      fr: split(
        'cours de langue | matériel scolaire | cantine du midi | course d’école | garde du matin | examen de fin d’année',
      ),
      en: split(
        'language course | school supplies | lunch club | school trip | morning care | final examination',
      ),
    },
  },
];

/** `parent/child`, each parent before its children; the colours are the tags' own. */
export const tagTree: { path: string; color: string }[] = [
  ['Administration', '#455a64'],
  ['Administration/Impôts', '#546e7a'],
  ['Administration/Impôts/Acomptes', '#607d8b'],
  ['Administration/Impôts/Déclaration', '#78909c'],
  ['Assurances', '#00838f'],
  ['Banque', '#283593'],
  ['Comptabilité', '#4527a0'],
  ['Comptabilité/TVA', '#5e35b1'],
  ['Confidentiel', '#b71c1c'],
  ['Contrats', '#6d4c41'],
  ['Famille', '#ad1457'],
  ['Famille/École', '#d81b60'],
  ['Frais', '#ef6c00'],
  ['Frais/Déplacements', '#f57c00'],
  ['Frais/Fournitures', '#fb8c00'],
  ['Frais/Repas', '#ffa000'],
  ['Important', '#d32f2f'],
  ['Maison', '#2e7d32'],
  ['Maison/Loyer', '#388e3c'],
  ['Maison/Télécom', '#43a047'],
  ['Maison/Énergie', '#4caf50'],
  ['Payé', '#689f38'],
  ['Santé', '#c2185b'],
  ['Santé/Remboursements', '#e91e63'],
  ['Travail', '#1565c0'],
  ['Travail/Salaires', '#1976d2'],
  ['Véhicule', '#5d4037'],
  ['Véhicule/Entretien', '#795548'],
  ['À payer', '#e64a19'],
].map(([path = '', color = '']) => ({ path, color }));
