/**
 * A directory as a tar archive, and back. Archives are strangers: what one says of itself is believed only within the bounds that the
 * caller sets, and nothing of it gets outside of the directory that it is unpacked into.
 */
import * as Effect from "effect/Effect"
import * as Tar from "effect/encoding/Tar"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { PutEntry } from "./FileOperation.ts"
import { type FilePath, join, read } from "./FilePath.ts"
import type { Quota } from "./Quota.ts"

/**
 * An archive that is refused. `NotAnArchive`: it is no tar, or one that is cut off. `UnsafeName`, `UnsafeLink`: an entry or a link
 * would be outside. `Unsupported`: a device or something else that is no file. `TooLarge`: the quota does not allow it.
 */
export class ArchiveRejected extends Schema.TaggedError<ArchiveRejected>()("ArchiveRejected", {
  reason: Schema.Literals(["NotAnArchive", "UnsafeName", "UnsafeLink", "Unsupported", "TooLarge"]),
  message: Schema.String
}) {}

type Reason = ArchiveRejected["reason"]

const rejected = (reason: Reason, message: string) => new ArchiveRejected({ reason, message })

const shown = (name: string): string => JSON.stringify(name.slice(0, 256).toWellFormed())

/** What a tar needs beside contents: headers, long names, padding. */
const overheadBytesMax = 16_384

/** The path of a name in the archive, without what leads nowhere. */
const pathIn = (name: string): FilePath | undefined => {
  const path = Result.getOrUndefined(read(name))
  return path?.isAbsolute || path?.segments.includes("..") ? undefined : path
}

/**
 * Whether a link stays inside. It may only go up at first: what a name before a `..` leads to is not known by its text.
 */
const staysInside = (at: ReadonlyArray<string>, target: string): boolean => {
  const path = Result.getOrUndefined(read(target))
  if (path === undefined || path.isAbsolute) return false
  const ups = path.segments.findIndex((segment) => segment !== "..")
  const up = ups === -1 ? path.segments.length : ups
  return up < at.length && !path.segments.slice(up).includes("..")
}

type Body<E, R> = Tar.Entry<E, R>["body"]

/** Reads the entries of one archive, one after the other. */
class Unpacking {
  readonly entries = new Map<string, PutEntry>()
  readonly #into: string
  readonly #quota: Quota
  #bytes = 0

  constructor(into: string, quota: Quota) {
    this.#into = into
    this.#quota = quota
  }

  add<E, R>({ body, header }: Tar.Entry<E, R>): Effect.Effect<void, ArchiveRejected | E, R> {
    const segments = pathIn(header.path)?.segments
    if (segments === undefined) return rejected("UnsafeName", `the name ${shown(header.path)} leads outside`)
    if (segments.length === 0 && header.type === "Directory") return Effect.void
    if (segments.length === 0) return rejected("UnsafeName", `the name ${shown(header.path)} names nothing`)
    if (this.#isBelowAnotherThing(segments)) {
      return rejected("UnsafeName", `the name ${shown(header.path)} is below what is no directory`)
    }
    if (this.entries.size >= this.#quota.entries) {
      return rejected("TooLarge", `the archive has more than ${this.#quota.entries} entries`)
    }
    const path = this.#pathOf(segments)
    return Effect.map(this.#entry(path, segments, header, body), (entry) => {
      this.entries.delete(path)
      this.entries.set(path, entry)
    })
  }

  #entry<E, R>(
    path: string,
    segments: ReadonlyArray<string>,
    header: Tar.Header,
    body: Body<E, R>
  ): Effect.Effect<PutEntry, ArchiveRejected | E, R> {
    const mode = header.mode & 0o777
    if (header.type === "Directory") return Effect.succeed({ kind: "directory", path, mode })
    if (header.type === "Symlink") return this.#symbolicLink(path, segments, header.linkTarget ?? "")
    if (header.type === "Hardlink") return this.#hardLink(path, header.linkTarget ?? "")
    if (header.type !== "File") return rejected("Unsupported", `${shown(header.path)} is a ${header.type}`)
    const modifiedMillis = header.mtime.getTime()
    return this.#counted(header.size, () =>
      Effect.map(Stream.runCollect(body), (pieces) => ({
        kind: "file",
        path,
        bytes: Uint8Array.from(Buffer.concat(pieces)),
        mode,
        ...(Number.isFinite(modifiedMillis) ? { modifiedMillis } : {})
      }))
    )
  }

  #symbolicLink(path: string, at: ReadonlyArray<string>, target: string): Effect.Effect<PutEntry, ArchiveRejected> {
    if (!staysInside(at, target)) return rejected("UnsafeLink", `the link ${shown(path)} may lead outside`)
    return Effect.succeed({ kind: "symlink", path, target })
  }

  /** A second name of a file in an archive becomes a second file. */
  #hardLink(path: string, target: string): Effect.Effect<PutEntry, ArchiveRejected> {
    const segments = pathIn(target)?.segments
    const other = segments === undefined ? undefined : this.entries.get(this.#pathOf(segments))
    if (other?.kind !== "file") return rejected("UnsafeLink", `the link ${shown(path)} leads to no file before it`)
    return this.#counted(other.bytes.length, () => Effect.succeed({ ...other, path }))
  }

  #counted<A, E, R>(bytes: number, read: () => Effect.Effect<A, E, R>): Effect.Effect<A, ArchiveRejected | E, R> {
    this.#bytes += bytes
    if (this.#bytes <= this.#quota.bytes) return read()
    return rejected("TooLarge", `the archive has more than ${this.#quota.bytes} bytes`)
  }

  #isBelowAnotherThing(segments: ReadonlyArray<string>): boolean {
    return segments.some((_, index) => {
      const before = index === 0 ? undefined : this.entries.get(this.#pathOf(segments.slice(0, index)))
      return before !== undefined && before.kind !== "directory"
    })
  }

  #pathOf(segments: ReadonlyArray<string>): string {
    return segments.reduce(join, this.#into)
  }
}

/** The stream, which fails as soon as it is longer than any archive of that quota. */
const bounded = <E, R>(
  archive: Stream.Stream<Uint8Array, E, R>,
  { bytes, entries }: Quota
): Stream.Stream<Uint8Array, E | ArchiveRejected, R> => {
  const bytesMax = bytes + (entries + 1) * overheadBytesMax
  let seen = 0
  return Stream.mapEffect(archive, (piece) => {
    seen += piece.length
    return seen > bytesMax
      ? rejected("TooLarge", `the archive is longer than ${bytesMax} bytes`)
      : Effect.succeed(piece)
  })
}

const fromTar = <E>(error: E | Tar.TarError): Exclude<E, Tar.TarError> | ArchiveRejected => {
  if (!Tar.isTarError(error)) return error as Exclude<E, Tar.TarError>
  return rejected(error.kind === "Unsupported" ? "Unsupported" : "NotAnArchive", error.message)
}

/** Reads an archive into what `Put` takes, all of it below the directory. */
export const unpack = <E, R>(
  archive: Stream.Stream<Uint8Array, E, R>,
  into: string,
  quota: Quota
): Effect.Effect<ReadonlyArray<PutEntry>, Exclude<E, Tar.TarError> | ArchiveRejected, R> =>
  Effect.suspend(() => {
    const unpacking = new Unpacking(into, quota)
    return bounded(archive, quota).pipe(
      // Not `pipeThroughChannelOrFail`: in the body of an entry, a failure of the archive's would be a defect.
      Stream.pipeThroughChannel(Tar.decode<E | ArchiveRejected>()),
      Stream.runForEach((entry) => unpacking.add(entry)),
      Effect.mapError((error) => fromTar<E | ArchiveRejected>(error)),
      Effect.map(() => [...unpacking.entries.values()])
    )
  })

const dateMillisMax = 8.64e15

const toTar = (entry: PutEntry, from: string): Tar.Entry => {
  const name = entry.path.slice(from === "/" ? 1 : from.length + 1)
  if (entry.kind === "symlink") return Tar.symlink(name, entry.target)
  if (entry.kind === "directory") return Tar.directory(name, { mode: entry.mode })
  const millis = Math.min(Math.max(entry.modifiedMillis ?? 0, -dateMillisMax), dateMillisMax)
  return Tar.file(name, entry.bytes, { mode: entry.mode, mtime: new Date(millis) })
}

/** Writes what `Get` gives of the directory, under names that are relative to it. What is not below it is left out. */
export const pack = (
  entries: ReadonlyArray<PutEntry>,
  directory: string
): Stream.Stream<Uint8Array, ArchiveRejected> => {
  const below = entries.filter(({ path }) => path.startsWith(directory === "/" ? "/" : `${directory}/`))
  return Stream.fromIterable(below.map((entry) => toTar(entry, directory))).pipe(
    Stream.pipeThroughChannelOrFail(Tar.encode<never, unknown, Tar.Entry>()),
    Stream.mapError(fromTar)
  )
}
