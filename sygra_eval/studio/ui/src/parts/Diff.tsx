// A small diff as text: the sign at the beginning of a line says what became of it.
export function Diff({ lines, title }: { lines: string[]; title: string }) {
  const shown = lines.filter((line) => !line.startsWith('@@'));
  return (
    // It may be wider than its place: reachable, so that keys scroll it.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <section className="file-diff" aria-label={title} tabIndex={0}>
      <pre>
        {shown.map((line, index) => (
        // Lines of one diff stay where they are.
        // oxlint-disable-next-line react/no-array-index-key
        <span key={index} className={line.startsWith('+') ? 'added' : line.startsWith('-') ? 'removed' : undefined}>
          {line === '' ? ' ' : line}
          {'\n'}
        </span>
      ))}
      </pre>
    </section>
  );
}
