import { z } from 'zod';
import { idNumber, idText, instant, pageQuery, pagination } from '../../http/schemas.ts';
import { targetKindNames } from './target-types.ts';

export const statusAnswer = z.object({
  success: z.literal(true),
  message: z.string(),
  total_documents: z.int().describe('Documents that are not in the trash'),
  synced: z.int().describe('Documents whose current version is on every enabled target, proved'),
  pending: z.int(),
  sync_percentage: z.number(),
  last_sync: instant.nullable().describe('End of the last run without an error'),
  nas_configured: z.boolean().describe('True when any target is enabled'),
});

const configTarget = z.object({
  id: z.int(),
  name: z.string(),
  type: z.string(),
  host: z.string(),
  path: z.string(),
  path_exists: z.boolean(),
  path_writable: z.boolean(),
});

export const configAnswer = z.object({
  success: z.literal(true),
  configured: z.boolean(),
  nas_host: z.boolean(),
  nas_user: z.boolean(),
  nas_path: z.boolean(),
  host: z.string().nullable(),
  path: z.string().nullable(),
  path_exists: z.boolean(),
  path_writable: z.boolean(),
  targets: z.array(configTarget),
});

const testedTarget = z.object({
  id: z.int(),
  name: z.string(),
  type: z.string(),
  success: z.boolean(),
  message: z.string(),
  clock_drift_ms: z.number().nullable().describe('The target’s clock minus the server’s'),
  free_bytes: z.number().nullable(),
});

export const testAnswer = z.object({
  success: z.boolean(),
  message: z.string(),
  targets: z.array(testedTarget),
});
export const testOneAnswer = testedTarget;

export const runBody = z
  .strictObject({
    target_id: idNumber.describe('Only this target; else all enabled ones').optional(),
    document_ids: z.array(idNumber).min(1).max(10_000).describe('Only these documents').optional(),
  })
  .nullish();

export const runQuery = z.strictObject({
  wait: z.enum(['true', 'false']).default('true').describe('`false`: answer 202 at once with the run’s id'),
});

export const runAnswer = z.object({
  success: z.boolean(),
  run_id: z.int(),
  state: z.string(),
  total: z.int().describe('Documents to sync'),
  synced: z.int().describe('Documents now on every target of the run, proved'),
  failed: z.int(),
  errors: z.array(z.string()).describe('At most 1000'),
});

export const runAccepted = z.object({ success: z.literal(true), run_id: z.int() });

export const documentAnswer = z.object({ success: z.boolean(), message: z.string() });

const run = z.object({
  id: z.int(),
  trigger: z.string(),
  state: z.enum(['running', 'success', 'partial', 'failed', 'cancelled', 'interrupted']),
  total: z.int(),
  synced: z.int(),
  failed: z.int(),
  bytes: z.number().describe('Bytes that went out'),
  started_at: instant,
  finished_at: instant.nullable(),
  targets: z.array(
    z.object({
      target_id: z.int(),
      name: z.string(),
      state: z.string(),
      total: z.int(),
      synced: z.int(),
      failed: z.int(),
      bytes: z.number(),
    }),
  ),
});

export const runListAnswer = z.object({ success: z.literal(true), data: z.array(run), pagination });
export const runDetailAnswer = z.object({
  success: z.literal(true),
  data: run.extend({ errors: z.array(z.string()) }),
});
export const listQuery = z.strictObject(pageQuery);
export const runParams = z.strictObject({ id: idText });

const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,49}$/)
  .describe('Lower-case letters, digits, `-` and `_`');
const policy = z.enum(['keep']).describe('What becomes of the copy of a document deleted for good');
const options = z.record(z.string(), z.unknown()).describe('By type; smb: `{"path": "/mnt/nas"}`');

export const createTargetBody = z.strictObject({
  name,
  type: z.enum(targetKindNames),
  enabled: z.boolean().default(true),
  policy: policy.default('keep'),
  options,
});

export const updateTargetBody = z.strictObject({
  name: name.optional(),
  enabled: z.boolean().optional(),
  policy: policy.optional(),
  options: options.optional(),
});

const target = z.object({
  id: z.int(),
  name: z.string(),
  type: z.string(),
  enabled: z.boolean(),
  origin: z.enum(['api', 'environment']).describe('`environment`: read-only here'),
  policy,
  options: z.record(z.string(), z.unknown()),
  marked_at: instant.nullable().describe('When the marker was written on the target'),
  last_success_at: instant.nullable(),
  created_at: instant,
  updated_at: instant,
});

export const targetAnswer = z.object({ success: z.literal(true), data: target });
export const targetListAnswer = z.object({ success: z.literal(true), data: z.array(target) });
export const deletedAnswer = z.object({ success: z.literal(true) });
