import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"

interface Acquaintance {
  /** It was there while habits were learned. */
  readonly learned: boolean
  /** Hashes of the first sessions that it was seen in. */
  readonly sessions: ReadonlyArray<number>
}

/** What a tenant has to do with as a rule: names, and how well they are known. */
export type Familiar = HashMap.HashMap<string, Acquaintance>

export const empty: Familiar = HashMap.empty()

/** Whether a name was learned, or was used by enough sessions to be usual. */
export const knows = (familiar: Familiar, name: string, sessions: number): boolean => {
  const found = Option.getOrUndefined(HashMap.get(familiar, name))
  return found !== undefined && (found.learned || found.sessions.length >= sessions)
}

export interface Meeting {
  readonly name: string
  readonly session: number
  readonly learning: boolean
  /** Sessions that are told apart. */
  readonly sessionsMax: number
  /** Names that are remembered. */
  readonly most: number
}

/** The same with one more use of a name; unchanged if that says nothing new, or there is no room for another name. */
export const meet = (familiar: Familiar, { learning, most, name, session, sessionsMax }: Meeting): Familiar => {
  const found = Option.getOrUndefined(HashMap.get(familiar, name))
  if (found === undefined) {
    if (HashMap.size(familiar) >= most) return familiar
    return HashMap.set(familiar, name, { learned: learning, sessions: [session] })
  }
  if (found.learned || found.sessions.length >= sessionsMax || found.sessions.includes(session)) return familiar
  return HashMap.set(familiar, name, { learned: learning, sessions: [...found.sessions, session] })
}
