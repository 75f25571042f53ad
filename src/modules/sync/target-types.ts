import path from 'node:path';
import { z } from 'zod';
import type { SyncTarget } from './sync-target.ts';
import { createSmbTarget } from './targets/smb.ts';

/** What a type of target needs: the shape of its options, and how to make one of them. */
interface TargetKind<Options extends z.ZodType> {
  options: Options;
  create: (options: z.output<Options>) => SyncTarget;
}

const kind = <Options extends z.ZodType>(definition: TargetKind<Options>) => definition;

/** Every type of target there is. A new one is added here and nowhere else. */
export const targetKinds = {
  smb: kind({
    options: z.strictObject({
      path: z
        .string()
        .min(1)
        .max(4096)
        .refine((value) => path.isAbsolute(value), {
          params: {
            text: { fr: 'Indiquez le chemin absolu du montage', en: 'Give the absolute path of the mount' },
          },
        })
        .describe('Absolute path of the mounted share, or of a folder in it'),
    }),
    create: ({ path: mount }) => createSmbTarget({ path: mount }),
  }),
};

export type TargetKindName = keyof typeof targetKinds;
export const targetKindNames = Object.keys(targetKinds) as [TargetKindName, ...TargetKindName[]];

export function isTargetKind(type: string): type is TargetKindName {
  return type in targetKinds;
}

/** The target behind a row of `sync_targets`. Throws a ZodError when the stored options no longer fit. */
export function createTarget(row: { type: string; options: unknown }): SyncTarget {
  if (!isTargetKind(row.type)) throw new Error(`no target of type ${row.type} in this version`);
  const { options, create } = targetKinds[row.type];
  return create(options.parse(row.options));
}
