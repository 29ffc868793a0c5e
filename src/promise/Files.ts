import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Stream from "effect/Stream"
import * as Archive from "../file/Archive.ts"
import type * as FileOperation from "../file/FileOperation.ts"
import type { Quota } from "../file/Quota.ts"
import type { FileChange } from "../machine/Turn.ts"
import type { Sandbox as Held } from "../sandbox/Sandbox.ts"
import type * as HeldFiles from "../session/Files.ts"
import type { Lease, SignalOptions } from "./Lease.ts"
import type { LocalTargetOptions } from "./LocalTarget.ts"

/** What is known of one thing in the file tree. */
export interface FileEntry extends Omit<FileOperation.FileEntry, "modifiedMillis"> {
  /** By the guest's clock, or as an archive said. */
  readonly modifiedAt: Date
}

/** A file that a run handed over, by leaving it below `/tmp/outputs`. */
export interface Artifact extends Omit<HeldFiles.Artifact, "modifiedMillis"> {
  readonly modifiedAt: Date
}

export interface ArtifactContent {
  readonly bytes: Uint8Array
  readonly mediaType: string
}

export interface ReadOptions extends SignalOptions {
  /** From the beginning by default. */
  readonly offset?: number | undefined
  /** To the end by default. */
  readonly length?: number | undefined
}

export interface WriteOptions extends SignalOptions {
  /** Add to the end instead of replacing what is there. */
  readonly append?: boolean | undefined
}

export interface RecursionOptions extends SignalOptions {
  /** With all that is below. */
  readonly recursive?: boolean | undefined
}

/**
 * The guest's files, between two turns of a run in progress if there is one. Paths are absolute, or begin in `/workspace`.
 *
 * What is refused is rejected with a `FileError`, whose `code` is that of Node: `ENOENT`, `EEXIST`, `ENOSPC`. A bad archive is
 * rejected with `ArchiveRejected`, what is wrong on this machine with `LocalFileError`. Either way nothing was changed in the guest.
 */
export interface Files {
  /** A file, or a part of it. At most 64 MiB. */
  readonly read: (path: string, options?: ReadOptions) => Promise<Uint8Array>
  /** A file as UTF-8 text. What is no UTF-8 in it becomes U+FFFD. */
  readonly readText: (path: string, options?: SignalOptions) => Promise<string>
  /** Makes a file or replaces its content, or adds to its end. The directory must be there. */
  readonly write: (path: string, content: string | Uint8Array, options?: WriteOptions) => Promise<void>
  /** What is in a directory, `/workspace` by default. At most 10,000 entries. */
  readonly list: (path?: string, options?: RecursionOptions) => Promise<ReadonlyArray<FileEntry>>
  /** A symbolic link is followed. */
  readonly stat: (path: string, options?: SignalOptions) => Promise<FileEntry>
  /** A file, a link or an empty directory; any directory if it is recursive. */
  readonly remove: (path: string, options?: RecursionOptions) => Promise<void>
  /** With the directories that it is in; one that is there stays. */
  readonly makeDirectory: (path: string, options?: SignalOptions) => Promise<void>
  readonly rename: (from: string, to: string, options?: SignalOptions) => Promise<void>
  /** Puts the contents of a tar archive into a directory, all of them or none. Files that are there are replaced. */
  readonly upload: (
    path: string,
    archive: Uint8Array | AsyncIterable<Uint8Array>,
    options?: SignalOptions
  ) => Promise<void>
  /** A directory with all that is below it, as a tar archive. */
  readonly download: (path: string, options?: SignalOptions) => AsyncIterable<Uint8Array>
  /**
   * Copies a directory of this machine to the guest, all of it or nothing, with permission bits and times. A symbolic link in it that
   * leads outside is refused, as is more than the session's `fileBytes` and `fileEntries`.
   */
  readonly uploadDirectory: (localPath: string, path: string, options?: SignalOptions) => Promise<void>
  /**
   * Copies a directory of the guest's into one of this machine, with permission bits. A file that is there is not overwritten unless
   * `overwrite` says so. A symbolic link that leads outside is refused.
   */
  readonly downloadDirectory: (
    path: string,
    localPath: string,
    options?: LocalTargetOptions & SignalOptions
  ) => Promise<void>
  /** Changes below a path (default `/workspace`), from now on, whoever makes them: of a guest's, turn by turn. */
  readonly watch: (path?: string, options?: SignalOptions) => AsyncIterable<FileChange>
  readonly listArtifacts: (options?: SignalOptions) => Promise<ReadonlyArray<Artifact>>
  /** An artifact by its name, with its media type. */
  readonly readArtifact: (name: string, options?: SignalOptions) => Promise<ArtifactContent>
}

const dated = <A extends { readonly modifiedMillis: number }>({ modifiedMillis, ...rest }: A) => ({
  ...rest,
  modifiedAt: new Date(modifiedMillis)
})

const quotaOf = (held: Held): Quota => {
  const { fileBytes, fileEntries } = held.state().limits
  return { bytes: fileBytes, entries: fileEntries }
}

const uploadDirectory = Effect.fnUntraced(function* (held: Held, localPath: string, path: string) {
  const { readDirectory } = yield* Effect.promise(() => import("./LocalSource.ts"))
  const entries = yield* readDirectory(localPath, quotaOf(held))
  yield* held.files.upload(path, Archive.pack(entries, "/"))
})

const downloadDirectory = Effect.fnUntraced(function* (
  held: Held,
  path: string,
  localPath: string,
  options: LocalTargetOptions
) {
  const { writeDirectory } = yield* Effect.promise(() => import("./LocalTarget.ts"))
  const entries = yield* Archive.unpack(held.files.download(path), "/", quotaOf(held))
  yield* writeDirectory(localPath, entries, options)
})

const streamOf = (archive: Uint8Array | AsyncIterable<Uint8Array>): Stream.Stream<Uint8Array, unknown> =>
  archive instanceof Uint8Array ? Stream.make(archive) : Stream.fromAsyncIterable(archive, identity)

/** Without what is not given. */
const given = <A extends object>(fields: A) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    readonly [Field in keyof A]?: Exclude<A[Field], undefined>
  }

export const make = (lease: Lease, held: Held): Files => {
  /** What the arguments of a caller without types do wrong rejects the promise as well. */
  const run = <A, E>(use: (files: HeldFiles.Files) => Effect.Effect<A, E>, options?: SignalOptions) =>
    lease.run(
      Effect.suspend(() => use(held.files)),
      options
    )
  return {
    read: (path, options = {}) => {
      const { length, offset } = options
      return run(({ read }) => read(path, given({ offset, length })), options)
    },
    readText: (path, options) =>
      run(({ read }) => Effect.map(read(path), (bytes) => Buffer.from(bytes).toString("utf8")), options),
    write: (path, content, options = {}) =>
      run(({ write }) => write(path, content, given({ append: options.append })), options),
    list: (path, options = {}) =>
      run(
        ({ list }) => Effect.map(list(path, given({ recursive: options.recursive })), (found) => found.map(dated)),
        options
      ),
    stat: (path, options) => run(({ stat }) => Effect.map(stat(path), dated), options),
    remove: (path, options = {}) => run(({ remove }) => remove(path, given({ recursive: options.recursive })), options),
    makeDirectory: (path, options) => run(({ makeDirectory }) => makeDirectory(path), options),
    rename: (from, to, options) => run(({ rename }) => rename(from, to), options),
    upload: (path, archive, options) => run(({ upload }) => upload(path, streamOf(archive)), options),
    download: (path, options) => lease.whole(held.files.download(path), options),
    uploadDirectory: (localPath, path, options) => run(() => uploadDirectory(held, localPath, path), options),
    downloadDirectory: (path, localPath, options = {}) =>
      run(() => downloadDirectory(held, path, localPath, options), options),
    // From now on: when its loop begins, and is under way, others may have changed something.
    watch: (path, options) => lease.iterate(held.files.watch(path, { after: held.state().seq }), options),
    listArtifacts: (options) => run((files) => Effect.map(files.listArtifacts, (found) => found.map(dated)), options),
    readArtifact: (name, options) => run((files) => files.readArtifact(name), options)
  }
}
