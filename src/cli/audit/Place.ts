/** Where the audit log of a home and its keys are, and how times and types are named on the command line. */
import { existsSync } from "node:fs"
import { join, resolve } from "node:path"
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { eventTypes, isEventType } from "../../audit/AuditEvent.ts"
import { UsageError } from "../Problem.ts"

/** The directory of a home's log. */
export const directoryOf = (home: string): string => join(home, "audit")

const keysVariable = "CAISSON_AUDIT_KEYS"

/** The file of the keys, if it is not the one in the home. */
export const keysFlag = Flag.String("keys").pipe(
  Flag.withMetavar("FILE"),
  Flag.withDescription(`The keys that the log was signed with (default: $${keysVariable}, or audit.keys in the home)`),
  Flag.map((file) => resolve(file)),
  Flag.optional,
  Flag.map(Option.getOrUndefined)
)

/** The keys of a file, of the environment, or of a home, whichever is given first. */
export const readKeys = Effect.fnUntraced(function* (home: string, file: string | undefined) {
  const { load, parse } = yield* Effect.promise(() => import("../../audit/AuditKeyFile.ts"))
  const variable = Effect.orDie(Config.option(Config.Redacted(keysVariable)))
  const given = file === undefined ? yield* variable : Option.none()
  const path = file ?? join(home, "audit.keys")
  if (Option.isNone(given) && !existsSync(path)) {
    const message = `there are no keys in ${path}: give another file by --keys, or set ${keysVariable}`
    return yield* new UsageError({ reason: "NotReadable", message })
  }
  const { signing, verification } = yield* Option.isSome(given) ? parse(given.value) : load(path)
  return [signing, ...verification]
})

const notAType = (text: string): string =>
  `${JSON.stringify(text)} is not a type of event; there are ${Object.keys(eventTypes).join(", ")} and x-NAME`

/** A type of event. */
export const typeFlag = Flag.String("type").pipe(
  Flag.withMetavar("TYPE"),
  Flag.withDescription("Only events of a type, such as call.decided"),
  Flag.withSchema(Schema.String.check(Schema.makeFilter((text) => isEventType(text) || notAType(text)))),
  Flag.optional,
  Flag.map(Option.getOrUndefined)
)

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

const isoTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/

/** A time as milliseconds since the epoch: `2026-11-20`, `2026-11-20T08:30:00Z`, or `90m`, that is, so long ago. */
export const timeOf = Effect.fnUntraced(function* (flag: string, text: string | undefined) {
  if (text === undefined) return undefined
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text) ?? []
  if (amount !== undefined) return (yield* Clock.currentTimeMillis) - Number(amount) * (units[unit] ?? 0)
  const millis = isoTime.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(millis)) return millis
  const message = `--${flag} ${text} is not a time: write 2026-11-20, 2026-11-20T08:30:00Z, or 90m for so long ago`
  return yield* new UsageError({ reason: "InvalidDuration", message })
})
