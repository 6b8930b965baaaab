/** Rows of figures as text, JSON or Markdown. */
export type Row = Readonly<Record<string, string | number>>;

const digits = (value: string | number): string => {
  if (typeof value === 'string') return value;
  if (Number.isInteger(value)) return value.toLocaleString('en');
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : String(+value.toPrecision(3));
};

/** Columns from the first row's keys; numbers to the right. */
export function textTable(rows: readonly Row[], markdown = false): string {
  const names = Object.keys(rows[0] ?? {});
  const cells = [names, ...rows.map((row) => names.map((name) => digits(row[name] ?? '')))];
  const widths = names.map((_, c) => Math.max(...cells.map((row) => row[c]!.length)));
  const isNumber = names.map((name) => rows.every((row) => typeof row[name] === 'number'));
  const line = (row: readonly string[]) =>
    row.map((cell, c) => (isNumber[c] ? cell.padStart(widths[c]!) : cell.padEnd(widths[c]!)));
  if (!markdown) return cells.map((row) => `${line(row).join('  ').trimEnd()}\n`).join('');
  const rule = widths.map((width, c) => (isNumber[c] ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  const [head, ...body] = cells;
  return [line(head!), rule, ...body.map(line)].map((row) => `| ${row.join(' | ')} |\n`).join('');
}
