/** Logs of these tests: their keys, their events, and their files. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Effect, Redacted } from "effect"
import type { NewEvent } from "../../src/audit/AuditEvent.ts"
import type { AuditKey, AuditKeys } from "../../src/audit/AuditKey.ts"
import * as AuditLog from "../../src/audit/AuditLog.ts"
import { verify } from "../../src/audit/Verify.ts"

export const keyOf = (id: string, byte: number): AuditKey => ({
  id,
  bytes: Redacted.make(new Uint8Array(32).fill(byte))
})

export const keys: AuditKeys = { signing: keyOf("k1", 7), verification: [] }

export type Options = Omit<AuditLog.AuditOptions, "directory" | "keys"> & { readonly keys?: AuditKeys }

/** Opens the log of a directory for an effect. */
export const inLog =
  (directory: string, options: Options = {}) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.provide(effect, AuditLog.layer({ directory, keys, ...options }), { local: true })

export const append = (event: NewEvent) => AuditLog.AuditLog.use((log) => log.append(event))

/** Some event. */
export const decided = (number: number, run = "run-1"): NewEvent => ({
  type: "call.decided",
  session: "ses-1",
  run,
  turn: "1",
  data: { call: `1.${number}`, method: "bank.refund", input: { amount: number }, effect: "allow", rule: "small" }
})

/** Writes a log of some events and closes it. */
export const writeLog = (directory: string, count: number, options: Options = {}) =>
  Effect.forEach(
    Array.from({ length: count }, (_, index) => decided(index + 1, `run-${index % 3}`)),
    append,
    {
      discard: true
    }
  ).pipe(inLog(directory, options))

export const segmentNames = (directory: string): ReadonlyArray<string> =>
  readdirSync(directory)
    .filter((name) => name.endsWith(".jsonl"))
    .sort()

/** All lines of a log, over its segments. */
export const linesOf = (directory: string): ReadonlyArray<string> =>
  segmentNames(directory).flatMap((name) => readFileSync(join(directory, name), "utf8").trimEnd().split("\n"))

export const eventsOf = (directory: string): ReadonlyArray<Record<string, unknown>> =>
  linesOf(directory).map((line) => JSON.parse(line))

/** Changes the text of one file. */
export const change = (path: string, edit: (text: string) => string): void =>
  writeFileSync(path, edit(readFileSync(path, "latin1")), "latin1")

export const check = (directory: string) => verify({ directory, keys: [keys.signing, ...keys.verification] })
