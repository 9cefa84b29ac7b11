import { address } from '../api/client';
import { useResource } from '../api/resource';
import type { Isolation, Settings as Told } from '../api/types';
import { Problem } from '../parts/Problem';
import { Secrets } from '../settings/Secrets';
import { Trust } from '../settings/Trust';
import { THEMES, useTheme } from '../theme';
import '../styles/settings.css';

export default function Settings() {
  const settings = useResource<Told>(address('settings'));
  return (
    <section className="screen settings">
      <h1>Settings</h1>
      {settings.error && <Problem error={settings.error} again={settings.again} />}
      <Secrets isReadOnly={settings.value?.is_read_only ?? true} />
      {settings.value && <Trust told={settings.value} again={settings.again} />}
      <Sandbox />
      <Looks />
      {settings.value && <About told={settings.value} />}
    </section>
  );
}

function Sandbox() {
  const isolation = useResource<Isolation>(address('settings/isolation'));
  return (
    <section aria-labelledby="sandbox">
      <h2 id="sandbox">Sandbox</h2>
      <p className="quiet">Code that a model wrote runs in it, and nowhere else: not in Studio, not in the process of a run.</p>
      {isolation.isLoading && <p>Trying what this host grants …</p>}
      {isolation.error && <Problem error={isolation.error} again={isolation.again} />}
      {isolation.value && (
        <dl className="facts">
          <div>
            <dt>In force</dt>
            <dd>
              {isolation.value.kind === null ? <span className="status status-fail">✗ none</span> : <code>{isolation.value.kind}</code>} {isolation.value.said}
            </dd>
          </div>
          {isolation.value.missing.map((one) => (
            <div key={one.layer}>
              <dt>Not granted: {one.layer}</dt>
              <dd>
                {one.found}. <span className="quiet">{one.fix}</span>
              </dd>
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}

function Looks() {
  const { theme, choose } = useTheme();
  return (
    <section aria-labelledby="theme">
      <h2 id="theme">Theme</h2>
      <fieldset className="choices">
        <legend className="hidden">Theme</legend>
        {THEMES.map((one) => (
          <label key={one}>
            <input type="radio" name="theme" value={one} checked={theme === one} onChange={() => choose(one)} />
            {one === 'system' ? 'As the system' : one === 'light' ? 'Light' : 'Dark'}
          </label>
        ))}
      </fieldset>
    </section>
  );
}

function About({ told }: { told: Told }) {
  return (
    <section aria-labelledby="about">
      <h2 id="about">This Studio</h2>
      <dl className="facts">
        <div>
          <dt>Folder</dt>
          <dd>
            <code>{told.workspace}</code> {told.is_read_only && <span className="badge">read-only</span>}
          </dd>
        </div>
        <div>
          <dt>Runs</dt>
          <dd>
            <code>{told.reports}</code>
          </dd>
        </div>
        <div>
          <dt>Telemetry</dt>
          <dd>None. Studio asks nobody but the models that you name; the page loads nothing from elsewhere.</dd>
        </div>
      </dl>
    </section>
  );
}
