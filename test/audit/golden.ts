/**
 * Golden logs: between them every type of event, each written once by this file run as a program, and read by every build since.
 *
 * Argument: the name of a new one.
 */
import { appendFileSync, cpSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { type EventType, eventTypes, type NewEvent } from "../../src/audit/AuditEvent.ts"
import { AuditLog } from "../../src/audit/AuditLog.ts"
import { toText } from "../../src/audit/Proof.ts"
import { prove } from "../../src/audit/Prove.ts"
import { temporaryDirectory } from "../session/directory.ts"
import { inLog, segmentNames } from "./logs.ts"

const root = fileURLToPath(new URL("../fixtures/audit/", import.meta.url))

export const folders: ReadonlyArray<string> = readdirSync(root).map((name) => join(root, name))

const isOwn = (type: string): boolean => type.startsWith("log.")

const events: ReadonlyArray<NewEvent> = (Object.keys(eventTypes) as ReadonlyArray<EventType>)
  .filter((type) => !isOwn(type))
  .map((type, index) => ({
    type,
    session: "ses-golden",
    ...(index % 3 === 0
      ? {}
      : { run: `run-${index % 2}`, turn: String(index), trace: "0af7651916cd43dd8448eb211c80319c" }),
    ...(index % 5 === 0 ? { tenant: "tenant-é" } : {}),
    data: { text: `line\n"${index}"  \u2028 ✓ \ud83d\ude00`, number: index / 3, z: null, a: [true, { b: -1.5e-7 }] }
  }))

const write = Effect.gen(function* () {
  const log = yield* AuditLog
  yield* Effect.forEach(events, log.append, { discard: true })
  yield* log.append({ type: "x-custom", data: { text: "x".repeat(9_000) } })
  const bytes = new TextEncoder().encode("a golden capture")
  const { sha256 } = yield* log.capture(bytes)
  yield* log.append({ type: "file.written", data: { path: "/tmp/golden", bytes: bytes.length, capture: sha256 } })
})

/** A log that its process left in the middle of a line, and that another one went on with. */
const writeGolden = Effect.fnUntraced(function* (folder: string) {
  const options = { checkpoint: { events: 8 }, rotate: { bytes: 6_000 } }
  yield* TestClock.setTime(1_763_640_000_000)
  const directory = yield* temporaryDirectory
  const copy = Effect.sync(() =>
    cpSync(directory, folder, { recursive: true, filter: (path) => !/\.(sock|lock)$/.test(path) })
  )
  yield* Effect.andThen(write, copy).pipe(inLog(directory, options))
  appendFileSync(join(folder, segmentNames(folder).at(-1) ?? ""), '{"v":1,"seq"')
  yield* TestClock.setTime(1_763_640_060_000)
  yield* write.pipe(inLog(folder, options))
  writeFileSync(join(folder, "proof.json"), toText(yield* prove(folder, { run: "run-1" })))
  for (const name of ["audit.lock", "index.sqlite", "index.sqlite-wal", "index.sqlite-shm", "tail.sock"]) {
    rmSync(join(folder, name), { force: true })
  }
})

if (import.meta.main)
  await Effect.runPromise(
    writeGolden(join(root, process.argv[2] ?? "")).pipe(Effect.scoped, Effect.provide(TestClock.layer()))
  )
