import { expect, test } from 'vitest';
import { themeOf } from './theme';

test('a kept theme that is none is the system one', () => {
  expect([null, 'dark', 'light', 'blue', '"><script>'].map(themeOf)).toEqual(['system', 'dark', 'light', 'system', 'system']);
});
