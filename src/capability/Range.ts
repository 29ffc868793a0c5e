import type { Check, Ordering } from "./Check.ts"

/** The numbers that satisfy some orderings, which is an interval. */
export interface Range {
  readonly low: number
  readonly high: number
  readonly isLowOpen: boolean
  readonly isHighOpen: boolean
}

/** What an ordering compares: the value itself, or its length. */
export type Measure = "value" | "length"

interface Bound {
  readonly measure: Measure
  readonly ordering: Ordering
  readonly limit: number
}

/** Lengths are whole and not negative, so that their bounds are closed. */
const boundOf = (check: Check): Bound | undefined => {
  switch (check.operator) {
    case "lt":
    case "le":
    case "gt":
    case "ge":
      return { measure: "value", ordering: check.operator, limit: check.limit }
    case "length.lt":
      return { measure: "length", ordering: "le", limit: check.limit - 1 }
    case "length.le":
      return { measure: "length", ordering: "le", limit: check.limit }
    case "length.gt":
      return { measure: "length", ordering: "ge", limit: check.limit + 1 }
    case "length.ge":
      return { measure: "length", ordering: "ge", limit: check.limit }
    default:
      return undefined
  }
}

/** The measure that a check puts bounds on, if it does. */
export const measureOf = (check: Check): Measure | undefined => boundOf(check)?.measure

const toRange = ({ limit, measure, ordering }: Bound): Range => {
  const low = measure === "length" ? 0 : Number.NEGATIVE_INFINITY
  const all = { low, high: Number.POSITIVE_INFINITY, isLowOpen: false, isHighOpen: false }
  return ordering === "lt" || ordering === "le"
    ? { ...all, high: limit, isHighOpen: ordering === "lt" }
    : { ...all, low: Math.max(low, limit), isLowOpen: ordering === "gt" }
}

const intersect = (left: Range, right: Range): Range => {
  const low = Math.max(left.low, right.low)
  const high = Math.min(left.high, right.high)
  return {
    low,
    high,
    isLowOpen: (left.low === low && left.isLowOpen) || (right.low === low && right.isLowOpen),
    isHighOpen: (left.high === high && left.isHighOpen) || (right.high === high && right.isHighOpen)
  }
}

/** The range that those of some checks leave which bound this measure; undefined if none of them does. */
export const of = (checks: ReadonlyArray<Check>, measure: Measure): Range | undefined =>
  checks
    .flatMap((check) => boundOf(check) ?? [])
    .filter((bound) => bound.measure === measure)
    .map(toRange)
    .reduce<Range | undefined>((range, next) => (range === undefined ? next : intersect(range, next)), undefined)

export const isEmpty = ({ high, isHighOpen, isLowOpen, low }: Range): boolean =>
  low > high || (low === high && (isLowOpen || isHighOpen))

export const has = ({ high, isHighOpen, isLowOpen, low }: Range, value: number): boolean =>
  (isLowOpen ? value > low : value >= low) && (isHighOpen ? value < high : value <= high)

/** Whether one range is all within another. */
export const isWithin = (inner: Range, outer: Range): boolean =>
  (inner.low > outer.low || (inner.low === outer.low && (inner.isLowOpen || !outer.isLowOpen))) &&
  (inner.high < outer.high || (inner.high === outer.high && (inner.isHighOpen || !outer.isHighOpen)))
