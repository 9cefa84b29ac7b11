import { useEffect, type ComponentType } from 'react';
import { Trouble, Whose } from './parts/Frame';
import { later } from './parts/later';
import { useRoute, type Route } from './route';
import { Start } from './screens/Start';

// Further screens are loaded when they are first shown.
const SCREENS: Array<{ matches: (parts: string[]) => boolean; Screen: ComponentType<{ route: Route }>; title: string }> = [
  { matches: (parts) => parts.length === 0, Screen: Start, title: 'Start' },
  { matches: (parts) => parts[0] === 'models', Screen: later(() => import('./screens/Models')), title: 'Models' },
  { matches: (parts) => parts[0] === 'suites' && parts.length === 2, Screen: later(() => import('./screens/Suite')), title: 'Suite' },
  { matches: (parts) => parts[0] === 'runs' && parts.length === 3, Screen: later(() => import('./screens/Run')), title: 'Run' },
  { matches: (parts) => parts[0] === 'runs' && parts[3] === 'rows', Screen: later(() => import('./screens/Rows')), title: 'Rows' },
  { matches: (parts) => parts[0] === 'runs' && parts[3] === 'row', Screen: later(() => import('./screens/Record')), title: 'Record' },
  { matches: (parts) => parts[0] === 'runs' && parts[3] === 'report', Screen: later(() => import('./screens/Report')), title: 'Report' },
  { matches: (parts) => parts[0] === 'compare', Screen: later(() => import('./screens/Compare')), title: 'Compare' },
  { matches: (parts) => parts[0] === 'settings', Screen: later(() => import('./screens/Settings')), title: 'Settings' },
];

const LINKS = [
  { to: '#/', name: 'Start', of: undefined },
  { to: '#/models', name: 'Models', of: 'models' },
  { to: '#/settings', name: 'Settings', of: 'settings' },
];

// Suites and runs are reached from the start.
const FROM_START = [undefined, 'suites', 'runs', 'compare'];

function isAt(part: string | undefined, of: string | undefined): boolean {
  return of === undefined ? FROM_START.includes(part) : part === of;
}

export function App() {
  const route = useRoute();
  const found = SCREENS.find((one) => one.matches(route.parts));
  const title = found?.title ?? 'Nothing here';
  const isItsOwn = found !== undefined && (route.parts[0] === 'runs' || route.parts[0] === 'suites'); // these name the run or the suite
  useEffect(() => {
    if (!isItsOwn) document.title = `${title} · sygra_eval Studio`;
  }, [title, isItsOwn]);
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
            <a key={link.to} href={link.to} aria-current={isAt(route.parts[0], link.of) ? 'page' : undefined}>
              {link.name}
            </a>
          ))}
        </nav>
        <Whose />
      </header>
      <Trouble />
      <main id="main" tabIndex={-1}>
        {found ? <found.Screen key={found.title} route={route} /> : <NothingHere />}
      </main>
    </>
  );
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
