/** The least that a model must beat: each word gets the label it bore most often in training, a word unseen there gets O. */

interface Labelled {
  words: readonly string[];
  labels: readonly string[];
}

/** @returns a function from words to labels. Of labels that a word bore equally often, the one seen first wins. */
export function trainLookupBaseline(sentences: Iterable<Labelled>): (words: readonly string[]) => string[] {
  const counts = new Map<string, Map<string, number>>();
  for (const { words, labels } of sentences) {
    words.forEach((word, i) => {
      const ofWord = counts.get(word) ?? new Map<string, number>();
      counts.set(word, ofWord);
      ofWord.set(labels[i]!, (ofWord.get(labels[i]!) ?? 0) + 1);
    });
  }
  const best = new Map<string, string>();
  for (const [word, ofWord] of counts) {
    let most = 0;
    for (const [label, count] of ofWord) {
      if (count > most) {
        most = count;
        best.set(word, label);
      }
    }
  }
  return (words) => words.map((word) => best.get(word) ?? 'O');
}
