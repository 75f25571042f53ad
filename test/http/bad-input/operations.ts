import type { FastifyInstance } from 'fastify';
import { z } from 'zod';

/** As much of JSON Schema as is looked into here; zod reads the rest. */
export interface Schema {
  type?: string;
  format?: string;
  enum?: unknown[];
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  minimum?: number;
  maximum?: number;
}

interface Parameter {
  in: 'path' | 'query' | 'header';
  name: string;
  required?: boolean;
  schema: Schema;
}

export interface Operation {
  method: string;
  /** as in the document, `/api/v1/users/{id}` */
  path: string;
  parameters: Parameter[];
  body: Schema | undefined;
  bodyRequired: boolean;
  form: Schema | undefined;
  responses: string[];
  summary: string | undefined;
  security: Record<string, string[]>[] | undefined;
}

interface Described {
  parameters?: Parameter[];
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema } | undefined> };
  responses?: Record<string, unknown>;
  summary?: string;
  security?: Record<string, string[]>[];
}

/** Every operation of the server's own OpenAPI document: what is described there is what is tried. */
export function operationsOf(app: FastifyInstance): Operation[] {
  const paths = app.swagger().paths as Record<string, Record<string, Described>>;
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({
      method: method.toUpperCase(),
      path,
      parameters: described.parameters ?? [],
      body: described.requestBody?.content['application/json']?.schema,
      bodyRequired: described.requestBody?.required ?? false,
      form: described.requestBody?.content['multipart/form-data']?.schema,
      responses: Object.keys(described.responses ?? {}),
      summary: described.summary,
      security: described.security,
    })),
  );
}

export const nameOf = ({ method, path }: Pick<Operation, 'method' | 'path'>) => `${method} ${path}`;

const known = new Map<Schema, z.ZodType>();

/** Whether the document says that this is acceptable: as JSON, or as the text of a query or a path. */
export function allows(schema: Schema, value: unknown, { asText = false } = {}): boolean {
  if (asText && schema.type === 'integer') {
    if (typeof value !== 'string' || !/^\d{1,10}$/.test(value)) return false;
    const number = Number(value);
    return number >= (schema.minimum ?? 0) && number <= (schema.maximum ?? Number.MAX_SAFE_INTEGER);
  }
  if (asText && schema.type === 'number')
    return typeof value === 'string' && /^-?\d{1,12}(\.\d{1,2})?$/.test(value);
  // A list in a query is written as one text for each of its members.
  if (asText && schema.anyOf) return schema.anyOf.some((one) => allows(one, value, { asText }));
  if (asText && schema.type === 'array') return allows(schema.items ?? {}, value, { asText });
  let reader = known.get(schema);
  if (!reader) {
    reader = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
    known.set(schema, reader);
  }
  return reader.safeParse(value).success;
}

/** Whether a parameter of a query may be given several times. */
export const isList = (schema: Schema): boolean =>
  schema.type === 'array' || (schema.anyOf?.some(isList) ?? false);

/** The object a body is, where it may also be null. */
export function objectOf(schema: Schema | undefined): Schema | undefined {
  return schema?.properties ? schema : schema?.anyOf?.find((one) => one.properties);
}

/** Values that a name asks for and a schema cannot say. */
const byName: Record<string, unknown> = {
  password: 'correct horse battery staple',
  current_password: 'correct horse battery staple',
  new_password: 'another correct horse staple',
  username: 'quelqu.un',
  email: 'quelqu.un@example.ch',
  currency: 'CHF',
  code: 'devis',
  scope: '*',
  color: '#336699',
  name: 'cible',
  folder: 'devis',
  options: { path: 'relative, hence refused' },
  file_path: '/nowhere/file.txt',
  tags: [],
  document_ids: [1],
};

/** Something that the schema allows, or nearly. */
export function exampleOf(schema: Schema, name = ''): unknown {
  if (name in byName) return byName[name];
  if (schema.enum) return schema.enum[0];
  if (schema.anyOf) return exampleOf(schema.anyOf[0] ?? {});
  if (schema.properties) {
    return Object.fromEntries(
      Object.entries(schema.properties).map(([key, inner]) => [key, exampleOf(inner, key)]),
    );
  }
  switch (schema.type) {
    case 'integer':
    case 'number':
      return schema.minimum && schema.minimum > 0 ? schema.minimum : 1;
    case 'boolean':
      return false;
    case 'array':
      return [];
    case 'object':
      return {};
    default:
      return schema.format === 'date' ? '2024-02-29' : 'texte';
  }
}

/** The required part of a body, and all of it. */
export function basesOf(body: Schema): Record<string, unknown>[] {
  const object = objectOf(body);
  if (!object) return [];
  const full = exampleOf(object) as Record<string, unknown>;
  const required = Object.fromEntries(Object.entries(full).filter(([key]) => object.required?.includes(key)));
  return [required, full];
}
