/** Which different things were seen lately, with a fixed amount of memory. */

interface Seen {
  readonly key: number
  readonly atMillis: number
  readonly id: string
}

/** The last different things, oldest first. */
export type Distinct = ReadonlyArray<Seen>

export const empty: Distinct = []

/** Adds a thing, by the hash of its name, and drops those older than `spanMillis` and beyond `most`. */
export const add = (
  distinct: Distinct,
  thing: Seen,
  { most, spanMillis }: { readonly most: number; readonly spanMillis: number }
): Distinct => {
  const kept = distinct.filter(({ atMillis, key }) => key !== thing.key && thing.atMillis - atMillis <= spanMillis)
  return [...kept.slice(-(most - 1)), thing]
}

export const evidence = (distinct: Distinct): ReadonlyArray<string> => distinct.map(({ id }) => id)
