import { expect, test } from 'vitest';
import { linesOf } from './ids';

test('an id stands as it is where a line can hold it, else as JSON', () => {
  expect(linesOf(['q/1 a', 'say "x"', 'ü'])).toBe('q/1 a\nsay "x"\nü\n');
  expect(linesOf(['"x"', ' led', 'ends ', 'two\nlines', 'r\r', '\ud800', ''])).toBe('"\\"x\\""\n" led"\n"ends "\n"two\\nlines"\n"r\\r"\n"\\ud800"\n""\n');
});
