/** How many characters must be changed, added or left out to get from one text to the other. */
const distance = (left: string, right: string): number => {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (const [index, character] of [...left].entries()) {
    const next = [index + 1]
    for (let at = 1; at <= right.length; at++) {
      const changed = (row[at - 1] ?? 0) + (right[at - 1] === character ? 0 : 1)
      next.push(Math.min(changed, (row[at] ?? 0) + 1, (next[at - 1] ?? 0) + 1))
    }
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
