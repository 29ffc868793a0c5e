/**
 * Directories that are of use only while something is made in them. They are removed with the scope; those of a process that was
 * killed, when the next one is made beside them.
 *
 * D1. A directory's name says whose it is, by the label of a process. What belongs to one of which it is not certain that it has ended is
 *     left alone, and so is what belongs to another user.
 * D2. Nothing is removed below which something is mounted: what is there may be the host's own.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Identity from "../process/Identity.ts"

const isMountedBelow = (mounts: string, directory: string): boolean =>
  mounts.split("\n").some((line) => line.split(" ")[4]?.startsWith(`${directory}/`))

/** Removes what killed processes have left beside a directory. What cannot be removed stays. */
const sweep = Effect.fnUntraced(
  function* (parent: string, prefix: string, own: string) {
    const files = yield* FileSystem.FileSystem
    const { uid: user } = yield* files.stat(own)
    const names = yield* files.readDirectory(parent)
    const left = names.filter(
      (name) => name.startsWith(prefix) && Identity.labelHasEnded(name.slice(prefix.length).replace(/-[^-]+$/, ""))
    )
    for (const name of left) {
      const directory = `${parent}/${name}`
      const found = yield* Effect.option(files.stat(directory))
      if (Option.getOrUndefined(Option.flatMap(found, ({ uid }) => uid)) !== Option.getOrUndefined(user)) continue
      if (isMountedBelow(yield* files.readFileString("/proc/self/mountinfo"), directory)) continue
      yield* Effect.ignore(files.remove(directory, { recursive: true }))
    }
  },
  (sweeping) => Effect.ignore(sweeping)
)

export interface Wanted {
  readonly prefix: string
  /** Where it is to be; else where this host has such directories. */
  readonly parent?: string | undefined
}

/** A directory that is gone with the scope. */
export const make = Effect.fn("Scratch.make")(function* ({ parent, prefix }: Wanted) {
  const files = yield* FileSystem.FileSystem
  const named = { prefix: `${prefix}${Identity.labelOf(Identity.self())}-` }
  const own = yield* files.makeTempDirectoryScoped(parent === undefined ? named : { ...named, directory: parent })
  yield* sweep(own.slice(0, own.lastIndexOf("/")), prefix, own)
  return own
})
