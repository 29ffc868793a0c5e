import { createReadStream, statSync } from "node:fs"
import { type FileHandle, link, lstat, open, rename, rm } from "node:fs/promises"
import { dirname, join } from "node:path"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { fromSystem, LocalFileError } from "../../promise/LocalFileError.ts"

/** Whether there is a directory. A link is followed. */
export const isLocalDirectory = (path: string): Effect.Effect<boolean, LocalFileError> =>
  Effect.try({
    try: () => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true,
    catch: fromSystem("NotReadable", path)
  })

/** What is in a file or a pipe, piece by piece. */
export const readPieces = (path: string): Stream.Stream<Uint8Array, LocalFileError> =>
  Stream.suspend(() =>
    Stream.fromAsyncIterable<Uint8Array, LocalFileError>(createReadStream(path), fromSystem("NotReadable", path))
  )

interface Options {
  readonly mode: number
  readonly overwrite: boolean
}

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false
  )

/** Makes a file under another name, which gets its own when all is in it, and is gone otherwise. */
const withHandle = <E, R>(
  path: string,
  { mode, overwrite }: Options,
  write: (handle: FileHandle) => Effect.Effect<void, E, R>
) => {
  const attempt = <A>(body: () => Promise<A>) =>
    Effect.tryPromise({ try: body, catch: fromSystem("NotWritable", path) })
  const part = join(dirname(path), `.caisson-${process.pid}.part`)
  return Effect.acquireUseRelease(
    attempt(() => open(part, "wx", mode & 0o777)),
    (handle) =>
      Effect.andThen(
        write(handle),
        attempt(() => (overwrite ? rename(part, path) : link(part, path)))
      ),
    (handle) =>
      Effect.promise(async () => {
        await handle.close()
        await rm(part, { force: true })
      })
  )
}

/** Makes a file of what a stream gives: all of it or none. */
export const writeFile = Effect.fnUntraced(function* <E, R>(
  path: string,
  content: Stream.Stream<Uint8Array, E, R>,
  options: Options
) {
  if (!options.overwrite && (yield* Effect.promise(() => isThere(path)))) {
    return yield* new LocalFileError({ reason: "AlreadyThere", path, message: `${path} is there already` })
  }
  yield* withHandle(path, options, (handle) =>
    Stream.runForEach(content, (piece) =>
      Effect.tryPromise({ try: () => handle.writeFile(piece), catch: fromSystem("NotWritable", path) })
    )
  )
})
