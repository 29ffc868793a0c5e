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

const timeOf = async (act: () => Promise<void>): Promise<number> => {
  const start = performance.now()
  await act()
  return performance.now() - start
}

/**
 * Does two things in turn, so that both see the same noise, each of them first in every other round; the first tenth of the rounds only
 * warms up. What `before` does, ahead of each round, takes no time. `ratio` is the median of those of the rounds: where a host is slower
 * for a while, both are.
 */
export const paired = async (
  rounds: number,
  ours: () => Promise<void>,
  bare: () => Promise<void>,
  before: () => Promise<void> = async () => {}
) => {
  const times: Array<{ readonly ours: number; readonly bare: number }> = []
  for (let round = 0; round < rounds; round++) {
    await before()
    const early = round % 2 === 0 ? undefined : await timeOf(bare)
    const spent = await timeOf(ours)
    const pair = { ours: spent, bare: early ?? (await timeOf(bare)) }
    if (round >= rounds / 10) times.push(pair)
  }
  return {
    ours: of(times.map((pair) => pair.ours)),
    bare: of(times.map((pair) => pair.bare)),
    ratio: of(times.map((pair) => pair.ours / pair.bare)).median
  }
}

/** Times one thing alone. */
export const alone = async (rounds: number, act: () => Promise<void>): Promise<Sample> => {
  const times: Array<number> = []
  for (let round = 0; round < rounds; round++) {
    const time = await timeOf(act)
    if (round >= rounds / 10) times.push(time)
  }
  return of(times)
}
