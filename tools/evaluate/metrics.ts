/** Figures of merit from labelled answers. All are pure functions of counts and probabilities. */

/** A claim with a probability, and whether it came true. */
export interface Claim {
  readonly confidence: number;
  readonly right: boolean;
  readonly weight?: number;
}

export interface CalibrationBin {
  /** Mean confidence and share of right claims in the bin. */
  readonly confidence: number;
  readonly accuracy: number;
  /** Share of all claims. */
  readonly share: number;
}

/** Bins of equal width (Guo et al. 2017, On Calibration of Modern Neural Networks); empty ones are left out. */
export function calibrationBins(claims: readonly Claim[], bins = 15): CalibrationBin[] {
  const total = claims.reduce((sum, { weight = 1 }) => sum + weight, 0);
  const sums = Array.from({ length: bins }, () => ({ weight: 0, confidence: 0, right: 0 }));
  for (const { confidence, right, weight = 1 } of claims) {
    const bin = sums[Math.min(bins - 1, Math.floor(confidence * bins))];
    bin.weight += weight;
    bin.confidence += weight * confidence;
    if (right) bin.right += weight;
  }
  return sums
    .filter(({ weight }) => weight > 0)
    .map(({ weight, confidence, right }) => ({
      confidence: confidence / weight,
      accuracy: right / weight,
      share: weight / total,
    }));
}

/** Expected calibration error: mean distance between confidence and accuracy over the bins. */
export function expectedCalibrationError(claims: readonly Claim[]): number {
  return calibrationBins(claims).reduce(
    (sum, { confidence, accuracy, share }) => sum + share * Math.abs(confidence - accuracy),
    0,
  );
}

export interface RiskPoint {
  /** Share of clips that get an answer, and the share of wrong ones among these. */
  readonly coverage: number;
  readonly risk: number;
  /** Wrong answers left, as a share of those without any `unknown`. */
  readonly errorsLeft: number;
  /** The smallest confidence that still gets an answer. */
  readonly cutoff: number;
}

/** What is gained by leaving the least confident claims unanswered, at the coverages asked for. */
export function riskCoverage(claims: readonly Claim[], coverages: readonly number[]): RiskPoint[] {
  const sorted = [...claims].sort((a, b) => b.confidence - a.confidence);
  const errors = sorted.filter(({ right }) => !right).length;
  return coverages.map((coverage) => {
    const kept = sorted.slice(0, Math.round(coverage * sorted.length));
    const wrong = kept.filter(({ right }) => !right).length;
    return {
      coverage,
      risk: wrong / Math.max(1, kept.length),
      errorsLeft: errors === 0 ? 0 : wrong / errors,
      cutoff: kept.at(-1)?.confidence ?? 1,
    };
  });
}

/** Gives every group the same total weight. */
export function groupsAlike<T extends Claim>(claims: readonly T[], group: (claim: T) => string): Claim[] {
  const counts = new Map<string, number>();
  for (const claim of claims) counts.set(group(claim), (counts.get(group(claim)) ?? 0) + 1);
  return claims.map((claim) => ({
    confidence: claim.confidence,
    right: claim.right,
    weight: 1 / counts.get(group(claim))!,
  }));
}
