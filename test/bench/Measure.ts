/** Times of one thing done many times, in milliseconds. */
export interface Sample {
  readonly median: number
  readonly p90: number
  readonly count: number
}

const at = (sorted: ReadonlyArray<number>, quantile: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? Number.NaN

export const of = (times: ReadonlyArray<number>): Sample => {
  const sorted = [...times].sort((left, right) => left - right)
  return { median: at(sorted, 0.5), p90: at(sorted, 0.9), count: sorted.length }
}

/**
 * Does two things in turn, so that both see the same noise; the first tenth of the rounds only warms up. What `before` does, ahead
 * of each round, takes no time.
 */
export const paired = async (
  rounds: number,
  ours: () => Promise<void>,
  bare: () => Promise<void>,
  before: () => Promise<void> = async () => {}
) => {
  const times: { readonly ours: Array<number>; readonly bare: Array<number> } = { ours: [], bare: [] }
  for (let round = 0; round < rounds; round++) {
    await before()
    const start = performance.now()
    await ours()
    const between = performance.now()
    await bare()
    if (round < rounds / 10) continue
    times.ours.push(between - start)
    times.bare.push(performance.now() - between)
  }
  return { ours: of(times.ours), bare: of(times.bare) }
}

/** Times one thing alone. */
export const alone = async (rounds: number, act: () => Promise<void>): Promise<Sample> => {
  const times: Array<number> = []
  for (let round = 0; round < rounds; round++) {
    const start = performance.now()
    await act()
    if (round >= rounds / 10) times.push(performance.now() - start)
  }
  return of(times)
}
