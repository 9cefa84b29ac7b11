// Which theme holds: kept in the browser, and the same in all tabs. `theme.js` sets it before the first paint.
import { create } from 'zustand';

export type Theme = 'system' | 'light' | 'dark';
export const THEMES: readonly Theme[] = ['system', 'light', 'dark'];
const KEY = 'sygra-eval-theme';

export function themeOf(kept: string | null): Theme {
  return kept === 'light' || kept === 'dark' ? kept : 'system';
}

type Shown = { theme: Theme; choose: (theme: Theme) => void };

export const useTheme = create<Shown>((set) => ({
  theme: themeOf(read()),
  choose: (theme) => {
    keep(theme);
    apply(theme);
    set({ theme });
  },
}));

export function followOtherTabs(): void {
  window.addEventListener('storage', (event) => {
    if (event.key !== KEY) return;
    const theme = themeOf(event.newValue);
    apply(theme);
    useTheme.setState({ theme });
  });
}

function apply(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}

function read(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function keep(theme: Theme): void {
  try {
    if (theme === 'system') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // It holds until the tab is closed.
  }
}
