import type { SuiteCard } from '../api/types';

export function matching(suites: SuiteCard[], sought: string): SuiteCard[] {
  const words = sought.toLowerCase().split(/\s+/).filter(Boolean);
  return suites.filter((suite) => {
    const text = `${suite.name} ${suite.path} ${suite.description}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

export function isStillChecked(suites: SuiteCard[]): boolean {
  return suites.some((suite) => suite.is_local && !suite.is_checked);
}

// The first name that is free: two suites may be begun from one template.
export function freeName(wanted: string, taken: Array<{ name: string; path: string }>): string {
  const names = new Set(taken.flatMap((suite) => [suite.name, suite.path.replace(/\.ya?ml$/, '')]));
  if (!names.has(wanted)) return wanted;
  let number = 2;
  while (names.has(`${wanted}_${number}`)) number += 1;
  return `${wanted}_${number}`;
}
