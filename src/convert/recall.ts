/** How often labelled answers are right. */

/** One answer beside the truth. `answer` may be something that is no label, such as `silence` or `unknown`. */
export interface Answer {
  readonly truth: string;
  readonly answer: string;
}

/** confusion[truth][answer]: how often. */
export type Confusion = Record<string, Record<string, number>>;

export function confusionOf(
  answers: readonly Answer[],
  labels: readonly string[],
  others: readonly string[] = [],
): Confusion {
  const confusion: Confusion = {};
  for (const truth of labels)
    confusion[truth] = Object.fromEntries([...labels, ...others].map((answer) => [answer, 0]));
  for (const { truth, answer } of answers) confusion[truth][answer] = (confusion[truth][answer] ?? 0) + 1;
  return confusion;
}

/**
 * Share of right answers by label; labels without a clip are left out. `accepted` names answers that also count as
 * right.
 */
export function recallOf(
  confusion: Confusion,
  accepted: Readonly<Record<string, readonly string[]>> = {},
): Record<string, number> {
  const recall: Record<string, number> = {};
  for (const [truth, row] of Object.entries(confusion)) {
    const total = Object.values(row).reduce((sum, count) => sum + count, 0);
    if (total === 0) continue;
    const right = [truth, ...(accepted[truth] ?? [])].reduce((sum, answer) => sum + (row[answer] ?? 0), 0);
    recall[truth] = right / total;
  }
  return recall;
}

/** Mean recall, so that a rare class counts as much as a common one. NaN where there is nothing. */
export function balanced(recall: Readonly<Record<string, number>>): number {
  const values = Object.values(recall);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
