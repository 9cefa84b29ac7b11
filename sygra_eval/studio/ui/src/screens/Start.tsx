import { address } from '../api/client';
import { useResource } from '../api/resource';
import type { SuiteLine, Version } from '../api/types';
import { Problem } from '../parts/Problem';

export function Start() {
  const version = useResource<Version>(address('version'));
  const suites = useResource<SuiteLine[]>(address('suites'));
  return (
    <section className="screen">
      <h1>Suites</h1>
      {suites.error && <Problem error={suites.error} again={suites.again} />}
      <ul className="cards">
        {suites.value?.map((suite) => (
          <li key={suite.path} className="card">
            {suite.name} <code>{suite.path}</code>
          </li>
        ))}
      </ul>
      {version.value && (
        <p className="quiet">
          {version.value.workspace} · version {version.value.version}
        </p>
      )}
    </section>
  );
}
