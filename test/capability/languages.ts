/** What patterns mean, told in another way than by the code under test: by regular expressions and by sets of positions. */

/** All texts of at most `length` of these segments. */
export const textsOf = (segments: ReadonlyArray<string>, length: number): ReadonlyArray<string> => {
  let longest: ReadonlyArray<string> = [""]
  const all = [...longest]
  for (let count = 0; count < length; count++) {
    longest = longest.flatMap((text) => segments.map((segment) => (text === "" ? segment : `${text}/${segment}`)))
    all.push(...longest)
  }
  return all
}

const segmentsOf = (text: string): ReadonlyArray<string> => (text === "" ? [] : text.split("/"))

/** The pattern as a regular expression over methods in which every name ends with a slash. */
export const toRegExp = (pattern: string): RegExp => {
  const parts = segmentsOf(pattern).map((segment) => {
    if (segment === "**") return "(?:[^/]+/)*"
    return segment === "*" ? "[^/]+/" : `${segment}/`
  })
  return new RegExp(`^${parts.join("")}$`)
}

/** The text of a method for `toRegExp`. */
export const terminated = (method: string): string => (method === "" ? "" : `${method}/`)

const closure = (pattern: ReadonlyArray<string>, positions: Iterable<number>): ReadonlySet<number> => {
  const closed = new Set<number>()
  for (const start of positions) {
    let position = start
    closed.add(position)
    while (pattern[position] === "**") closed.add(++position)
  }
  return closed
}

const step = (pattern: ReadonlyArray<string>, positions: ReadonlySet<number>, name: string): ReadonlySet<number> =>
  closure(
    pattern,
    [...positions].flatMap((position) => {
      const segment = pattern[position]
      if (segment === "**") return [position]
      return segment === "*" || segment === name ? [position + 1] : []
    })
  )

/**
 * Whether each method of the child is one of the parent, found by visiting every pair of sets of positions that a method over
 * these names leads to. Complete when the names are those of both patterns and one more.
 */
export const isIncluded = (child: string, parent: string, names: ReadonlyArray<string>): boolean => {
  const [left, right] = [segmentsOf(child), segmentsOf(parent)]
  const waiting = [[closure(left, [0]), closure(right, [0])] as const]
  const seen = new Set<string>()
  for (let pair = waiting.pop(); pair !== undefined; pair = waiting.pop()) {
    const [inChild, inParent] = pair
    const text = `${[...inChild].sort()}|${[...inParent].sort()}`
    if (seen.has(text)) continue
    seen.add(text)
    if (inChild.has(left.length) && !inParent.has(right.length)) return false
    if (inChild.size > 0)
      waiting.push(...names.map((name) => [step(left, inChild, name), step(right, inParent, name)] as const))
  }
  return true
}
