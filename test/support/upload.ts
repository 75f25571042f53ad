import type { Answer, Client } from './app.ts';

/** Sends a file as a browser's form does; to `POST /documents` unless told otherwise. */
export async function upload(
  client: Client,
  o: {
    name: string;
    bytes: Uint8Array;
    fields?: Record<string, string>;
    headers?: Record<string, string>;
    to?: string;
    method?: 'POST' | 'PUT';
  },
): Promise<Answer> {
  const form = new FormData();
  for (const [name, value] of Object.entries(o.fields ?? {})) form.append(name, value);
  form.append('file', new Blob([new Uint8Array(o.bytes)]), o.name);
  const encoded = new Response(form);
  const headers = { 'content-type': encoded.headers.get('content-type') ?? '', ...o.headers };
  const payload = Buffer.from(await encoded.arrayBuffer());
  return o.method === 'PUT'
    ? client.put(o.to ?? '/documents', payload, headers)
    : client.post(o.to ?? '/documents', payload, headers);
}
