/** How a file tree does what a host asks for. */
import * as Result from "effect/Result"
import type { Caller } from "./Access.ts"
import { outputs } from "./Area.ts"
import { bytesMax, entriesMax } from "./Bounds.ts"
import { FileFault, Refusal } from "./FileFault.ts"
import type { FileEntry, FileOperation, FileResult, PutEntry, ResultOf } from "./FileOperation.ts"
import type { Entry, FileTree, Stat } from "./FileTree.ts"

type Read = Extract<FileOperation, { readonly _tag: "Read" }>
type Remove = Extract<FileOperation, { readonly _tag: "Remove" }>

const done: FileResult = { _tag: "Done" }

const entryOf = (path: string, { bytes, kind, mode, modifiedMillis }: Stat): FileEntry => ({
  path,
  kind,
  bytes,
  modifiedMillis,
  mode
})

const listAll = (tree: FileTree, by: Caller, path: string): ReadonlyArray<Entry> =>
  tree.list(by, path, { isRecursive: true, entriesMax })

const tooMuch = (operation: string, path: string): FileFault =>
  new FileFault(new Refusal("EINVAL", `at most ${bytesMax} bytes at once`), operation, path)

const readFile = (tree: FileTree, by: Caller, operation: Read): FileResult => {
  const { length = Number.MAX_SAFE_INTEGER, offset = 0, path } = operation
  const { bytes } = tree.stat(by, path)
  if (Math.min(length, bytes - offset) > bytesMax) throw tooMuch("read", path)
  const end = Math.min(offset + length, Number.MAX_SAFE_INTEGER)
  return { _tag: "Bytes", bytes: tree.readBytes(by, path, { start: offset, end }) }
}

const remove = (tree: FileTree, by: Caller, { path, recursive }: Remove): FileResult => {
  if (!recursive && tree.lstat(by, path).kind === "directory") tree.rmdir(by, path)
  else tree.rm(by, path, { isRecursive: recursive })
  return done
}

const folderOf = (path: string): string => path.replace(/\/*[^/]+\/*$/, "") || "/"

const putLink = (tree: FileTree, by: Caller, path: string, target: string): void => {
  if (tree.isLink(by, path)) tree.unlink(by, path)
  tree.symlink(by, target, path)
}

const putOne = (tree: FileTree, by: Caller, entry: PutEntry): void => {
  const { path } = entry
  if (entry.kind === "directory") {
    tree.mkdir(by, path, { isRecursive: true })
    if (entry.mode !== undefined) tree.chmod(by, path, entry.mode)
    return
  }
  tree.mkdir(by, folderOf(path), { isRecursive: true })
  if (entry.kind === "symlink") {
    putLink(tree, by, path, entry.target)
    return
  }
  tree.write(by, path, entry.bytes)
  if (entry.mode !== undefined) tree.chmod(by, path, entry.mode)
  if (entry.modifiedMillis !== undefined) tree.utimes(by, path, entry.modifiedMillis)
}

const put = (tree: FileTree, by: Caller, entries: ReadonlyArray<PutEntry>): FileResult => {
  tree.atomically(() => {
    for (const entry of entries) putOne(tree, by, entry)
  })
  return done
}

const get = (tree: FileTree, by: Caller, path: string): FileResult => {
  const entries = listAll(tree, by, path)
  if (entries.reduce((sum, { bytes }) => sum + bytes, 0) > bytesMax) throw tooMuch("scandir", path)
  const taken = entries.flatMap(({ kind, mode, modifiedMillis, path }): ReadonlyArray<PutEntry> => {
    if (kind === "file") return [{ kind, path, bytes: tree.readBytes(by, path), mode, modifiedMillis }]
    if (kind === "directory") return [{ kind, path, mode }]
    return kind === "symlink" ? [{ kind, path, target: tree.readlink(by, path) }] : []
  })
  return { _tag: "Tree", path: tree.realpath(by, path), entries: taken }
}

const artifacts = (tree: FileTree, by: Caller): FileResult => {
  const files = listAll(tree, by, outputs).filter(({ kind }) => kind === "file")
  return { _tag: "Entries", entries: files.map((entry) => entryOf(entry.path, entry)) }
}

const run = (tree: FileTree, by: Caller, operation: FileOperation): FileResult => {
  switch (operation._tag) {
    case "Read":
      return readFile(tree, by, operation)
    case "Write":
      if (operation.append) tree.append(by, operation.path, operation.bytes)
      else tree.write(by, operation.path, operation.bytes)
      return done
    case "List": {
      const entries = tree.list(by, operation.path, { isRecursive: operation.recursive, entriesMax })
      return { _tag: "Entries", entries: entries.map((entry) => entryOf(entry.path, entry)) }
    }
    case "Stat":
      return { _tag: "Entry", entry: entryOf(operation.path, tree.stat(by, operation.path)) }
    case "Remove":
      return remove(tree, by, operation)
    case "MakeDirectory":
      tree.mkdir(by, operation.path, { isRecursive: true })
      return done
    case "Rename":
      tree.rename(by, operation.from, operation.to)
      return done
    case "Put":
      return put(tree, by, operation.entries)
    case "Get":
      return get(tree, by, operation.path)
    case "Artifacts":
      return artifacts(tree, by)
  }
}

/** Performs an operation as the host, at a time of the guest's clock. One that fails has changed nothing. */
export const apply = <Operation extends FileOperation>(
  tree: FileTree,
  operation: Operation,
  nowMillis: number
): Result.Result<ResultOf<Operation>, FileFault> => {
  try {
    // Each case of `run` gives what `ResultOf` says.
    return Result.succeed(run(tree, { actor: "host", nowMillis }, operation) as ResultOf<Operation>)
  } catch (cause) {
    if (cause instanceof FileFault) return Result.fail(cause)
    throw cause
  }
}
