import { expect, test } from 'vitest';
import { openTestApp } from '#test/support/test-app.ts';

interface Operation {
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
  }[];
}

interface Document {
  readonly info: { readonly description: string };
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

test('the API reference names every operation, groups it and tells its headers', {
  timeout: 60_000,
}, async () => {
  await using app = await openTestApp();
  const answer = await fetch(`${app.httpUrl}/api/docs/json`);
  const document = (await answer.json()) as Document;
  const groups = new Set(document.tags.map(({ name }) => name));
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  );
  const named = (wanted: (operation: Operation, method: string, path: string) => boolean) =>
    operations
      .filter(({ method, path, operation }) => wanted(operation, method, path))
      .map(({ method, path }) => `${method} ${path}`);

  expect(operations.length).toBeGreaterThan(80);
  expect(named(({ summary = '' }) => summary.trim() === '' || summary.includes('\n'))).toEqual([]);
  expect(named(({ tags = [] }) => tags.length !== 1 || !groups.has(tags[0] ?? ''))).toEqual([]);

  const headers = ({ parameters = [] }: Operation) =>
    parameters.filter((parameter) => parameter.in === 'header').map(({ name }) => name);
  const isChange = (method: string, path: string) => method !== 'get' && path !== '/api/v1/auth/login';
  expect(
    named(
      (operation, method, path) => isChange(method, path) !== headers(operation).includes('Idempotency-Key'),
    ),
  ).toEqual([]);
  expect(
    named((operation, method) => (method === 'patch') !== headers(operation).includes('If-Match')),
  ).toEqual([]);
  for (const word of ['Bearer', 'code', 'nextCursor', 'Idempotency-Key', 'If-Match', '/readyz', '/metrics']) {
    expect(document.info.description).toContain(word);
  }
});
