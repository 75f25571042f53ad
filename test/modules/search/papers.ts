import type { Client, TestApp } from '../../support/app.ts';
import { png, uploaded } from '../documents/papers.ts';

export interface Paper {
  title: string;
  file?: string;
  text?: string;
  type?: number;
  correspondent?: number;
  tags?: number[];
  amount?: number;
}

/** A document whose text is what is said here: an image, of which nothing is taken out in the background. */
export async function file(t: TestApp, owner: Client, paper: Paper): Promise<number> {
  const fields: Record<string, string> = { title: paper.title };
  if (paper.type) fields.document_type_id = String(paper.type);
  if (paper.correspondent) fields.correspondent_id = String(paper.correspondent);
  if (paper.tags) fields.tags = JSON.stringify(paper.tags);
  if (paper.amount !== undefined) fields.amount = String(paper.amount);
  const { id } = await uploaded(owner, { name: paper.file ?? 'scan.png', bytes: png(), fields });
  if (paper.text !== undefined)
    await t.db.documentText.create({ data: { documentId: id, version: 1, text: paper.text } });
  return id;
}

export async function search(client: Client, query: Record<string, string | string[]>) {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) for (const one of [value].flat()) params.append(key, one);
  const answer = await client.get(`/search?${params}`);
  if (answer.status !== 200) throw new Error(`${params}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body.data;
}

export async function titlesOf(client: Client, query: string): Promise<string[]> {
  const { documents } = await search(client, { q: query, per_page: '100' });
  return documents.map((document: { title: string }) => document.title);
}

export async function suggestions(client: Client, q: string, limit = 10) {
  const answer = await client.get(`/search/suggest?${new URLSearchParams({ q, limit: String(limit) })}`);
  if (answer.status !== 200) throw new Error(`${q}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body.suggestions as { text: string; type: string }[];
}
