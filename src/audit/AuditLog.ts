import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type AuditError, fileFailed, invalidEvent } from "./AuditError.ts"
import type { NewEvent } from "./AuditEvent.ts"
import type { AuditKeys } from "./AuditKey.ts"
import { type Bounds, defaultBounds } from "./Canonical.ts"
import * as Captures from "./Captures.ts"
import { asInvalid, type Drafting, draftOf, type Enrich, stampOf } from "./Draft.ts"
import * as LogBatches from "./LogBatches.ts"
import { openLog } from "./LogFile.ts"
import * as TailServer from "./TailServer.ts"

export interface AuditOptions {
  /** Created, for this user only, if it is missing. */
  readonly directory: string
  /** What signs checkpoints and the head, and what signed them before. */
  readonly keys: AuditKeys
  /** Takes secrets out of a text; applied to every key and text of an event's data before it is hashed. Default: nothing. */
  readonly redact?: ((text: string) => string) | undefined
  /** Fields to add to the data of every event. Those that it has already stay as they are. */
  readonly enrich?: Enrich | undefined
  /** Whether the text of an `output` is kept, or its length and SHA-256. Default `digest`. */
  readonly output?: Drafting["output"] | undefined
  readonly bounds?: Partial<Bounds> | undefined
  /**
   * `interval` (default): what is acknowledged survives any end of the process, and after a second a loss of power.
   * `always`: it survives a loss of power as well, for two disk writes for each batch.
   */
  readonly fsync?: "always" | "interval" | undefined
  /** A checkpoint is signed after so many events (default 1000), and after so long if there are any (default 1 minute). */
  readonly checkpoint?:
    | { readonly events?: number | undefined; readonly every?: Duration.Input | undefined }
    | undefined
  /** Another file is begun after so many bytes (default 64 MiB), and after so long (default 1 day). */
  readonly rotate?: { readonly bytes?: number | undefined; readonly age?: Duration.Input | undefined } | undefined
}

/** Where an event stands. */
export interface Appended {
  readonly seq: number
  readonly hash: string
}

/**
 * The append-only record of what was asked, decided and done, in a directory of files; see `Chain` for the format of a line.
 *
 * `audit-<first event>.jsonl` are the lines, `audit.head` says where they end, `captures/` has what they name by its hash.
 * `*.torn` is what stood behind the lines that the head vouches for when a log was opened again. `audit.lock`, `tail.sock` and `index.sqlite` can be made anew from the rest.
 *
 * A1. Events are written in the order in which they were accepted, by one writer per directory.
 * A2. `append` returns when the event's line is written and the signed head names it. If it fails, the event may not be there.
 */
export class AuditLog extends Context.Service<
  AuditLog,
  {
    /** Writes an event. Waits while 1024 others wait. An interrupted call may have been written all the same. */
    readonly append: (event: NewEvent) => Effect.Effect<Appended, AuditError>
    /** Writes up to 256 events behind each other, all or none. */
    readonly appendAll: (events: ReadonlyArray<NewEvent>) => Effect.Effect<ReadonlyArray<Appended>, AuditError>
    /** Keeps up to 16 MiB beside the log under their hash, for an event to name in the field `capture` of its data. */
    readonly capture: (bytes: Uint8Array) => Effect.Effect<Captures.Capture, AuditError>
    /** Signs what has been written so far, without waiting for the next checkpoint. */
    readonly checkpoint: Effect.Effect<void, AuditError>
  }
>()("caisson/audit/AuditLog") {}

const millisOf = (duration: Duration.Input): number => Duration.toMillis(Duration.fromInputUnsafe(duration))

const make = Effect.fnUntraced(function* (options: AuditOptions) {
  const { checkpoint, directory, fsync = "interval", keys, rotate } = options
  const drafting: Drafting = {
    redact: options.redact ?? ((text) => text),
    enrich: options.enrich,
    output: options.output ?? "digest",
    bounds: { ...defaultBounds, ...options.bounds }
  }
  const writer = yield* openLog({
    directory,
    keys,
    checkpointLines: checkpoint?.events ?? 1_000,
    segmentBytesMax: rotate?.bytes ?? 64 * 1_048_576,
    segmentAgeMillisMax: millisOf(rotate?.age ?? "1 day")
  })
  const tail = yield* TailServer.serve(directory, () => writer.end().seq)
  const batches = yield* LogBatches.run(writer, {
    directory,
    fsync,
    publish: tail.publish,
    checkpointEvery: Duration.fromInputUnsafe(checkpoint?.every ?? "1 minute")
  })
  const appendAll = (events: ReadonlyArray<NewEvent>) =>
    Clock.clockWith((clock) => {
      try {
        if (events.length > LogBatches.batchMax)
          throw invalidEvent(`more than ${LogBatches.batchMax} were given at once`)
        const time = stampOf(clock.currentTimeMillisUnsafe())
        return batches.write(events.map((event) => draftOf(event, time, drafting)))
      } catch (cause) {
        return Effect.fail(asInvalid(cause))
      }
    })
  return AuditLog.of({
    // One event has one place.
    append: (event) => Effect.map(appendAll([event]), ([place]) => place as Appended),
    appendAll,
    capture: (bytes) =>
      Effect.try({ try: () => Captures.store(directory, bytes), catch: fileFailed("keep a capture in", directory) }),
    checkpoint: batches.checkpoint
  })
})

/** The log of a directory, held by this process alone until the layer ends. Signed and closed then. */
export const layer = (options: AuditOptions): Layer.Layer<AuditLog, AuditError> => Layer.effect(AuditLog, make(options))
