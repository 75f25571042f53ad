import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Client, password, type TestApp } from '../../support/app.ts';
import { upload } from '../../support/upload.ts';
import { type Call, createRecorder, type Examples } from './recorder.ts';

/** Some days of a small office, in which every operation of the API is called at least once. */
export async function liveThrough(t: TestApp, { folder }: { folder: string }): Promise<Examples> {
  const { examples, call, note } = createRecorder();
  const { admin, nobody } = t;
  const imports = path.join(folder, 'scans');
  const nas = path.join(folder, 'nas');
  await mkdir(imports);
  await mkdir(nas);

  const { types, anna } = await moveIn({ t, call });
  const invoice = types.find(({ code }) => code === 'invoice')?.id;
  const luc = await signUp('luc.favre', 'Luc Favre');

  async function signUp(username: string, displayName: string): Promise<Client> {
    const body = { username, password, display_name: displayName, email: `${username}@example.ch` };
    await call(admin, 'POST /users', { body });
    return t.signIn(username, password);
  }
  async function scan(name: string, words: string) {
    await writeFile(path.join(imports, name), words);
    return path.join(imports, name);
  }

  // labels
  const { id: edf } = (
    await call(anna, 'POST /correspondents', {
      body: { name: 'EDF', match: 'EDF "Électricité de France"', matching_algorithm: 'any' },
    })
  ).data;
  const { id: energy } = (
    await call(anna, 'POST /tags', {
      body: { name: 'Énergie', color: '#ff8800', match: 'électricité', matching_algorithm: 'any' },
    })
  ).data;
  for (const [kind, id] of Object.entries({ correspondents: edf, tags: energy })) {
    await call(anna, `GET /${kind}`);
    await call(anna, `GET /${kind}/{id}`, { id });
    await call(anna, `PUT /${kind}/{id}`, { id, body: { is_insensitive: true } });
  }

  // documents
  const { id } = (
    await call(anna, 'POST /documents', {
      body: {
        file_path: await scan('facture-edf.txt', 'EDF, électricité, janvier : 1500.00 CHF'),
        ...{ title: 'Facture EDF', document_type_id: invoice, correspondent_id: edf },
        ...{ document_date: '2026-01-21', amount: 1500, currency: 'CHF', tags: [energy] },
      },
    })
  ).data;
  await call(anna, 'GET /documents', { query: { search: 'edf' } });
  await call(anna, 'GET /documents/{id}', { id });
  await call(anna, 'PUT /documents/{id}', { id, body: { title: 'Facture EDF janvier' } });
  const bytes = Buffer.from('EDF, électricité, janvier, corrigée : 1500.00 CHF');
  note(
    'PUT /documents/{id}/file',
    await upload(anna, { name: 'facture-edf.txt', bytes, to: `/documents/${id}/file`, method: 'PUT' }),
  );
  await call(anna, 'GET /documents/{id}/versions', { id });
  for (const access of ['read', 'write'])
    await call(anna, 'PUT /documents/{id}/shares/{userId}', { id, userId: luc.id, body: { access } });
  await call(anna, 'GET /documents/{id}/shares', { id });
  for (const kind of ['correspondents', 'tags'])
    await call(anna, `POST /${kind}/{id}/apply`, {
      ...{ id: kind === 'tags' ? energy : edf, body: { dry_run: true } },
    });
  await call(anna, 'GET /search', { query: { q: 'factures' } });
  await call(anna, 'GET /search/suggest', { query: { q: 'fac' } });

  await decideThings({ t, call, anna, luc, id });

  // the trash
  const { id: wrong } = (
    await call(anna, 'POST /documents', {
      body: { file_path: await scan('erreur.txt', 'Une erreur'), title: 'À jeter' },
    })
  ).data;
  await call(anna, 'DELETE /documents/{id}', { id: wrong });
  await call(anna, 'POST /documents/{id}/restore', { id: wrong });

  await syncThings({ admin, call, nas, id });

  // and out again
  await call(anna, 'DELETE /documents/{id}/shares/{userId}', { id, userId: luc.id });
  await call(admin, 'DELETE /tags/{id}', { id: energy });
  await call(admin, 'DELETE /correspondents/{id}', { id: edf });
  await call(admin, 'GET /audit', { query: { per_page: '5' } });
  await call(admin, 'GET /audit/verify');
  await call(admin, 'PATCH /users/{id}', { id: luc.id, body: { email: null } });
  await call(admin, 'DELETE /users/{id}', { id: luc.id });
  for (const address of ['/health', '/health/ready', '/status', '/health/status'])
    await call(nobody, `GET /${address}`);
  await call(anna, 'POST /auth/password', {
    body: { current_password: password, new_password: 'another correct horse staple' },
  });
  await call(await t.signIn('anna.rochat', 'another correct horse staple'), 'POST /auth/logout');
  return examples;
}

async function moveIn({ t, call }: { t: TestApp; call: Call }) {
  const { admin, nobody } = t;
  const person = { username: 'anna.rochat', display_name: 'Anna Rochat', email: 'anna.rochat@example.ch' };
  const { id } = (await call(admin, 'POST /users', { body: { ...person, password } })).data;
  await call(nobody, 'POST /auth/login', { body: { username: person.username, password } });
  const anna = await t.signIn(person.username, password);
  await call(anna, 'GET /auth/me');
  await call(admin, 'GET /users');
  await call(anna, 'GET /users/directory');
  await call(admin, 'GET /users/{id}', { id });

  const types: { id: number; code: string }[] = (await call(anna, 'GET /document-types')).data;
  const { id: quote } = (
    await call(admin, 'POST /document-types', { body: { code: 'quote', label: 'Devis', folder: 'devis' } })
  ).data;
  await call(anna, 'GET /document-types/{id}', { id: quote });
  await call(admin, 'PUT /document-types/{id}', { id: quote, body: { label: 'Offre' } });
  await call(admin, 'DELETE /document-types/{id}', { id: quote });
  return { types, anna };
}

interface Office {
  t: TestApp;
  call: Call;
  anna: Client;
  luc: Client;
  id: number;
}

async function decideThings({ t, call, anna, luc, id }: Office) {
  const { admin } = t;
  const userId = luc.id;
  await call(luc, 'GET /roles');
  for (const amount of [2000, 5000])
    await call(admin, 'POST /roles/user/{userId}/assign', {
      userId,
      body: {
        ...{ role_code: 'VALIDATOR_L1', scope: '*', max_amount: amount },
        ...{ valid_from: '2026-01-01', valid_to: null },
      },
    });
  await call(luc, 'GET /roles/user/{userId}', { userId });
  const lent = await call(luc, 'POST /validation/delegations', {
    body: { delegate_id: admin.id, scope: '*', valid_from: '2099-02-01', valid_to: '2099-02-14' },
  });
  await call(luc, 'GET /validation/delegations');
  await call(luc, 'DELETE /validation/delegations/{id}', { id: lent.data.id });

  await call(anna, 'POST /validation/{id}/submit', { id, body: { comment: 'Merci de vérifier' } });
  await call(luc, 'GET /validation/pending');
  await call(luc, 'GET /validation/can-validate/{id}', { id });
  await call(luc, 'POST /validation/{id}/reject', { id, body: { comment: 'Information manquante' } });
  await call(anna, 'POST /validation/{id}/submit', { id, body: { comment: 'Complétée' } });
  await call(luc, 'POST /validation/{id}/status', { id, body: { status: 'na', comment: 'Rien à valider' } });
  await call(anna, 'POST /validation/{id}/submit', { id, body: {} });
  await call(luc, 'POST /validation/{id}/approve', { id, body: { comment: 'Approuvé' } });
  await call(luc, 'GET /validation/{id}/status', { id });
  await call(anna, 'GET /validation/{id}/history', { id });
  await call(admin, 'GET /validation/statistics');
  await call(admin, 'DELETE /roles/user/{userId}/{roleCode}', { userId, roleCode: 'VALIDATOR_L1' });

  const { data } = await call(anna, 'GET /notifications');
  await call(anna, 'GET /notifications/unread');
  await call(anna, 'POST /notifications/{id}/read', { id: data[0].id });
  await call(anna, 'POST /notifications/read-all');
}

async function syncThings({ admin, call, nas, id }: { admin: Client; call: Call; nas: string; id: number }) {
  const { id: target } = (
    await call(admin, 'POST /sync/targets', { body: { name: 'nas', type: 'smb', options: { path: nas } } })
  ).data;
  await call(admin, 'GET /sync/targets');
  await call(admin, 'GET /sync/targets/{id}', { id: target });
  await call(admin, 'GET /sync/config');
  await call(admin, 'POST /sync/test');
  await call(admin, 'POST /sync/targets/{id}/test', { id: target });
  await call(admin, 'POST /sync/document/{id}', { id });
  const { run_id: run } = await call(admin, 'POST /sync/run', { body: {} });
  await call(admin, 'GET /sync/status');
  await call(admin, 'GET /sync/runs/{id}', { id: run });
  await call(admin, 'POST /sync/runs/{id}/cancel', { id: run });
  await call(admin, 'GET /sync/runs');
  await call(admin, 'POST /sync/run', { query: { wait: 'false' }, body: {} });
  // joins that one, and so ends after it
  await call(admin, 'POST /sync/run', { body: {} });
  await call(admin, 'POST /sync/targets/{id}/adopt', { id: target });
  await call(admin, 'PUT /sync/targets/{id}', { id: target, body: { enabled: false } });
  await call(admin, 'DELETE /sync/targets/{id}', { id: target });
}
