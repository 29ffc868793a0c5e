/** The file of a policy: read once, or watched. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as FileText from "./document/FileText.ts"
import { parse } from "./document/ReadPolicy.ts"
import type { Policy } from "./Policy.ts"
import { PolicyError } from "./PolicyError.ts"

const notReadable = (file: string, detail: string) =>
  new PolicyError({ reason: "NotReadable", file, detail, issues: [] })

/** Reads a policy from its file. At most 1 MiB, and within the bounds of `ReadPolicy.parse`. */
export const read = Effect.fn("PolicyFile.read")(function* (file: string) {
  const text = yield* Effect.mapError(FileText.read(file), (detail) => notReadable(file, detail))
  return yield* Effect.fromResult(parse(file, text))
})

/** The policy in force, and why the file as it is now is not, if it is not. */
export interface State {
  readonly policy: Policy
  readonly error: PolicyError | undefined
}

/** A policy file that is watched for as long as the scope is open. */
export interface Watched {
  readonly current: Effect.Effect<Policy>
  /** What is in force, and then each time that something else is, or that a new version of the file is broken. */
  readonly states: Stream.Stream<State>
}

/** How long a file must be left alone before it is read: what is being written is not a policy yet. */
const quiet = "100 millis"
const retry = Schedule.spaced("5 seconds")

/** How often it is looked whether the file is another one: of one behind a link, and of some file systems, no events come. */
const look = Schedule.spaced("2 seconds")

/** What differs once a file was written to or replaced, also behind links. */
const fingerprint = ({ dev, ino, mtime, size }: FileSystem.File.Info): string =>
  [dev, Option.getOrUndefined(ino), Option.getOrUndefined(mtime)?.getTime(), size].join(" ")

/** Also of links that are exchanged behind the file's own name, as orchestrators do. */
const concerns = (event: string, name: string): boolean => event === name || event.startsWith("..")

/**
 * Reads a policy file, fails if it cannot be used, and then keeps to what it says. A version that is broken, or a file that is
 * gone, leaves the version before it in force, and is reported. It is the folder that is watched, so that a file may be replaced;
 * what changes without an event there is found within two seconds.
 */
export const watch = Effect.fn("PolicyFile.watch")(function* (file: string) {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const seen = files.stat(file).pipe(
    Effect.map(fingerprint),
    Effect.orElseSucceed(() => "gone")
  )
  const before = yield* seen
  const state = yield* SubscriptionRef.make<State>({ policy: yield* read(file), error: undefined })
  const report = (error: PolicyError) => SubscriptionRef.update(state, ({ policy }) => ({ policy, error }))
  const load = read(file).pipe(
    Effect.provideService(FileSystem.FileSystem, files),
    Effect.flatMap((policy) =>
      SubscriptionRef.update(state, (before): State => {
        const isSame = before.policy.id === policy.id && before.error === undefined
        return isSame ? before : { policy, error: undefined }
      })
    ),
    Effect.catch(report)
  )
  const ready = yield* Deferred.make<void, PolicyError>()
  const onReady = () => void Deferred.doneUnsafe(ready, Effect.void)
  const events = files
    .watch(path.dirname(path.resolve(file)), { onReady })
    .pipe(Stream.filter((event) => concerns(path.basename(event.path), path.basename(file))))
  const looks = Stream.concat(Stream.succeed(before), Stream.fromEffectSchedule(seen, look)).pipe(
    Stream.changes,
    Stream.drop(1)
  )
  yield* Stream.merge(events, looks).pipe(
    Stream.debounce(quiet),
    Stream.runForEach(() => load),
    Effect.mapError(({ message }) => notReadable(file, `it is not watched any more: ${message}`)),
    Effect.tapError((error) => Effect.andThen(Deferred.fail(ready, error), report(error))),
    Effect.retry(retry),
    Effect.forkScoped
  )
  yield* Deferred.await(ready)
  // It may have changed before it was watched.
  yield* load
  const states = SubscriptionRef.changes(state)
  return { current: Effect.map(SubscriptionRef.get(state), ({ policy }) => policy), states } satisfies Watched
})
