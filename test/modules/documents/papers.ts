import { randomBytes } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';
import type { Answer, Client } from '../../support/app.ts';

/** A real one-page PDF; its bytes differ with its text. */
export function pdf(text = randomBytes(8).toString('hex')): Buffer {
  const page = `BT /F1 18 Tf 72 720 Td (${text}) Tj ET`;
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
    `<< /Length ${page.length} >>\nstream\n${page}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ];
  let body = '%PDF-1.4\n';
  const offsets = objects.map((object, index) => {
    const at = body.length;
    body += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return at;
  });
  const xref = body.length;
  body += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n`;
  body += offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  body += `trailer << /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${xref}\n%%EOF\n`;
  return Buffer.from(body, 'latin1');
}

/** A real PNG of one pixel. */
export function png(): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    const check = Buffer.alloc(4);
    check.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, check]);
  };
  const header = Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0]);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.concat([Buffer.from([0]), randomBytes(3)]))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

export interface Paper {
  name?: string;
  bytes?: Buffer;
  fields?: Record<string, string>;
  headers?: Record<string, string>;
}

/** A form as a browser would send it: the fields, then the file. */
export async function form({ name = 'scan.pdf', bytes = pdf(), fields = {} }: Paper) {
  const data = new FormData();
  for (const [field, value] of Object.entries(fields)) data.append(field, value);
  data.append('file', new Blob([new Uint8Array(bytes)]), name);
  return encode(data);
}

export async function encode(data: FormData) {
  const sent = new Response(data);
  return {
    payload: Buffer.from(await sent.arrayBuffer()),
    headers: { 'content-type': sent.headers.get('content-type') ?? '' },
  };
}

export async function upload(client: Client, paper: Paper = {}): Promise<Answer> {
  const { payload, headers } = await form(paper);
  return client.post('/documents', payload, { ...headers, ...paper.headers });
}

/** An uploaded document's answer; fails where the upload did. */
export async function uploaded(client: Client, paper: Paper = {}): Promise<Answer['body']> {
  const answer = await upload(client, paper);
  if (answer.status !== 201)
    throw new Error(`upload answered ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body.data;
}

export async function replace(client: Client, id: number, paper: Paper = {}): Promise<Answer> {
  const { payload, headers } = await form(paper);
  return client.put(`/documents/${id}/file`, payload, { ...headers, ...paper.headers });
}
