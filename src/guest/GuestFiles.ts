import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Archive from "../file/Archive.ts"
import { outputs } from "../file/Area.ts"
import { bytesMax, entriesMax } from "../file/Bounds.ts"
import { FileError } from "../file/FileError.ts"
import type { FileEntry, FileOperation, FileResult, Get, List, Put, Read } from "../file/FileOperation.ts"
import type { Agent } from "./Agent.ts"
import type { AgentError } from "./AgentError.ts"

type Failure = FileError | AgentError

const done: FileResult = { _tag: "Done" }

const invalid = (path: string, operation: string, detail: string): FileError =>
  new FileError({
    code: "EINVAL",
    path,
    operation,
    message: `EINVAL: invalid argument: ${detail}, ${operation} '${path}'`
  })

/** Whether a path climbs above the root, even if all of its segments were directories. */
const isOutside = (path: string): boolean => {
  let depth = 0
  for (const segment of path.split("/")) {
    if (segment !== "" && segment !== ".") depth += segment === ".." ? -1 : 1
    if (depth < 0) return true
  }
  return false
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
  const outside = pathsOf(operation).find(isOutside)
  if (outside !== undefined) {
    const [verb, message] = [operation._tag.toLowerCase(), "EACCES: permission denied: the path escapes the root"]
    return Effect.fail(
      new FileError({ code: "EACCES", path: outside, operation: verb, message: `${message}, '${outside}'` })
    )
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
      return Effect.as(agent.remove(operation.path, operation.recursive), done)
    case "MakeDirectory":
      return Effect.as(agent.makeDirectory(operation.path), done)
    case "Rename":
      return Effect.as(agent.rename(operation.from, operation.to), done)
    case "Put":
      return put(agent, operation)
    case "Get":
      return get(agent, operation)
    case "Artifacts":
      return artifacts(agent)
  }
}
