/** How many characters must be changed, added, left out or swapped with the next one to get from one text to the other. */
const distance = (left: string, right: string): number => {
  let before: ReadonlyArray<number> = []
  let row = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let index = 0; index < left.length; index++) {
    const next = [index + 1]
    for (let at = 1; at <= right.length; at++) {
      const changed = (row[at - 1] ?? 0) + (right[at - 1] === left[index] ? 0 : 1)
      const isSwapped = index > 0 && at > 1 && left[index] === right[at - 2] && left[index - 1] === right[at - 1]
      const swapped = isSwapped ? (before[at - 2] ?? 0) + 1 : changed
      next.push(Math.min(changed, swapped, (row[at] ?? 0) + 1, (next[at - 1] ?? 0) + 1))
    }
    before = row
    row = next
  }
  return row.at(-1) ?? 0
}

const lengthMax = 64

/** What somebody probably meant who wrote a text that is none of the allowed ones: the nearest, if no more than a third of it is wrong. */
export const suggest = (text: string, allowed: ReadonlyArray<string>): string | undefined => {
  if (text.length > lengthMax) return undefined
  const [nearest] = allowed
    .map((candidate) => ({ candidate, steps: distance(text.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, steps }) => steps <= Math.ceil(candidate.length / 3))
    .sort((left, right) => left.steps - right.steps)
  return nearest?.candidate
}
