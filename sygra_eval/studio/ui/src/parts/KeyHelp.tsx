import { Dialog } from './Dialog';

type KeyLine = [keys: string, what: string];

const EVERYWHERE: KeyLine[] = [
  ['Tab', 'go through all that can be used, in order'],
  ['Enter', 'follow a link, press a button, choose a node'],
  ['Esc', 'close a dialog or a panel'],
  ['?', 'these keys'],
];

const OF_ROWS: KeyLine[] = [
  ['j ↓', 'next row'],
  ['k ↑', 'row before'],
  ['Enter', 'open the row'],
  ['/', 'search'],
  ['x', 'select the row'],
  ['Home End', 'first, last row'],
];

const OF_RECORD: KeyLine[] = [
  ['j k', 'next row, row before'],
  ['h l', 'round before, next round'],
  ['1 2 3 4', 'rounds, outcome, state, calls'],
  ['a r', 'accept, reject'],
  ['e t n', 'fix by hand, label, note'],
  ['u', 'undo the last mark'],
  ['v', 'run the verdicts again'],
  ['b', 'back to the table'],
];

const OF_GRAPH: KeyLine[] = [
  ['Tab', 'next node'],
  ['Enter', 'choose the node: its figures stand beside the graph'],
];

const SCREENS: ReadonlyArray<[title: string, lines: KeyLine[]]> = [
  ['On every screen', EVERYWHERE],
  ['In a graph', OF_GRAPH],
  ['In the table of rows', OF_ROWS],
  ['In a record', OF_RECORD],
];

// The keys of all screens, on `?` from any of them.
export function KeyHelp({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <div className="keyhelp">
        {SCREENS.map(([title, lines]) => (
          <section key={title}>
            <h3>{title}</h3>
            <KeyLines lines={lines} />
          </section>
        ))}
      </div>
    </Dialog>
  );
}

function KeyLines({ lines }: { lines: KeyLine[] }) {
  return (
    <dl>
      {lines.map(([keys, what]) => (
        <div key={what}>
          <dt>
            {keys.split(' ').map((key) => (
              <kbd key={key}>{key}</kbd>
            ))}
          </dt>
          <dd>{what}</dd>
        </div>
      ))}
    </dl>
  );
}
