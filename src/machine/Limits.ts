import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { defaults as defaultQuota } from "../file/Quota.ts"

const bounded = (fallback: number, minimum: number, maximum: number, description: string) =>
  Schema.Int.check(Schema.isBetween({ minimum, maximum }))
    .annotate({ description })
    .pipe(Schema.withDecodingDefault(Effect.succeed(fallback)))

const mebibyte = 1_048_576

/** Everything a guest can use up, with its default, its least and its greatest value. There is no "unlimited". */
export const Limits = Schema.Struct({
  memoryMebibytes: bounded(
    64,
    8,
    1_024,
    "heap of the guest, and as much again for its shell once it has one; linear memory may grow to twice this"
  ),
  stackKibibytes: bounded(256, 64, 512, "native stack of the guest"),
  cpuSliceMillis: bounded(2_000, 10, 60_000, "CPU time between two waits of a run"),
  cpuRunMillis: bounded(10_000, 10, 600_000, "CPU time of a whole run"),
  wallMillis: bounded(300_000, 10, 86_400_000, "time of a run, without waits for people and sleeps"),
  sourceBytes: bounded(262_144, 1, 4 * mebibyte, "source text of one run, UTF-8"),
  outputBytes: bounded(262_144, 0, 16 * mebibyte, "console output kept of one run; the rest is dropped with a mark"),
  outstandingCalls: bounded(256, 1, 4_096, "calls and sleeps that wait at the same time"),
  callsPerRun: bounded(100_000, 1, 10_000_000, "calls of one run"),
  argumentBytes: bounded(mebibyte, 1, 16 * mebibyte, "arguments of one call as a Value text, UTF-8"),
  resultBytes: bounded(mebibyte, 1, 64 * mebibyte, "result of one call or run as a Value text, UTF-8"),
  fileBytes: bounded(
    defaultQuota.bytes,
    0,
    1_024 * mebibyte,
    "contents of all files and targets of all symbolic links"
  ),
  fileEntries: bounded(
    defaultQuota.entries,
    64,
    1_000_000,
    "names in all directories of the files; a hard link is one more"
  )
})
export type Limits = typeof Limits.Type

/**
 * What the arguments of a guest's calls that wait may have together, or those of all new calls of a turn in a guest whose turns
 * are messages. Every single call has room, and what holds them all has more than twice as much.
 */
export const argumentsBytesMax = 32 * mebibyte

/** The limits with every default filled in. */
export const defaults: Limits = Schema.decodeSync(Limits)({})
