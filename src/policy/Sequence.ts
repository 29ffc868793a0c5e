/** Stands for any number of items in a pattern, also none. */
export const rest = "rest"
export type Rest = typeof rest

/**
 * Whether a pattern takes all items in their order: one item of the pattern one of them, or a `rest` any number. Costs at most
 * the product of both lengths.
 */
export const takesAll = <Expected extends object, Item>(
  pattern: ReadonlyArray<Expected | Rest>,
  items: Iterable<Item>,
  takes: (expected: Expected, item: Item) => boolean
): boolean => {
  const skip = (reached: Uint8Array) => {
    for (let at = 0; at < pattern.length; at++) if (reached[at] === 1 && pattern[at] === rest) reached[at + 1] = 1
    return reached
  }
  let reached: Uint8Array = new Uint8Array(pattern.length + 1)
  reached[0] = 1
  skip(reached)
  for (const item of items) {
    const next = new Uint8Array(pattern.length + 1)
    for (let at = 0; at < pattern.length; at++) {
      const expected = pattern[at]
      if (reached[at] !== 1 || expected === undefined) continue
      if (expected === rest) next[at] = 1
      else if (takes(expected, item)) next[at + 1] = 1
    }
    reached = skip(next)
  }
  return reached[pattern.length] === 1
}
