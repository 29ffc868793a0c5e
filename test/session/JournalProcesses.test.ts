import { type ChildProcessByStdio, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { createInterface } from "node:readline"
import type { Readable, Writable } from "node:stream"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { sha256 } from "../../src/session/Digest.ts"
import { Journal } from "../../src/session/journal/Journal.ts"
import * as JournalSql from "../../src/session/journal/JournalSql.ts"
import * as Sqlite from "../../src/session/journal/Sqlite.ts"
import { LocalOwner } from "../../src/session/Owner.ts"
import { create, read } from "../contract/journal/Steps.ts"
import { temporaryDirectory } from "./directory.ts"

const script = fileURLToPath(new URL("journalProcess.ts", import.meta.url))

interface Process {
  readonly tell: (line: string) => void
  /** The next line, undefined once it has ended. */
  readonly hear: Effect.Effect<string | undefined>
  readonly kill: Effect.Effect<void>
}

const end = async (child: ChildProcessByStdio<Writable, Readable, null>) => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, "exit")
  child.kill("SIGKILL")
  await ended
}

const start = (filename: string) =>
  Effect.acquireRelease(
    Effect.sync((): Process => {
      const child = spawn(process.execPath, [script, filename], { stdio: ["pipe", "pipe", "inherit"] })
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
      const hear = async () => {
        const line = await lines.next()
        return line.done === true ? undefined : line.value
      }
      return {
        tell: (line) => child.stdin.write(`${line}\n`),
        hear: Effect.promise(hear),
        kill: Effect.promise(() => end(child))
      }
    }),
    ({ kill }) => kill
  )

const journalOn = (filename: string) => Layer.fresh(JournalSql.layer.pipe(Layer.provide(Sqlite.layer({ filename }))))

/** Kills a writing process as soon as it has said so often that something was written; gives the last sequence number it said. */
const crash = Effect.fnUntraced(function* (filename: string, session: string, words: number) {
  const writer = yield* start(filename)
  assert.strictEqual(yield* writer.hear, "ready")
  writer.tell(`write ${session}`)
  let said = 0
  for (let word = 0; word < words; word++) said = Number(yield* writer.hear)
  yield* writer.kill
  for (let line = yield* writer.hear; line !== undefined; line = yield* writer.hear) said = Number(line)
  return said
}, Effect.scoped)

/** Reading fails by itself where there is a gap. */
const assertSound = Effect.fnUntraced(function* (session: string, said: number) {
  const journal = yield* Journal
  const entries = yield* read(session)
  assert.isAtLeast(entries.length, said)
  assert.strictEqual((yield* journal.summary(session)).seq, entries.length)
  for (const { event } of entries) {
    if (!("snapshot" in event) || event.snapshot === undefined) continue
    const bytes = yield* journal.snapshot(event.snapshot)
    assert.strictEqual(Option.isSome(bytes) && sha256(bytes.value), event.snapshot)
  }
  return entries.length
})

describe("processes that share a SQLite journal", () => {
  it.live("J2 lose nothing that was acknowledged when one is killed, wherever that happens", () =>
    Effect.gen(function* () {
      const filename = join(yield* temporaryDirectory, "journal.sqlite")
      const session = "crashing"
      const open = <A, E>(effect: Effect.Effect<A, E, Journal>) => Effect.provide(effect, journalOn(filename))
      yield* open(Effect.flatMap(create(session), (claim) => Journal.use((journal) => journal.release(claim))))
      let before = 1
      for (const words of [1, 2, 3, 29, 150, 700]) {
        const said = yield* crash(filename, session, words)
        assert.isAbove(said, before)
        before = yield* open(assertSound(session, said))
      }
      // Seven claims: the last writer's lease has an hour to go, but it is dead.
      const claim = open(
        Effect.flatMap(LocalOwner, (owner) => Journal.use((journal) => journal.claim(session, owner, 1)))
      )
      assert.deepStrictEqual(yield* claim, { session, epoch: 8 })
    })
  )

  it.live("claim each session once, however close together they try", () =>
    Effect.gen(function* () {
      const filename = join(yield* temporaryDirectory, "journal.sqlite")
      const sessions = Array.from({ length: 300 }, (_, index) => `s-${index}`)
      yield* Effect.provide(
        Effect.forEach(sessions, (session) =>
          Effect.flatMap(create(session), (claim) => Journal.use((journal) => journal.release(claim)))
        ),
        journalOn(filename)
      )
      const claimants = [yield* start(filename), yield* start(filename)]
      for (const claimant of claimants) assert.strictEqual(yield* claimant.hear, "ready")
      for (const claimant of claimants) claimant.tell(["claim", ...sessions].join(" "))
      const won = yield* Effect.forEach(claimants, (claimant) =>
        Effect.map(claimant.hear, (line) => line?.split(" ").slice(1) ?? [])
      )
      assert.deepStrictEqual(won.flat().toSorted(), sessions.toSorted())
    })
  )

  it.live("make the tables of a new file together", () =>
    Effect.gen(function* () {
      const filename = join(yield* temporaryDirectory, "new", "journal.sqlite")
      const makers = yield* Effect.forEach([1, 2, 3, 4], () => start(filename))
      for (const maker of makers) assert.strictEqual(yield* maker.hear, "ready")
    })
  )
})
