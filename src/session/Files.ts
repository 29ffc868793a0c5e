/**
 * The files of a session, as its holder uses them: they are where its guest has them, and what the holder changes is recorded
 * like everything else that happens to the session.
 *
 * A change is made between two turns of a guest that is at work. It is durable before the operation ends.
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Archive from "../file/Archive.ts"
import { outputs, workspace } from "../file/Area.ts"
import type { FileError } from "../file/FileError.ts"
import { type FileEntry, FileOperation, type PutEntry, type ResultOf } from "../file/FileOperation.ts"
import { lexical, parse } from "../file/FilePath.ts"
import { headBytes, mediaTypeOf } from "../file/MediaType.ts"
import type { MachineError, SnapshotMachine } from "../machine/Machine.ts"
import type { FileChange } from "../machine/Turn.ts"
import * as FileRecord from "./FileRecord.ts"
import type { Guest } from "./Guest.ts"
import type { JournalError } from "./journal/Journal.ts"
import type { Ledger } from "./Ledger.ts"
import type { Runner } from "./Runner.ts"
import { invalid } from "./RunOptions.ts"
import type { SessionError } from "./SessionError.ts"
import type { Entry } from "./SessionEvent.ts"
import { unstarted } from "./SessionState.ts"
import type { Witness } from "./Witness.ts"

export type FilesFailure = FileError | SessionError | JournalError | MachineError

/** A file that a run handed over, by leaving it below `/tmp/outputs`. */
export interface Artifact {
  /** Below `/tmp/outputs`. */
  readonly name: string
  readonly path: string
  readonly bytes: number
  readonly mediaType: string
  readonly modifiedMillis: number
}

/** Paths are absolute, or begin in `/workspace`. */
export interface Files {
  /** A file, or a part of it. At most 64 MiB. */
  readonly read: (
    path: string,
    range?: { readonly offset?: number; readonly length?: number }
  ) => Effect.Effect<Uint8Array, FilesFailure>
  /** Makes a file or replaces its content, or adds to its end. Directories that it is in must be there. */
  readonly write: (
    path: string,
    content: string | Uint8Array,
    options?: { readonly append?: boolean }
  ) => Effect.Effect<void, FilesFailure>
  /** What is in a directory, `/workspace` by default. At most 10,000 entries. */
  readonly list: (
    path?: string,
    options?: { readonly recursive?: boolean }
  ) => Effect.Effect<ReadonlyArray<FileEntry>, FilesFailure>
  readonly stat: (path: string) => Effect.Effect<FileEntry, FilesFailure>
  readonly remove: (path: string, options?: { readonly recursive?: boolean }) => Effect.Effect<void, FilesFailure>
  /** With the directories that it is in. */
  readonly makeDirectory: (path: string) => Effect.Effect<void, FilesFailure>
  readonly rename: (from: string, to: string) => Effect.Effect<void, FilesFailure>
  /** Puts the contents of a tar archive into a directory: all of them or none. */
  readonly upload: <E>(
    path: string,
    archive: Stream.Stream<Uint8Array, E>
  ) => Effect.Effect<void, FilesFailure | Archive.ArchiveRejected | E>
  /** A directory with all that is below it, as a tar archive. */
  readonly download: (path: string) => Stream.Stream<Uint8Array, FilesFailure | Archive.ArchiveRejected>
  /** Changes below a path, behind an entry (default: that of when it is run), whoever makes them: of a guest's, turn by turn. */
  readonly watch: (
    path?: string,
    options?: { readonly after?: number | undefined }
  ) => Stream.Stream<FileChange, JournalError>
  readonly listArtifacts: Effect.Effect<ReadonlyArray<Artifact>, FilesFailure>
  /** An artifact by its name, with its media type. */
  readonly readArtifact: (
    name: string
  ) => Effect.Effect<{ readonly bytes: Uint8Array; readonly mediaType: string }, FilesFailure>
}

interface Options {
  readonly ledger: Ledger
  readonly guest: Guest
  readonly runner: Pick<Runner, "between" | "keep">
  readonly clock: Clock.Clock
  readonly openOnly: Effect.Effect<void, SessionError>
  readonly events: (after: number) => Stream.Stream<Entry, JournalError>
  readonly witness: Pick<Witness, "notice">
}

const absolute = (path: string): string => (path.startsWith("/") ? path : `${workspace}/${path}`)

/** As changes have it: without what leads nowhere. */
const plain = (path: string): string =>
  Result.match(parse(path, workspace), { onFailure: () => path, onSuccess: lexical })

const decode = Schema.decodeUnknownEffect(Schema.toType(FileOperation), { onExcessProperty: "error" })

const isChanging = (operation: FileOperation): operation is FileRecord.FileChanging =>
  operation._tag === "Write" ||
  operation._tag === "Remove" ||
  operation._tag === "MakeDirectory" ||
  operation._tag === "Rename" ||
  operation._tag === "Put"

const changesOf = ({ event }: Entry): ReadonlyArray<FileChange> => ("files" in event ? (event.files ?? []) : [])

const contentBytes = (entries: ReadonlyArray<PutEntry>): number =>
  entries.reduce((sum, entry) => sum + (entry.kind === "file" ? entry.bytes.byteLength : 0), 0)

const isBelow = (path: string, directory: string): boolean =>
  directory === "/" || path === directory || path === "/" || path.startsWith(`${directory}/`)

export const make = ({ clock, events, guest, ledger, openOnly, runner, witness }: Options): Files => {
  /** Takes a change down; where the guest was just about to start a run, it is replayed before that. */
  const record = Effect.fnUntraced(function* (
    operation: FileRecord.FileChanging,
    nowMillis: number,
    files: ReadonlyArray<FileChange>,
    machine: SnapshotMachine
  ) {
    const { contents, record } = FileRecord.of(operation)
    const kept = unstarted(ledger.state()) === undefined ? yield* runner.keep(machine) : {}
    ledger.keepContents(contents)
    ledger.record({ _tag: "FilesChanged", operation: record, nowMillis, files, ...kept })
    yield* ledger.flush
  })

  const perform = <Operation extends FileOperation>(
    operation: Operation
  ): Effect.Effect<ResultOf<Operation>, FilesFailure> =>
    Effect.gen(function* () {
      yield* openOnly
      yield* Effect.mapError(decode(operation), (error) => invalid("files", error.message))
      const nowMillis = clock.currentTimeMillisUnsafe()
      const performed = guest.files(operation, nowMillis, (done, machine) =>
        isChanging(operation)
          ? Effect.as(record(operation, nowMillis, done.changes, machine), done)
          : Effect.succeed(done)
      )
      // The session's time may be over when it is its turn.
      const done = yield* runner.between(Effect.andThen(openOnly, performed))
      return done.result as ResultOf<Operation>
    })

  const noticeRead = (path: string, bytes: number) =>
    witness.notice({ _tag: "FileRead", session: ledger.claim.session, path: plain(path), bytes })

  const read: Files["read"] = (path, range = {}) =>
    Effect.map(perform({ _tag: "Read", path: absolute(path), ...range }), ({ bytes }) => bytes).pipe(
      Effect.tap(({ length }) => noticeRead(path, length))
    )

  const artifactOf = ({ bytes, modifiedMillis, path }: FileEntry) =>
    Effect.map(perform({ _tag: "Read", path, length: headBytes }), ({ bytes: head }) => ({
      name: path.slice(outputs.length + 1),
      path,
      bytes,
      mediaType: mediaTypeOf(path, head),
      modifiedMillis
    }))

  return {
    read,
    write: (path, content, options = {}) => {
      const bytes = typeof content === "string" ? Buffer.from(content) : content
      return Effect.asVoid(perform({ _tag: "Write", path: absolute(path), bytes, ...options }))
    },
    list: (path = workspace, options = {}) =>
      Effect.map(perform({ _tag: "List", path: absolute(path), ...options }), ({ entries }) => entries),
    stat: (path) => Effect.map(perform({ _tag: "Stat", path: absolute(path) }), ({ entry }) => entry),
    remove: (path, options = {}) => Effect.asVoid(perform({ _tag: "Remove", path: absolute(path), ...options })),
    makeDirectory: (path) => Effect.asVoid(perform({ _tag: "MakeDirectory", path: absolute(path) })),
    rename: (from, to) => Effect.asVoid(perform({ _tag: "Rename", from: absolute(from), to: absolute(to) })),
    upload: (path, archive) =>
      Effect.gen(function* () {
        const { fileBytes, fileEntries } = ledger.state().limits
        const entries = yield* Archive.unpack(archive, absolute(path), { bytes: fileBytes, entries: fileEntries })
        yield* perform({ _tag: "Put", entries })
      }),
    download: (path) =>
      Stream.unwrap(
        perform({ _tag: "Get", path: absolute(path) }).pipe(
          Effect.tap(({ entries }) => noticeRead(path, contentBytes(entries))),
          Effect.map((tree) => Archive.pack(tree.entries, tree.path))
        )
      ),
    watch: (path = workspace, { after } = {}) =>
      Stream.suspend(() => events(after ?? ledger.state().seq)).pipe(
        Stream.flatMap((entry) =>
          Stream.fromIterable(changesOf(entry).filter((change) => isBelow(change.path, plain(path))))
        )
      ),
    listArtifacts: Effect.flatMap(perform({ _tag: "Artifacts" }), ({ entries }) => Effect.forEach(entries, artifactOf)),
    readArtifact: (name) =>
      Effect.map(read(`${outputs}/${name}`), (bytes) => ({ bytes, mediaType: mediaTypeOf(name, bytes) }))
  }
}
