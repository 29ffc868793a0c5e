/** The state of a mulberry32 generator: a 32-bit integer. Good enough for scripts, and never for secrets. */
export type RandomState = number

export const next = (state: RandomState): RandomState => (state + 0x6d2b79f5) | 0

/** The number that a state stands for, in [0, 1). */
export const number = (state: RandomState): number => {
  let word = Math.imul(state ^ (state >>> 15), 1 | state)
  word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word
  return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32
}
