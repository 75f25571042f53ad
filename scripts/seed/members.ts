import type { Random } from './random.ts';

/** A role that a member holds over all documents, or those of one type. */
export interface Role {
  code: 'VALIDATOR_L1' | 'VALIDATOR_L2' | 'APPROVER';
  /** code of a document type; null: all documents */
  type: 'invoice' | null;
  /** in whole units */
  maxAmount: number;
}

interface Member {
  username: string;
  displayName: string;
  role?: Role;
}

/**
 * Who owns the papers beside the administrator, those with most of them first. Nora's are exactly one in a
 * hundred, and she holds no role.
 */
export const members = [
  { username: 'marie', displayName: 'Marie Favre' },
  { username: 'paul', displayName: 'Paul Ashworth' },
  { username: 'lea', displayName: 'Léa Rochat' },
  { username: 'nora', displayName: 'Nora Bonvin' },
  {
    username: 'luc',
    displayName: 'Luc Perrin',
    role: { code: 'VALIDATOR_L1', type: null, maxAmount: 2000 },
  },
  {
    username: 'sophie',
    displayName: 'Sophie Gremaud',
    role: { code: 'VALIDATOR_L1', type: 'invoice', maxAmount: 3000 },
  },
  {
    username: 'karim',
    displayName: 'Karim Benali',
    role: { code: 'VALIDATOR_L2', type: null, maxAmount: 5000 },
  },
  {
    username: 'helen',
    displayName: 'Helen Whitlock',
    role: { code: 'VALIDATOR_L2', type: 'invoice', maxAmount: 5000 },
  },
  {
    username: 'olivier',
    displayName: 'Olivier Cornuz',
    role: { code: 'APPROVER', type: null, maxAmount: 20_000 },
  },
  { username: 'aline', displayName: 'Aline Dubuis' },
  { username: 'bruno', displayName: 'Bruno Pittet' },
  { username: 'celine', displayName: 'Céline Moret' },
  { username: 'daniel', displayName: 'Daniel O’Rourke' },
  { username: 'elodie', displayName: 'Élodie Jaquier' },
  { username: 'florian', displayName: 'Florian Tissot' },
  { username: 'grace', displayName: 'Grace Kinsella' },
  { username: 'hugo', displayName: 'Hugo Mercanton' },
  { username: 'ines', displayName: 'Inès Duperrex' },
  { username: 'james', displayName: 'James Pemberton' },
  { username: 'laura', displayName: 'Laura Lambelet' },
  { username: 'mathieu', displayName: 'Mathieu Blanchard' },
  { username: 'nadia', displayName: 'Nadia Çelik' },
  { username: 'owen', displayName: 'Owen Merrick' },
  { username: 'pauline', displayName: 'Pauline N’Guyen' },
  { username: 'raphael', displayName: 'Raphaël Descloux' },
  { username: 'sarah', displayName: 'Sarah Langford' },
  { username: 'thomas', displayName: 'Thomas Chevalley' },
  { username: 'valerie', displayName: 'Valérie Vuilleumier' },
] as const satisfies Member[];

export type Username = (typeof members)[number]['username'];
export type Owner = 'administrator' | Username;

/** Members with a role, the lowest limits first. */
export const validators: { username: Username; role: Role }[] = members.flatMap((member) =>
  'role' in member ? [{ username: member.username, role: member.role }] : [],
);

const counted: Username = 'nora';
const others = members.map((member) => member.username).filter((username) => username !== counted);
/** Running sums of 1, 1/2, 1/3 …: a few members own most. */
const shares = others.map((_, index) =>
  others.slice(0, index + 1).reduce((sum, _other, rank) => sum + 1 / (rank + 1), 0),
);

export function ownerOf(random: Random, position: number): Owner {
  // Counted, not drawn: 1 % to the paper.
  if (position % 100 === 57) return counted;
  if (random.chance(0.3)) return 'administrator';
  const wanted = random.unit() * (shares.at(-1) ?? 0);
  return others[shares.findIndex((sum) => sum > wanted)] ?? 'administrator';
}
