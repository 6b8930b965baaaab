/**
 * Names of integer labels, as the `datasets` library declares them: in its JSON form (Parquet files' metadata,
 * dataset_infos.json) or in the YAML form of a data set's card.
 */

/** By column: the name of each id. */
export type ClassNames = ReadonlyMap<string, readonly string[]>;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** Of `{"ner_tags": {"feature": {"names": ["O", …], "_type": "ClassLabel"}, "_type": "Sequence"}, …}`. */
export function classNamesOfFeatures(features: unknown): ClassNames {
  const names = new Map<string, readonly string[]>();
  for (const [column, feature] of Object.entries(isObject(features) ? features : {})) {
    const found = namesWithin(feature);
    if (found) names.set(column, found);
  }
  return names;
}

/** Of a card's `[{name: ner_tags, sequence: {class_label: {names: {'0': O, …}}}}, …]`. */
export function classNamesOfCard(features: unknown): ClassNames {
  const names = new Map<string, readonly string[]>();
  for (const feature of Array.isArray(features) ? features : []) {
    if (!isObject(feature) || typeof feature.name !== 'string') continue;
    const found = namesWithin(feature);
    if (found) names.set(feature.name, found);
  }
  return names;
}

/** The names of the class label that a feature is or is a list of. */
function namesWithin(feature: unknown): readonly string[] | undefined {
  // [feature] is how older versions write a list.
  if (Array.isArray(feature)) return feature.length === 1 ? namesWithin(feature[0]) : undefined;
  if (!isObject(feature)) return undefined;
  if (feature._type === 'ClassLabel') return listOf(feature.names);
  if (isObject(feature.class_label)) return listOf(feature.class_label.names);
  return namesWithin(feature.feature ?? feature.sequence ?? feature.list);
}

/** `['O', 'B-PER']`, also from `{'0': 'O', '1': 'B-PER'}`. */
function listOf(names: unknown): readonly string[] | undefined {
  const list = Array.isArray(names)
    ? names
    : isObject(names)
      ? Object.keys(names).map((_, id) => names[String(id)])
      : [];
  return list.length > 0 && list.every((name) => typeof name === 'string') ? list : undefined;
}
