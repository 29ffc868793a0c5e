/** What guests and tools say in events, without what a policy takes for a secret. Pure. */
import type * as Schema from "effect/Schema"
import * as Redaction from "../policy/secret/Redaction.ts"
import type { NewEvent } from "./AuditEvent.ts"
import { freeKey, mark } from "./Canonical.ts"

/** The fields of an event's data that hold it. All others are ids and words of our own. */
const fields = ["input", "error", "subject", "reason"] as const

/** As deep as a value of a guest can be. */
const depthMax = 512

/** A value without secrets in texts, keys and numbers. */
const cover = (output: Redaction.Output, value: Schema.Json, depth: number): Schema.Json => {
  if (typeof value === "string") return Redaction.redact(output, value)
  if (typeof value === "number") {
    const text = String(value)
    const clean = Redaction.redact(output, text)
    return clean === text ? value : clean
  }
  if (typeof value !== "object" || value === null) return value
  if (depth > depthMax) return mark
  if (Array.isArray(value)) return value.map((item: Schema.Json) => cover(output, item, depth + 1))
  const members = new Map<string, Schema.Json>()
  for (const [key, member] of Object.entries(value)) {
    members.set(freeKey(members, Redaction.redact(output, key)), cover(output, member, depth + 1))
  }
  return Object.fromEntries(members)
}

/** An event without the secrets of a policy. */
export const withoutSecrets = (output: Redaction.Output, event: NewEvent): NewEvent => {
  if (output.redact.length === 0) return event
  const { data } = event
  const told = fields.filter((field) => data?.[field] !== undefined)
  if (told.length === 0) return event
  const clean = told.map((field) => [field, cover(output, data?.[field] ?? null, 0)] as const)
  return { ...event, data: { ...data, ...Object.fromEntries(clean) } }
}
