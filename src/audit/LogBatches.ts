/**
 * How what is given to a log gets to its writer, one batch after the other.
 *
 * B1. Nobody is answered before the lines are written and the head names them; with `always`, before both are on the disk.
 * B2. What was accepted is written, even if nobody waits for it any more, and before the log is closed.
 */
import { fdatasync } from "node:fs"
import { open } from "node:fs/promises"
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import { AuditError, fileFailed, LogClosed } from "./AuditError.ts"
import type { Draft } from "./Draft.ts"
import { headPath } from "./HeadFile.ts"
import type { LogWriter, Written } from "./LogWriter.ts"

/** Events that one call may bring. So many that wait are written together, and those of the last call with them. */
export const batchMax = 256
/** Calls that wait; the next ones wait for a place. */
const waitingMax = 1_024
const syncEvery: Duration.Input = "1 second"

export interface BatchOptions {
  readonly directory: string
  readonly fsync: "always" | "interval"
  readonly checkpointEvery: Duration.Duration
  /** Is told of every line once it stands. */
  readonly publish: (written: ReadonlyArray<Written>) => void
}

interface Waiting {
  readonly drafts: ReadonlyArray<Draft>
  readonly then: "go on" | "checkpoint"
}

interface Asked extends Waiting {
  readonly done: Deferred.Deferred<ReadonlyArray<Written>, AuditError>
}

const syncDescriptor = (descriptor: number, path: string) =>
  Effect.callback<void, AuditError>((resume) =>
    fdatasync(descriptor, (cause) =>
      resume(cause === null ? Effect.void : Effect.fail(fileFailed("write to disk", path)(cause)))
    )
  )

/** Through a descriptor of its own: the writer may close its one at any time. */
const syncPath = (path: string) =>
  Effect.tryPromise({
    try: async () => {
      await using file = await open(path, "r+")
      await file.datasync()
    },
    catch: fileFailed("write to disk", path)
  })

/** Writes what waits; the lines of the callers apart from those of the log itself. */
const writeLines = (writer: LogWriter, batch: ReadonlyArray<Waiting>, nowMillis: number) => {
  const before = writer.rotateIfDue(nowMillis)
  const [only] = batch
  const drafts = only !== undefined && batch.length === 1 ? only.drafts : batch.flatMap(({ drafts }) => drafts)
  const written = drafts.length === 0 ? [] : writer.record(drafts, nowMillis)
  const isDue = writer.isCheckpointDue() || batch.some(({ then }) => then === "checkpoint")
  const after = isDue ? writer.checkpoint(nowMillis) : []
  return { written, all: [...before, ...written, ...after] }
}

/** What writes to a log. */
export interface Batches {
  /** Writes drafts behind each other, all or none. */
  readonly write: (drafts: ReadonlyArray<Draft>) => Effect.Effect<ReadonlyArray<Written>, AuditError>
  /** Signs what has been written so far. */
  readonly checkpoint: Effect.Effect<void, AuditError>
}

const closed = new AuditError({ reason: new LogClosed() })

const attempt = <A>(directory: string, run: () => A) =>
  Effect.try({ try: run, catch: fileFailed("write to", directory) })

/** Writes at once, within the call: the lines are in the hands of the operating system when it returns, and nobody waits. */
const direct = Effect.fnUntraced(function* (writer: LogWriter, { directory, publish }: BatchOptions) {
  let isOpen = true
  yield* Effect.addFinalizer(() => Effect.sync(() => (isOpen = false)))
  const write = (drafts: ReadonlyArray<Draft>, then: Waiting["then"]) =>
    Clock.clockWith((clock) => {
      if (!isOpen) return Effect.fail(closed)
      return attempt(directory, () => {
        const nowMillis = clock.currentTimeMillisUnsafe()
        const { all, written } = writeLines(writer, [{ drafts, then }], nowMillis)
        writer.seal("open", nowMillis)
        publish(all)
        return written
      })
    })
  return {
    write: (drafts) => write(drafts, "go on"),
    checkpoint: Effect.asVoid(write([], "checkpoint"))
  } satisfies Batches
})

const answer = (batch: ReadonlyArray<Asked>, written: ReadonlyArray<Written>): void => {
  let next = 0
  for (const { done, drafts } of batch) {
    Deferred.doneUnsafe(done, Effect.succeed(written.slice(next, next + drafts.length)))
    next += drafts.length
  }
}

const fail = (batch: ReadonlyArray<Asked>, error: AuditError): void => {
  for (const { done } of batch) Deferred.doneUnsafe(done, Effect.fail(error))
}

/** Writes together what came while the disk was busy. */
const queued = Effect.fnUntraced(function* (writer: LogWriter, { directory, publish }: BatchOptions) {
  const queue = yield* Queue.bounded<Asked, Cause.Done>(waitingMax)
  const writeBatch = Effect.fnUntraced(function* (batch: ReadonlyArray<Asked>) {
    const nowMillis = yield* Clock.currentTimeMillis
    const { all, written } = yield* attempt(directory, () => writeLines(writer, batch, nowMillis))
    const [lines, head] = writer.descriptors()
    yield* syncDescriptor(lines, directory)
    yield* attempt(directory, () => writer.seal("open", nowMillis))
    yield* syncDescriptor(head, directory)
    yield* attempt(directory, () => publish(all))
    answer(batch, written)
  })
  const takeBatch = Effect.gen(function* () {
    const batch = [yield* Queue.take(queue)]
    for (let lines = batch[0]?.drafts.length ?? 0; lines < batchMax && (yield* Queue.size(queue)) > 0; ) {
      const next = yield* Queue.take(queue)
      lines += next.drafts.length + 1
      batch.push(next)
    }
    return batch
  })
  const loop = takeBatch.pipe(
    Effect.flatMap((batch) => Effect.catch(writeBatch(batch), (error) => Effect.sync(() => fail(batch, error)))),
    Effect.forever,
    Effect.ignore
  )
  const fiber = yield* Effect.forkDetach(loop)
  yield* Effect.addFinalizer(() => Effect.andThen(Queue.end(queue), Fiber.await(fiber)))
  const submit = (drafts: ReadonlyArray<Draft>, then: Waiting["then"]) =>
    Effect.suspend(() => {
      const done = Deferred.makeUnsafe<ReadonlyArray<Written>, AuditError>()
      return Effect.flatMap(Queue.offer(queue, { drafts, then, done }), (isAccepted) =>
        isAccepted ? Deferred.await(done) : Effect.fail(closed)
      )
    })
  return {
    write: (drafts) => submit(drafts, "go on"),
    checkpoint: Effect.asVoid(submit([], "checkpoint"))
  } satisfies Batches
})

const every = (duration: Duration.Input, work: Effect.Effect<void, AuditError>) =>
  Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(duration), Effect.ignore(work, { log: "Warn" }))))

/** Writes to a log what it is given, until the scope is closed. */
export const run = Effect.fnUntraced(function* (writer: LogWriter, options: BatchOptions) {
  const batches: Batches = yield* options.fsync === "always" ? queued(writer, options) : direct(writer, options)
  yield* every(options.checkpointEvery, batches.checkpoint)
  if (options.fsync === "interval") {
    // The head first: on the disk it then names no line that is not there.
    const paths = () => [headPath(options.directory), writer.segmentPath()]
    yield* every(
      syncEvery,
      Effect.suspend(() => Effect.forEach(paths(), syncPath, { discard: true }))
    )
  }
  return batches
})
