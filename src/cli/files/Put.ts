import { basename, posix, resolve } from "node:path"
import * as Clock from "effect/Clock"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { PutEntry } from "../../file/FileOperation.ts"
import type { LocalFileError } from "../../promise/LocalFileError.ts"
import type { Session } from "../../session/Session.ts"
import * as Flags from "../Flags.ts"
import { notReadable } from "../InputFile.ts"
import { UsageError } from "../Problem.ts"
import * as Progress from "../Progress.ts"
import { root } from "../Root.ts"
import { Screen } from "../Screen.ts"
import * as Place from "./Place.ts"
import { sizeOf } from "./Text.ts"

interface Given {
  readonly source: string
  readonly path: string
  readonly tar: boolean
}

/** What was put where. */
interface Put {
  readonly path: string
  readonly files: number
  readonly bytes: number
}

const standardInput = () =>
  Stream.fromAsyncIterable(process.stdin as AsyncIterable<Uint8Array>, (cause) => notReadable("standard input", cause))

const tooLarge = (bytesMax: number) =>
  new UsageError({
    reason: "NotReadable",
    message: `standard input has more than the ${bytesMax} bytes that the session's files may have`
  })

const readStandardInput = (bytesMax: number) =>
  Effect.suspend(() => {
    let bytes = 0
    return Progress.following(standardInput(), "standard input").pipe(
      Stream.mapEffect((piece) => {
        bytes += piece.length
        return bytes > bytesMax ? Effect.fail(tooLarge(bytesMax)) : Effect.succeed(piece)
      }),
      Stream.runCollect,
      Effect.map((pieces) => Buffer.concat(pieces))
    )
  })

const send = Effect.fnUntraced(function* (session: Session, directory: string, entries: ReadonlyArray<PutEntry>) {
  const { pack } = yield* Effect.promise(() => import("../../file/Archive.ts"))
  const sizes = entries.flatMap((entry) => (entry.kind === "file" ? entry.bytes.length : []))
  const bytes = sizes.reduce((sum, size) => sum + size, 0)
  yield* session.files.upload(directory, Progress.following(pack(entries, "/"), directory, bytes))
  return { files: sizes.length, bytes }
})

const putArchive = Effect.fnUntraced(function* (session: Session, { path, source }: Given) {
  const { unpack } = yield* Effect.promise(() => import("../../file/Archive.ts"))
  const { readPieces } = yield* Effect.promise(() => import("./LocalFile.ts"))
  const { fileBytes, fileEntries } = session.state().limits
  const pieces: Stream.Stream<Uint8Array, UsageError | LocalFileError> =
    source === "-" ? standardInput() : readPieces(source)
  const archive = Progress.following(pieces, source === "-" ? "standard input" : basename(source))
  const entries = yield* unpack(archive, "/", { bytes: fileBytes, entries: fileEntries })
  return { path, ...(yield* send(session, path, entries)) } satisfies Put
})

const putDirectory = Effect.fnUntraced(function* (session: Session, { path, source }: Given) {
  const { readDirectory } = yield* Effect.promise(() => import("../../promise/LocalSource.ts"))
  const { fileBytes, fileEntries } = session.state().limits
  const entries = yield* readDirectory(source, { bytes: fileBytes, entries: fileEntries })
  if (entries.length === 0) yield* session.files.makeDirectory(path)
  return { path, ...(yield* send(session, path, entries)) } satisfies Put
})

const putFile = Effect.fnUntraced(function* (session: Session, { path: given, source }: Given, isBelow: boolean) {
  const { readFile } = yield* Effect.promise(() => import("../../promise/LocalSource.ts"))
  const { fileBytes } = session.state().limits
  const modifiedMillis = yield* Clock.currentTimeMillis
  const file =
    source === "-" ? { bytes: yield* readStandardInput(fileBytes), modifiedMillis } : yield* readFile(source, fileBytes)
  const path = isBelow ? posix.join(given, basename(source)) : given
  const entry: PutEntry = { kind: "file", path: `/${posix.basename(path)}`, mode: 0o644, ...file }
  return { path, ...(yield* send(session, posix.dirname(path), [entry])) } satisfies Put
})

const putInto = Effect.fnUntraced(function* (session: Session, given: Given, isNamedDirectory: boolean) {
  if (given.tar) return yield* putArchive(session, given)
  if (given.source === "-" && isNamedDirectory) {
    const message = "what comes from standard input needs the path of a file, or --tar"
    return yield* new UsageError({ reason: "Contradiction", message })
  }
  const { isLocalDirectory } = yield* Effect.promise(() => import("./LocalFile.ts"))
  if (given.source !== "-" && (yield* isLocalDirectory(given.source))) return yield* putDirectory(session, given)
  const isBelow = isNamedDirectory || (given.source !== "-" && (yield* Place.isDirectory(session.files, given.path)))
  return yield* putFile(session, given, isBelow)
})

/** `caisson files put`. */
export const put = Command.make(
  "put",
  {
    session: Flags.session,
    source: Argument.String("SOURCE").pipe(
      Argument.withDescription("A file or directory of this machine; - is standard input")
    ),
    path: Place.path,
    tar: Flags.toggle("tar", "SOURCE is a tar archive, whose contents go into the directory PATH")
  },
  Effect.fnUntraced(function* ({ path: to, session: id, source: from, tar }) {
    const { home, json } = yield* root
    const { notes, out } = yield* Screen
    const given = { source: from === "-" ? from : resolve(from), path: Place.absolute(to), tar }
    const { bytes, files, path } = yield* Place.withSession(id, home, (session) =>
      putInto(session, given, to.endsWith("/"))
    )
    if (json) yield* out.say(JSON.stringify({ session: id, path, files, bytes }))
    else yield* notes.say(`${path} of session ${id}: ${files === 1 ? "1 file" : `${files} files`}, ${sizeOf(bytes)}`)
  })
).pipe(
  Command.withDescription(
    "Copies a file or directory of this machine to a session, all of it or nothing. Files that are there are replaced"
  ),
  Command.withExamples([
    { command: "caisson files put monday orders.csv in/", description: "To /workspace/in/orders.csv" },
    { command: "caisson files put monday src /workspace/src", description: "What is in a directory" },
    { command: "git archive HEAD | caisson files put monday - /workspace --tar", description: "A tar archive" }
  ])
)
