/** A seeded sequence of choices: the same seed, the same choices. */
export interface Chance {
  /** In [0, 1). */
  readonly next: () => number
  /** 0 up to, not including, `bound`. */
  readonly below: (bound: number) => number
  readonly pick: <A>(choices: readonly [A, ...ReadonlyArray<A>]) => A
}

/** Mulberry32: small, and good enough to mix up interleavings. */
export const make = (seed: number): Chance => {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (bound: number) => Math.floor(next() * bound)
  return { next, below, pick: (choices) => choices[below(choices.length)] ?? choices[0] }
}
