import { basename, join, resolve } from "node:path"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { FileEntry } from "../../file/FileOperation.ts"
import type { Session } from "../../session/Session.ts"
import * as Flags from "../Flags.ts"
import { UsageError } from "../Problem.ts"
import * as Progress from "../Progress.ts"
import { root } from "../Root.ts"
import { Screen } from "../Screen.ts"
import * as Place from "./Place.ts"
import { sizeOf } from "./Text.ts"

/** Bytes of a file that are asked for at once. */
const pieceBytes = 4_194_304

const contentOf = ({ files }: Session, { bytes, path }: FileEntry) => {
  // Also of none: what is no file says so only when it is read.
  const pieces = Math.max(1, Math.ceil(bytes / pieceBytes))
  const offsets = Array.from({ length: pieces }, (_, index) => index * pieceBytes)
  return Progress.following(
    Stream.mapEffect(Stream.fromIterable(offsets), (offset) => files.read(path, { offset, length: pieceBytes })),
    basename(path),
    bytes
  )
}

interface Taken {
  readonly files: number
  readonly bytes: number
}

const toStandardOutput = Effect.fnUntraced(function* (session: Session, entry: FileEntry) {
  const { write } = yield* Effect.promise(() => import("../StandardOutput.ts"))
  if (entry.kind === "directory" && process.stdout.isTTY) {
    const message = "a directory is written as a tar archive, which is not for a terminal: give a DEST, or a pipe"
    return yield* new UsageError({ reason: "Contradiction", message })
  }
  const archive = Progress.following(session.files.download(entry.path), basename(entry.path))
  yield* Stream.runForEach(entry.kind === "directory" ? archive : contentOf(session, entry), write)
})

const toDirectory = Effect.fnUntraced(function* (session: Session, path: string, to: string, overwrite: boolean) {
  const { unpack } = yield* Effect.promise(() => import("../../file/Archive.ts"))
  const { writeDirectory } = yield* Effect.promise(() => import("../../promise/LocalTarget.ts"))
  const { fileBytes, fileEntries } = session.state().limits
  const archive = Progress.following(session.files.download(path), basename(path))
  const entries = yield* unpack(archive, "/", { bytes: fileBytes, entries: fileEntries })
  yield* writeDirectory(to, entries, { overwrite })
  const sizes = entries.flatMap((entry) => (entry.kind === "file" ? entry.bytes.length : []))
  return { files: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) } satisfies Taken
})

const toFile = Effect.fnUntraced(function* (session: Session, entry: FileEntry, to: string, overwrite: boolean) {
  const { writeFile } = yield* Effect.promise(() => import("./LocalFile.ts"))
  yield* writeFile(to, contentOf(session, entry), { mode: entry.mode, overwrite })
  return { files: 1, bytes: entry.bytes } satisfies Taken
})

const destinationOf = Effect.fnUntraced(function* ({ kind, path }: FileEntry, given: string | undefined) {
  const name = basename(path) || "root"
  const to = resolve(given ?? name)
  if (given === undefined || kind === "directory") return to
  const { isLocalDirectory } = yield* Effect.promise(() => import("./LocalFile.ts"))
  return given.endsWith("/") || (yield* isLocalDirectory(to)) ? join(to, name) : to
})

/** `caisson files get`. */
export const get = Command.make(
  "get",
  {
    session: Flags.session,
    path: Place.path,
    destination: Argument.String("DEST").pipe(
      Argument.withDescription("A file or directory here, by default of the same name; - is standard output"),
      Argument.optional,
      Argument.map(Option.getOrUndefined)
    ),
    force: Flags.toggle("force", "Replace files that are there")
  },
  Effect.fnUntraced(function* ({ destination, force, path: given, session: id }) {
    const { home, json } = yield* root
    const { notes, out } = yield* Screen
    const path = Place.absolute(given)
    if (json && destination === "-") {
      const message = "--json and - both want standard output: give a file as DEST"
      return yield* new UsageError({ reason: "Contradiction", message })
    }
    yield* Place.withSession(
      id,
      home,
      Effect.fnUntraced(function* (session: Session) {
        const entry = yield* session.files.stat(path)
        if (destination === "-") return yield* toStandardOutput(session, entry)
        const to = yield* destinationOf(entry, destination)
        const { bytes, files } = yield* entry.kind === "directory"
          ? toDirectory(session, path, to, force)
          : toFile(session, entry, to, force)
        if (json) yield* out.say(JSON.stringify({ session: id, path, destination: to, files, bytes }))
        else yield* notes.say(`${to}: ${files === 1 ? "1 file" : `${files} files`}, ${sizeOf(bytes)}`)
      })
    )
  })
).pipe(
  Command.withDescription(
    "Copies a file or directory of a session to this machine. What is in a directory goes into DEST. As - it is a tar archive"
  ),
  Command.withExamples([
    { command: "caisson files get monday report.csv", description: "To ./report.csv" },
    { command: "caisson files get monday /tmp/outputs results", description: "All that it handed over, to ./results" },
    { command: "caisson files get monday /workspace - | tar t", description: "As a tar archive" }
  ])
)
