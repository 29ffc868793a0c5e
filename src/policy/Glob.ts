/**
 * Texts with gaps, in each of which any text may stand. A pattern is one, and so is a text of which only parts are known.
 *
 * It is the list of the known parts between the gaps: `a*b` is `["a", "b"]`, and a text without a gap has one part.
 */
export type Glob = readonly [string, ...ReadonlyArray<string>]

/** Stands for a gap in a text that is compared with a pattern. It is no character: no text has it. */
const gap = "\uFFFF"

/** Reads a pattern in which `*` is a gap. */
export const parse = (text: string): Glob => {
  const [first = "", ...rest] = text.split(/\*+/)
  return [first, ...rest]
}

export const isLiteral = (glob: Glob): boolean => glob.length === 1

/** The pattern as it is written. */
export const format = (glob: Glob): string => glob.join("*")

/** Whether a pattern covers a text. Linear in the text, for patterns of bounded length. */
export const matches = (glob: Glob, text: string): boolean => {
  const [first] = glob
  if (glob.length === 1) return text === first
  const last = glob.at(-1) ?? ""
  const end = text.length - last.length
  if (end < first.length || !text.startsWith(first) || !text.endsWith(last)) return false
  let at = first.length
  for (const part of glob.slice(1, -1)) {
    const found = text.indexOf(part, at)
    if (found === -1 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}

const areCompatible = (left: string, right: string, holds: (long: string, short: string) => boolean): boolean =>
  left.length >= right.length ? holds(left, right) : holds(right, left)

/**
 * Whether there is a text that both cover. If both have gaps, only their ends can contradict each other: all that either asks
 * for in between has room in a gap of the other.
 */
export const overlaps = (left: Glob, right: Glob): boolean => {
  if (isLiteral(left)) return matches(right, left[0])
  if (isLiteral(right)) return matches(left, right[0])
  return (
    areCompatible(left[0], right[0], (long, short) => long.startsWith(short)) &&
    areCompatible(left.at(-1) ?? "", right.at(-1) ?? "", (long, short) => long.endsWith(short))
  )
}

/** Whether the second covers every text that the first covers: only its gaps can take those of the first. */
export const isSubsetOf = (child: Glob, parent: Glob): boolean => matches(parent, child.join(gap))
