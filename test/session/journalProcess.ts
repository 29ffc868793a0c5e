/**
 * A process with a journal of its own on a file that others use too. Its parent says what to do, line by line on stdin, and
 * it says what it has done on stdout at once: a line that was read stands for something that was durable before.
 */
import { writeSync } from "node:fs"
import { createInterface } from "node:readline"
import { Effect, Layer, Result, Stream } from "effect"
import { Journal } from "../../src/session/journal/Journal.ts"
import * as JournalSql from "../../src/session/journal/JournalSql.ts"
import * as Sqlite from "../../src/session/journal/Sqlite.ts"
import { LocalOwner } from "../../src/session/Owner.ts"
import { ended, entriesFrom, snapshotOf, started } from "../contract/journal/Steps.ts"

const [, , filename = ""] = process.argv
const leaseMillis = 3_600_000

const say = (line: string) => Effect.sync(() => writeSync(1, `${line}\n`))

const claim = Effect.fnUntraced(function* (session: string) {
  const journal = yield* Journal
  const owner = yield* LocalOwner
  return yield* Effect.result(journal.claim(session, owner, leaseMillis))
})

/** Writes for ever: batches of one to three entries, every third with a snapshot. */
const write = Effect.fnUntraced(function* (session: string) {
  const journal = yield* Journal
  const claimed = yield* Effect.fromResult(yield* claim(session))
  let { seq } = yield* journal.summary(session)
  for (let batch = 0; ; batch++) {
    const snapshot = snapshotOf(`${session} ${seq}`.repeat(100))
    const last = batch % 3 === 2 ? [ended(snapshot)] : []
    const events = [...Array.from({ length: batch % 3 }, () => started(`${seq}`)), started(`${seq}`), ...last]
    const snapshots = last.length === 0 ? [] : [snapshot]
    yield* journal.append(claimed, {
      entries: entriesFrom(seq + 1, ...events),
      snapshots,
      status: "running",
      dueMillis: null
    })
    seq += events.length
    yield* say(`${seq}`)
  }
})

const obey = Effect.fnUntraced(function* (line: string) {
  const [verb, ...sessions] = line.split(" ")
  if (verb === "write") return yield* write(sessions[0] ?? "")
  const won: Array<string> = []
  for (const session of sessions) if (Result.isSuccess(yield* claim(session))) won.push(session)
  yield* say(["won", ...won].join(" "))
})

const program = Effect.gen(function* () {
  yield* Journal
  yield* say("ready")
  const lines = Stream.fromAsyncIterable(createInterface({ input: process.stdin }), (cause) => cause)
  yield* Stream.runForEach(lines, obey)
})

await Effect.runPromise(program.pipe(Effect.provide(JournalSql.layer.pipe(Layer.provide(Sqlite.layer({ filename }))))))
