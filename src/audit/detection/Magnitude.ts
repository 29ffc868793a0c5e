/**
 * The usual size of a number, as mean and deviation of its logarithm (Welford): what matters is by which factor it is off, and
 * one huge value among small ones does not widen what is usual.
 */
export interface Magnitude {
  readonly count: number
  readonly mean: number
  /** Sum of squared distances to the mean. */
  readonly spread: number
}

export const empty: Magnitude = { count: 0, mean: 0, spread: 0 }

export interface Tolerance {
  /** Standard deviations. */
  readonly deviations: number
  /** Powers of ten that are always tolerated, since values that never varied have no deviation. */
  readonly decades: number
}

const size = (value: number): number => Math.log10(1 + Math.min(Math.abs(value), Number.MAX_VALUE))

const allowed = ({ count, spread }: Magnitude, { decades, deviations }: Tolerance): number =>
  Math.max(decades, count < 2 ? 0 : deviations * Math.sqrt(spread / (count - 1)))

/** By how many powers of ten a value is larger than is usual; 0 if it is within what is tolerated. */
export const excess = (usual: Magnitude, value: number, tolerance: Tolerance): number => {
  const distance = size(value) - usual.mean
  return distance > allowed(usual, tolerance) ? distance : 0
}

/** What is usual, with one more value. A value beyond what is tolerated counts as if it stood at the edge: it cannot pull far. */
export const learn = (usual: Magnitude, value: number, tolerance: Tolerance): Magnitude => {
  const edge = allowed(usual, tolerance)
  const distance = size(value) - usual.mean
  const counted = usual.count < 2 ? distance : Math.max(-edge, Math.min(edge, distance))
  const count = usual.count + 1
  const mean = usual.mean + counted / count
  return { count, mean, spread: usual.spread + counted * (usual.mean + counted - mean) }
}
