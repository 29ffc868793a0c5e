/**
 * A process that appends to the log of a directory until it is killed. Writes `<seq> <hash>` to standard output for each event
 * that was acknowledged, once it was.
 *
 * Arguments: directory, and `interval` or `always`.
 */
import { writeSync } from "node:fs"
import * as Effect from "effect/Effect"
import { AuditLog } from "../../src/audit/AuditLog.ts"
import { decided, inLog } from "./logs.ts"

const [directory = "", fsync = "interval"] = process.argv.slice(2)

/** Long enough for a batch to be more than the pages that the kernel writes at once. */
const event = (number: number) => {
  const { data, ...rest } = decided(number, `run-${number % 7}`)
  return { ...rest, data: { ...data, note: "x".repeat(number % 5_000) } }
}

const writer = (first: number) =>
  Effect.gen(function* () {
    const log = yield* AuditLog
    for (let number = first; ; number += 8) {
      const events = Array.from({ length: 1 + (number % 5) }, (_, index) => event(number + index))
      const places = yield* log.appendAll(events)
      writeSync(1, places.map(({ hash, seq }) => `${seq} ${hash}\n`).join(""))
    }
  })

const program = Effect.forEach([0, 1, 2, 3, 4, 5, 6, 7], writer, { concurrency: "unbounded", discard: true })
await Effect.runPromise(
  program.pipe(
    inLog(directory, {
      fsync: fsync === "always" ? "always" : "interval",
      checkpoint: { events: 60 },
      rotate: { bytes: 400_000 }
    })
  )
)
