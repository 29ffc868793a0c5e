import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"

/**
 * A map that keeps what was used last, without changing: two generations, of which the older one is dropped as a whole when the
 * younger one is half of `most`. What was used since the last `most / 2` different keys is always there.
 */
export interface Recent<Value> {
  readonly most: number
  readonly young: HashMap.HashMap<string, Value>
  readonly old: HashMap.HashMap<string, Value>
  /** How many were ever dropped. */
  readonly forgotten: number
}

export const make = <Value>(most: number): Recent<Value> => ({
  most,
  young: HashMap.empty(),
  old: HashMap.empty(),
  forgotten: 0
})

export const get = <Value>(recent: Recent<Value>, key: string): Value | undefined => {
  const young = HashMap.get(recent.young, key)
  return Option.getOrUndefined(Option.isSome(young) ? young : HashMap.get(recent.old, key))
}

export const set = <Value>(recent: Recent<Value>, key: string, value: Value): Recent<Value> => {
  const young = HashMap.set(recent.young, key, value)
  const isKnown = HashMap.size(young) === HashMap.size(recent.young)
  if (isKnown) return { ...recent, young }
  const old = HashMap.remove(recent.old, key)
  if (HashMap.size(young) <= recent.most / 2) return { ...recent, young, old }
  return {
    ...recent,
    young: HashMap.make([key, value]),
    old: recent.young,
    forgotten: recent.forgotten + HashMap.size(old)
  }
}

export const size = <Value>(recent: Recent<Value>): number => HashMap.size(recent.young) + HashMap.size(recent.old)
