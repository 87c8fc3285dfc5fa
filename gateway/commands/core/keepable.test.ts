import { expect, test } from 'vitest';
import { keepable } from './keepable.ts';

test('what a database refuses is left out, wherever it stands, and nothing else is', () => {
  expect(
    keepable({ 'a\u0000': ['x\u0000y', { b: '\ud83d' }], n: 1, is: null, face: '😀', zh: '空调' }),
  ).toEqual({
    a: ['xy', { b: '' }],
    n: 1,
    is: null,
    face: '😀',
    zh: '空调',
  });
});
