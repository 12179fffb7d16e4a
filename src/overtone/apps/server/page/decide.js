/** Which labels are on, and what that amounts to over many texts. No DOM here. */

const AND = new Intl.ListFormat("en-GB", { type: "conjunction" });

/**
 * The labels that are on, most probable first: the model's own decision, except for labels to
 * which the user gave a threshold. The same as `threshold` in a request to v1/predict.
 */
export function decide(labels, prediction, thresholds) {
  const on = new Set(prediction.labels);
  const p = prediction.probabilities;
  return labels
    .filter((label) =>
      thresholds.has(label) ? p[label] > thresholds.get(label) : on.has(label))
    .sort((one, other) => p[other] - p[one]);
}

/** "joy, love and trust". */
export function inWords(labels) {
  return AND.format(labels);
}

/** How many of the sets hold each label, in the labels' order. */
export function shares(labels, sets) {
  const counts = new Map(labels.map((label) => [label, 0]));
  for (const set of sets) for (const label of set) counts.set(label, counts.get(label) + 1);
  return labels.map((label) => counts.get(label));
}

/** How many of the sets hold both the label of a row and that of a column; a table of counts. */
export function together(labels, sets) {
  const place = new Map(labels.map((label, index) => [label, index]));
  const counts = labels.map(() => labels.map(() => 0));
  for (const set of sets) {
    for (const one of set) for (const other of set) counts[place.get(one)][place.get(other)]++;
  }
  return counts;
}

/** "87 %"; never a rounded 0 or 100 for what is neither. */
export function percent(share) {
  if (share > 0 && share < 0.005) return "< 1 %";
  if (share < 1 && share >= 0.995) return "> 99 %";
  return `${Math.round(share * 100)} %`;
}
