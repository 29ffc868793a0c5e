import { sha256 } from "../session/Digest.ts"
import { AuditError, invalidEvent } from "./AuditError.ts"
import { isEventType, type JsonObject, type NewEvent, type Subject } from "./AuditEvent.ts"
import { type Bounds, canonicalText, quoted, type Redact } from "./Canonical.ts"

/** An event as it will stand in its line, but for its place in the chain. */
export interface Draft {
  readonly type: string
  readonly session: string | undefined
  readonly run: string | undefined
  /** The line's fields from `time` up to and with `data`. */
  readonly body: string
}

/** Fields to add to an event's data; those that it has already stay as they are. If it throws, `$enrichment` says so. */
export type Enrich = (event: NewEvent) => JsonObject

let stampedMillis = Number.NaN
let stamp = ""

/** The text of a time. Many events have the same one. */
export const stampOf = (millis: number): string => {
  if (millis !== stampedMillis) {
    stampedMillis = millis
    stamp = new Date(millis).toISOString()
  }
  return stamp
}

/** How events become lines. */
export interface Drafting {
  readonly redact: Redact
  readonly enrich: Enrich | undefined
  /** Whether the text of an `output` is kept, or only its length and SHA-256, both without secrets. */
  readonly output: "digest" | "text"
  readonly bounds: Bounds
}

const idMax = 256

const idText = (field: keyof Subject, id: string | undefined): string => {
  if (id === undefined) return ""
  if (typeof id === "string" && id.length <= idMax) return `,"${field}":${quoted(id)}`
  throw invalidEvent(`${field} is not a text of at most ${idMax} characters`)
}

/** In the order in which a line has them. */
const subjectText = ({ run, session, tenant, trace, turn }: Subject): string =>
  idText("session", session) +
  idText("run", run) +
  idText("turn", turn) +
  idText("trace", trace) +
  idText("tenant", tenant)

/** An enricher must not be able to keep an event out of the log. */
const enriched = (event: NewEvent, enrich: Enrich | undefined): JsonObject => {
  if (enrich === undefined) return event.data ?? {}
  try {
    return { ...enrich(event), ...event.data }
  } catch (cause) {
    return { ...event.data, $enrichment: `failed: ${cause instanceof Error ? cause.message : String(cause)}` }
  }
}

const withoutText = ({ text, ...data }: JsonObject, redact: Redact): JsonObject => {
  if (typeof text !== "string") return text === undefined ? data : { ...data, text }
  const clean = redact(text)
  return { ...data, bytes: Buffer.byteLength(clean), sha256: sha256(clean) }
}

const dataOf = (event: NewEvent, { enrich, output, redact }: Drafting): JsonObject => {
  const data = enriched(event, enrich)
  return event.type === "output" && output === "digest" ? withoutText(data, redact) : data
}

/** Makes an event ready for its line: enriched, bounded, without secrets, canonical. Throws `InvalidEvent`. */
export const draftOf = (event: NewEvent, time: string, drafting: Drafting): Draft => {
  const { run, session, type } = event
  if (!isEventType(type)) throw invalidEvent(`${JSON.stringify(type)} is not a type; a type of your own begins with x-`)
  const data = canonicalText(dataOf(event, drafting), drafting.redact, drafting.bounds)
  return { type, session, run, body: `"time":"${time}","type":"${type}"${subjectText(event)},"data":${data}` }
}

/** What `draftOf` throws of its own accord, or what a redactor threw. */
export const asInvalid = (cause: unknown): AuditError =>
  cause instanceof AuditError ? cause : invalidEvent(cause instanceof Error ? cause.message : String(cause))
