/** Parquet files of lists of texts and integers, as data sets for named-entity recognition have them. */
import type { SchemaElement } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';

type List = readonly (string | bigint | null)[] | null;

/** @param columns lists by name; a list of nothing but integers becomes INT64, any other texts. @param features for the metadata. */
export function parquetOf(columns: Record<string, readonly List[]>, features?: unknown): Uint8Array {
  const entries = Object.entries(columns);
  const list = (name: string, rows: readonly List[]): SchemaElement[] => {
    const integers = rows.flatMap((row) => row ?? []).every((value) => typeof value === 'bigint');
    return [
      { name, repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      {
        name: 'element',
        repetition_type: 'OPTIONAL',
        ...(integers ? { type: 'INT64' } : { type: 'BYTE_ARRAY', converted_type: 'UTF8' }),
      },
    ];
  };
  const buffer = parquetWriteBuffer({
    columnData: entries.map(([name, rows]) => ({ name, data: [...rows] })),
    schema: [{ name: 'root', num_children: entries.length }, ...entries.flatMap(([name, rows]) => list(name, rows))],
    ...(features === undefined
      ? {}
      : { kvMetadata: [{ key: 'huggingface', value: JSON.stringify({ info: { features } }) }] }),
  });
  return new Uint8Array(buffer);
}
