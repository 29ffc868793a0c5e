/** Counting over a sliding time with a fixed amount of memory. */

const buckets = 12
const evidenceMax = 8

/**
 * A count over the last while. It is kept in twelve parts, of which the oldest is dropped at once: what it covers is between
 * eleven and twelve twelfths of its span. Time that goes backwards is taken as standing still.
 */
export interface Window {
  /** Number of the newest part since the epoch. */
  readonly newest: number
  /** The newest part is the last. */
  readonly counts: ReadonlyArray<number>
  readonly total: number
  /** Ids of the last things counted, oldest first. */
  readonly evidence: ReadonlyArray<string>
}

export const empty: Window = { newest: 0, counts: [], total: 0, evidence: [] }

const sum = (counts: ReadonlyArray<number>): number => {
  let total = 0
  for (const count of counts) total += count
  return total
}

const moved = (window: Window, newest: number): ReadonlyArray<number> => {
  const steps = newest - window.newest
  if (steps >= buckets) return [0]
  const counts = window.counts.slice(Math.max(0, window.counts.length + steps - buckets))
  for (let step = 0; step < steps; step++) counts.push(0)
  return counts.length === 0 ? [0] : counts
}

/** The window with one more thing in it, at a time, that counts for `amount`. */
export const add = (window: Window, spanMillis: number, atMillis: number, amount: number, id: string): Window => {
  const at = Math.floor((atMillis * buckets) / spanMillis)
  const newest = Math.max(at, window.newest)
  const counts = [...moved(window, newest)]
  const last = counts.length - 1
  counts[last] = (counts[last] ?? 0) + amount
  const total = sum(counts)
  const kept = total === amount ? [] : window.evidence.slice(-(evidenceMax - 1))
  return { newest, counts, total, evidence: [...kept, id] }
}

/** What the window comes to at a later time. */
export const totalAt = (window: Window, spanMillis: number, atMillis: number): number => {
  const newest = Math.max(Math.floor((atMillis * buckets) / spanMillis), window.newest)
  return newest === window.newest ? window.total : sum(moved(window, newest))
}
