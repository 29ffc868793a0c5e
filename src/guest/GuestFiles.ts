import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Archive from "../file/Archive.ts"
import { outputs } from "../file/Area.ts"
import { bytesMax, entriesMax } from "../file/Bounds.ts"
import { FileError } from "../file/FileError.ts"
import { FileFault, Refusal } from "../file/FileFault.ts"
import type {
  FileEntry,
  FileOperation,
  FileResult,
  Get,
  List,
  Put,
  Read,
  Remove,
  Rename
} from "../file/FileOperation.ts"
import * as FilePath from "../file/FilePath.ts"
import type { Agent } from "./Agent.ts"
import type { AgentError } from "./AgentError.ts"

type Failure = FileError | AgentError

const done: FileResult = { _tag: "Done" }

const refused = (refusal: Refusal, operation: string, path: string): FileError =>
  FileError.of(new FileFault(refusal, operation, path))

const invalid = (path: string, operation: string, detail: string): FileError =>
  refused(new Refusal("EINVAL", detail), operation, path)

/** Whether a path climbs above the root, even if all of its segments were directories. */
const isOutside = (path: string): boolean => {
  let depth = 0
  for (const segment of path.split("/")) {
    if (segment !== "" && segment !== ".") depth += segment === ".." ? -1 : 1
    if (depth < 0) return true
  }
  return false
}

/** Why nothing can be done with a path, as its text alone says. What ends in a slash is a directory, or is to be one. */
const refusalOf = (operation: FileOperation, path: string): Refusal | undefined => {
  const read = FilePath.read(path)
  if (Result.isFailure(read)) return read.failure
  if (isOutside(path)) return new Refusal("EACCES", "the path escapes the root")
  return operation._tag === "Write" && read.success.mustBeDirectory ? new Refusal("EISDIR") : undefined
}

const pathsOf = (operation: FileOperation): ReadonlyArray<string> => {
  if (operation._tag === "Rename") return [operation.from, operation.to]
  return "path" in operation ? [operation.path] : []
}

/** All of the bytes, if there are not too many of them to hold. */
const collect = Effect.fnUntraced(function* (bytes: Stream.Stream<Uint8Array, Failure>, path: string) {
  let seen = 0
  const pieces = yield* Stream.runCollect(
    Stream.takeUntil(bytes, (piece) => {
      seen += piece.length
      return seen > bytesMax
    })
  )
  if (seen > bytesMax) return yield* invalid(path, "read", `more than ${bytesMax} bytes`)
  return Uint8Array.from(Buffer.concat(pieces))
})

const entries = Effect.fnUntraced(function* (agent: Agent, path: string, isRecursive: boolean) {
  const found = yield* Stream.runCollect(Stream.take(agent.list(path, isRecursive), entriesMax + 1))
  if (found.length > entriesMax) return yield* invalid(path, "readdir", `more than ${entriesMax} entries`)
  return found satisfies ReadonlyArray<FileEntry>
})

const read = (agent: Agent, { length, offset, path }: typeof Read.Type): Effect.Effect<FileResult, Failure> =>
  Effect.map(collect(agent.read(path, { offset, length }), path), (bytes) => ({ _tag: "Bytes", bytes }))

const list = (agent: Agent, { path, recursive }: typeof List.Type): Effect.Effect<FileResult, Failure> =>
  Effect.map(entries(agent, path, recursive === true), (entries) => ({ _tag: "Entries", entries }))

/** An agent does not look at a slash at the end of what it changes: whoever asks what is there is told if it is no directory. */
const requireDirectory = (agent: Agent, path: string) => (path.endsWith("/") ? agent.stat(path) : Effect.void)

const remove = (agent: Agent, { path, recursive }: typeof Remove.Type): Effect.Effect<void, Failure> =>
  Effect.andThen(requireDirectory(agent, path), agent.remove(path, recursive))

const rename = (agent: Agent, { from, to }: typeof Rename.Type): Effect.Effect<void, Failure> =>
  Effect.andThen(requireDirectory(agent, to.endsWith("/") ? `${from}/` : from), agent.rename(from, to))

/** The regular files of the directory of artifacts, if there is one. */
const artifacts = (agent: Agent): Effect.Effect<FileResult, Failure> =>
  entries(agent, outputs, true).pipe(
    Effect.catchIf(
      (error): error is FileError => error instanceof FileError && error.code === "ENOENT",
      () => Effect.succeed([])
    ),
    Effect.map((found) => ({ _tag: "Entries", entries: found.filter(({ kind }) => kind === "file") }))
  )

const put = (agent: Agent, operation: typeof Put.Type): Effect.Effect<FileResult, Failure> =>
  agent.put("/", Archive.pack(operation.entries, "/")).pipe(
    Effect.catchTag("ArchiveRejected", ({ message }) => Effect.fail(invalid("/", "put", message))),
    Effect.as(done)
  )

const get = (agent: Agent, { path }: typeof Get.Type): Effect.Effect<FileResult, Failure> =>
  Archive.unpack(agent.get(path), path, { bytes: bytesMax, entries: entriesMax }).pipe(
    Effect.catchTag("ArchiveRejected", ({ message }) => Effect.fail(invalid(path, "get", message))),
    Effect.map((entries) => ({ _tag: "Tree", path, entries }))
  )

/**
 * Does to a guest's files what a host asks any machine for.
 *
 * **Gotchas**
 *
 * A `Put` that fails half-way leaves what it has made: the files of a real kernel have no transactions.
 */
export const perform = (agent: Agent, operation: FileOperation): Effect.Effect<FileResult, Failure> => {
  for (const path of pathsOf(operation)) {
    const refusal = refusalOf(operation, path)
    if (refusal !== undefined) return Effect.fail(refused(refusal, operation._tag.toLowerCase(), path))
  }
  switch (operation._tag) {
    case "Read":
      return read(agent, operation)
    case "Write":
      return Effect.as(agent.write(operation.path, operation.bytes, { isAppended: operation.append }), done)
    case "List":
      return list(agent, operation)
    case "Stat":
      return Effect.map(agent.stat(operation.path), (entry) => ({ _tag: "Entry", entry }))
    case "Remove":
      return Effect.as(remove(agent, operation), done)
    case "MakeDirectory":
      return Effect.as(agent.makeDirectory(operation.path), done)
    case "Rename":
      return Effect.as(rename(agent, operation), done)
    case "Put":
      return put(agent, operation)
    case "Get":
      return get(agent, operation)
    case "Artifacts":
      return artifacts(agent)
  }
}
