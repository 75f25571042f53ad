import { expect, test } from 'vitest';
import { z } from 'zod';
import { asFrontend, fits, openBrowser } from './frontend.ts';

/** “Format des erreurs” */
const failure = z.looseObject({
  error: z.literal(true),
  message: z.string().min(1),
  errors: z.record(z.string(), z.array(z.string())),
});

asFrontend('answers', (use) => {
  test('failures have the codes and the form of the seed', async () => {
    const { user1, api } = use();
    const refused = await user1.post('/tags', { name: '', colour: '#ff0000' });
    expect(refused.status).toBe(400);
    const { errors } = fits(refused.body, failure);
    expect(Object.keys(errors).sort()).toEqual(['colour', 'name']);
    for (const address of ['/documents/2147483647', '/tags/2147483647', '/nowhere']) {
      const unknown = await user1.get(address);
      expect(unknown.status).toBe(404);
      fits(unknown.body, failure);
    }
    const unsigned = await openBrowser(api).get('/documents');
    expect(unsigned.status).toBe(401);
    fits(unsigned.body, failure);
  });
});

asFrontend(
  'the rate limit',
  (use) => {
    test('shows itself on every answer, and in the seed’s words when it is reached', async () => {
      const { user1 } = use();
      const first = await user1.get('/tags');
      expect(first.status).toBe(200);
      expect(first.headers.get('x-ratelimit-limit')).toBe('20');
      const left = Number(first.headers.get('x-ratelimit-remaining'));
      expect(left).toBeLessThan(20);
      const reset = Number(first.headers.get('x-ratelimit-reset'));
      expect(Math.abs(reset - Date.now() / 1000)).toBeLessThan(61);
      for (let i = 0; i < left; i++) expect((await user1.get('/tags')).status).toBe(200);
      const refused = await user1.get('/tags');
      expect(refused.status).toBe(429);
      expect(refused.body.error).toMatch(/^Rate limit exceeded\. Try again in \d+ seconds\.$/);
      expect(refused.headers.get('x-ratelimit-remaining')).toBe('0');
    });
  },
  { RATE_LIMIT_MAX: '20' },
);
