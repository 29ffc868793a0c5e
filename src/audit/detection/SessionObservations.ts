/** From what a session's journal says to what the detector looks at. */
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import type { Entry, RecordedCall, SessionEvent } from "../../session/SessionEvent.ts"
import type { GuestError } from "../../tool/GuestError.ts"
import { limitOf } from "../Limit.ts"
import type { Observation } from "./Observation.ts"

/** Whose journal it is. */
export interface Source {
  readonly session: string
  readonly tenant?: string | undefined
}

/** What has to be remembered between entries: the calls without an answer, and which run they are of. */
export interface Observer {
  readonly source: Source
  readonly run: string | undefined
  readonly open: HashMap.HashMap<string, RecordedCall>
}

export const begin = (source: Source): Observer => ({ source, run: undefined, open: HashMap.empty() })

type EventOf<Tag extends SessionEvent["_tag"]> = Extract<SessionEvent, { readonly _tag: Tag }>

type Common = Pick<Observation, "atMillis" | "session" | "run" | "tenant">

/** An observation without its id, which its place in the journal gives it. */
type Draft = Observation extends infer Kind ? (Kind extends Observation ? Omit<Kind, "id"> : never) : never

const decided = (common: Common, { input, method, readOnly, verdict }: RecordedCall): Draft => {
  const call = { ...common, _tag: "CallDecided", method, input, readOnly } as const
  switch (verdict._tag) {
    case "Allowed":
      return { ...call, effect: "allow" }
    case "Asked":
      return { ...call, effect: "ask" }
    case "Denied": {
      const { reason } = verdict.error
      return { ...call, effect: "deny", ...(reason === undefined ? {} : { reason }) }
    }
  }
}

const settled = (common: Common, call: RecordedCall, { outcome, receipt }: EventOf<"CallAnswered">): Draft => {
  const answer = { ...common, _tag: "CallSettled", method: call.method, readOnly: call.readOnly, receipt } as const
  if (outcome._tag === "Rejected") return { ...answer, outputBytes: 0 }
  return { ...answer, outputBytes: Buffer.byteLength(outcome.value), value: outcome.value }
}

const refused = (common: Common, { refusals }: EventOf<"Parked"> | EventOf<"RunEnded">): ReadonlyArray<Draft> => {
  const { first, more } = refusals ?? { first: [], more: 0 }
  return first.map(({ kind, subject }, index): Draft => {
    const seen = { ...common, _tag: "Refused", kind, subject } as const
    return more > 0 && index === first.length - 1 ? { ...seen, count: more + 1 } : seen
  })
}

/** What a guest shows as a text is read by people as what it prints is. */
const printed = (common: Common, event: EventOf<"Parked"> | EventOf<"RunEnded">): ReadonlyArray<Draft> => [
  ...event.output.map(({ stream, text }): Draft => ({ ...common, _tag: "Output", stream, text })),
  ...(event.displays ?? []).flatMap(
    ({ text }): ReadonlyArray<Draft> =>
      text === undefined ? [] : [{ ...common, _tag: "Output", stream: "stdout", text }]
  )
]

/** What a guest throws goes to whoever asked for the run, as its result would. */
const thrown = ({ message, name, stack }: GuestError): string =>
  JSON.stringify(stack === undefined ? { name, message } : { name, message, stack })

const ended = (common: Common, event: EventOf<"RunEnded">): ReadonlyArray<Draft> => {
  const { outcome } = event
  const before = [...printed(common, event), ...refused(common, event)]
  if (outcome._tag === "Succeeded") {
    return [...before, { ...common, _tag: "RunEnded", status: "completed", value: outcome.value }]
  }
  const limit = limitOf(outcome.error)
  const hit: ReadonlyArray<Draft> = limit === undefined ? [] : [{ ...common, _tag: "LimitHit", limit }]
  return [...before, ...hit, { ...common, _tag: "RunEnded", status: "failed", value: thrown(outcome.error) }]
}

const draftsOf = (observer: Observer, event: SessionEvent, common: Common): ReadonlyArray<Draft> => {
  switch (event._tag) {
    case "RunStarted":
      return [{ ...common, _tag: "RunStarted", codeHash: event.codeHash }]
    case "Parked":
      return [...printed(common, event), ...refused(common, event), ...event.calls.map((call) => decided(common, call))]
    case "CallAnswered": {
      const call = Option.getOrUndefined(HashMap.get(observer.open, event.call))
      return call === undefined ? [] : [settled(common, call, event)]
    }
    case "RunEnded":
      return ended(common, event)
    default:
      return []
  }
}

const after = (observer: Observer, event: SessionEvent): Observer => {
  switch (event._tag) {
    case "RunStarted":
      return { ...observer, run: event.run, open: HashMap.empty() }
    case "Parked": {
      const calls = event.calls.filter(({ verdict }) => verdict._tag !== "Denied")
      const left = HashMap.removeMany(observer.open, event.cancelled)
      return {
        ...observer,
        run: event.run,
        open: HashMap.setMany(
          left,
          calls.map((call) => [call.id, call] as const)
        )
      }
    }
    case "CallAnswered":
      return { ...observer, open: HashMap.remove(observer.open, event.call) }
    case "RunEnded":
      return { ...observer, open: HashMap.empty() }
    default:
      return observer
  }
}

const idOf = ({ session }: Source, seq: number, index: number, count: number): string =>
  count === 1 ? `${session}:${seq}` : `${session}:${seq}.${index + 1}`

/**
 * The observations of one more entry, in order. Ids are `<session>:<sequence number>`, and `.1`, `.2` … behind that where one entry
 * gives several.
 */
export const observe = (observer: Observer, entry: Entry): readonly [Observer, ReadonlyArray<Observation>] => {
  const { atMillis, event, seq } = entry
  const { session, tenant } = observer.source
  const run = "run" in event ? event.run : observer.run
  const common: Common = {
    atMillis,
    session,
    ...(run === undefined ? {} : { run }),
    ...(tenant === undefined ? {} : { tenant })
  }
  const drafts = draftsOf(observer, event, common)
  const observations = drafts.map(
    (draft, index): Observation => ({ ...draft, id: idOf(observer.source, seq, index, drafts.length) })
  )
  return [after(observer, event), observations]
}

/** The observations of a whole journal. What a rewind took back did happen, and is among them. */
export const observationsOf = (source: Source, entries: Iterable<Entry>): ReadonlyArray<Observation> => {
  const all: Array<Observation> = []
  let observer = begin(source)
  for (const entry of entries) {
    const [next, observations] = observe(observer, entry)
    all.push(...observations)
    observer = next
  }
  return all
}
