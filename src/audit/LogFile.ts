/** A log as one process holds it: locked, recovered, open for writing, and closed properly. */
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { Entropy } from "../session/Entropy.ts"
import { fileFailed } from "./AuditError.ts"
import { type AuditKeys, byId } from "./AuditKey.ts"
import { openHead } from "./HeadFile.ts"
import * as LogLock from "./LogLock.ts"
import { type LogWriter, openWriter, type WriterOptions } from "./LogWriter.ts"
import { recover } from "./Recovery.ts"

export interface LogFileOptions
  extends Pick<WriterOptions, "checkpointLines" | "segmentBytesMax" | "segmentAgeMillisMax"> {
  readonly directory: string
  readonly keys: AuditKeys
}

const attempt = <A>(directory: string, run: () => A) => Effect.try({ try: run, catch: fileFailed("open", directory) })

const lock = (directory: string) =>
  Effect.acquireRelease(
    attempt(directory, () => {
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      return LogLock.take(join(directory, "audit.lock"), directory)
    }),
    (giveBack) => Effect.sync(giveBack)
  )

/** Finds the end of the log, and writes down that it was opened and what was found. */
const begin = ({ keys, ...options }: LogFileOptions, newLog: string, nowMillis: number): LogWriter => {
  const { directory } = options
  const known = byId([keys.signing, ...keys.verification])
  const { end, head: last, named, recovered } = recover(directory, known)
  const log = last?.log ?? newLog
  const head = openHead(directory, keys.signing, last, recovered?.["head"] === undefined ? 0 : 2)
  const writer = openWriter({ ...options, log, key: keys.signing, head }, end, named)
  const closed = last === undefined || last.seq === 0 ? "new" : "closed"
  const opened = writer.note(
    { type: "log.opened", data: { log, after: recovered === undefined ? closed : "crashed" } },
    nowMillis
  )
  const found = recovered === undefined ? [] : [writer.note({ type: "log.recovered", data: recovered }, nowMillis)]
  writer.record([opened, ...found], nowMillis)
  writer.seal("open", nowMillis)
  writer.syncNow()
  return writer
}

/** A log without room for its last checkpoint is closed all the same: the head signs its lines too. */
const finish = (writer: LogWriter, nowMillis: number): void => {
  try {
    try {
      writer.checkpoint(nowMillis)
    } finally {
      writer.seal("closed", nowMillis)
      writer.syncNow()
    }
  } finally {
    writer.close()
  }
}

/** Opens the log of a directory, or begins one there; with the scope it is signed and closed. */
export const openLog = Effect.fnUntraced(function* (options: LogFileOptions) {
  const { directory } = options
  const random = yield* Entropy
  yield* lock(directory)
  return yield* Effect.acquireRelease(
    Effect.flatMap(Clock.currentTimeMillis, (now) => attempt(directory, () => begin(options, random(16), now))),
    (writer) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) =>
        Effect.ignore(
          attempt(directory, () => finish(writer, now)),
          { log: true }
        )
      )
  )
})
