import { expect, test } from 'vitest';
import { told } from './version';

const nobody = { version: undefined, first: undefined, trouble: undefined };
const of = (build: string) => ({ version: '1', build, workspace: '/w', is_read_only: false });

test('a tab that was loaded from another build says so, and no longer once they are the same', () => {
  const first = told(nobody, of('a'));
  const other = told(first, of('b'));

  expect([first.trouble, other.trouble, told(other, of('a')).trouble]).toEqual([undefined, 'updated', undefined]);
});
