import { useState } from 'react';
import { address, change, Refused } from '../api/client';
import type { PluginRoot, Settings } from '../api/types';
import { Problem } from '../parts/Problem';
import { count, counted } from '../format';

export function Trust({ told, again }: { told: Settings; again: () => void }) {
  return (
    <section aria-labelledby="trust">
      <h2 id="trust">Code of this folder</h2>
      <p className="quiet">
        A suite is data, a plugin is code: a run imports these files with your rights. Studio itself imports none. Trust is remembered for what stands in them now; a change of any file asks again, here and on the command line.
      </p>
      {told.plugins.length === 0 && <p>No plugins act on the suites of this folder.</p>}
      {told.plugins.map((root) => (
        <Root key={`${root.path} ${root.content}`} root={root} isReadOnly={told.is_read_only} again={again} />
      ))}
    </section>
  );
}

function Root({ root, isReadOnly, again }: { root: PluginRoot; isReadOnly: boolean; again: () => void }) {
  const [error, setError] = useState<Refused>();

  async function trust() {
    try {
      await change('POST', address('trust'), { path: root.path, content: root.content });
    } catch (refused) {
      setError(refused as Refused);
    }
    again();
  }

  return (
    <div className="card root">
      <div className="root-head">
        <code>{root.path}</code>
        {root.is_trusted ? <span className="status status-pass">✓ trusted as it is</span> : <span className="status status-warn">! not trusted: not imported</span>}
        {!root.is_trusted && !isReadOnly && (
          <button type="button" onClick={() => void trust()} aria-label={`Trust ${root.path}`}>
            I have looked at it: trust
          </button>
        )}
      </div>
      {error && <Problem error={error} />}
      <details>
        <summary>{counted(root.files.length + root.left_out, 'file')}</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">File</th>
              <th scope="col" className="number">
                Bytes
              </th>
              <th scope="col">SHA-256</th>
            </tr>
          </thead>
          <tbody>
            {root.files.map((file) => (
              <tr key={file.name}>
                <td>
                  <code>{file.name}</code>
                </td>
                <td className="number">{count(file.size)}</td>
                <td>
                  <code title={file.sha256}>{file.sha256.slice(0, 16)}…</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {root.left_out > 0 && <p className="quiet">and {counted(root.left_out, 'more file', 'more files')}, in the hash too</p>}
      </details>
    </div>
  );
}
