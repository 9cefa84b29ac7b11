import { lazy, Suspense, type ComponentType, type ReactNode } from 'react';
import { useRoute, type Route } from './route';
import { Start } from './screens/Start';

// Further screens are loaded when they are first shown.
const SCREENS: Array<{ matches: (parts: string[]) => boolean; Screen: ComponentType<{ route: Route }>; title: string }> = [
  { matches: (parts) => parts.length === 0, Screen: Start, title: 'Start' },
  { matches: (parts) => parts[0] === 'runs' && parts[3] === 'rows', Screen: lazy(() => import('./screens/Rows')), title: 'Rows' },
  { matches: (parts) => parts[0] === 'runs' && parts[3] === 'row', Screen: lazy(() => import('./screens/Record')), title: 'Record' },
  { matches: (parts) => parts[0] === 'settings', Screen: lazy(() => import('./screens/Settings')), title: 'Settings' },
];

const LINKS = [
  { to: '#/', name: 'Start', of: undefined },
  { to: '#/models', name: 'Models', of: 'models' },
  { to: '#/settings', name: 'Settings', of: 'settings' },
];

export function App() {
  const route = useRoute();
  const found = SCREENS.find((one) => one.matches(route.parts));
  return (
    <>
      <a className="skip" href="#main" onClick={skip}>
        To the content
      </a>
      <header className="bar">
        <a className="brand" href="#/">
          sygra_eval <span>Studio</span>
        </a>
        <nav aria-label="Main">
          {LINKS.map((link) => (
            <a key={link.to} href={link.to} aria-current={route.parts[0] === link.of ? 'page' : undefined}>
              {link.name}
            </a>
          ))}
        </nav>
      </header>
      <main id="main" tabIndex={-1}>
        {found ? <Shown key={found.title}><found.Screen route={route} /></Shown> : <NothingHere />}
      </main>
    </>
  );
}

function Shown({ children }: { children: ReactNode }) {
  return <Suspense fallback={<p className="loading">Loading …</p>}>{children}</Suspense>;
}

function NothingHere() {
  return (
    <section className="screen">
      <h1>There is nothing here</h1>
      <p>
        The address may be of a run that was removed. <a href="#/">Go to the start.</a>
      </p>
    </section>
  );
}

function skip(event: { preventDefault: () => void }) {
  event.preventDefault(); // the address is the route
  document.getElementById('main')?.focus();
}
