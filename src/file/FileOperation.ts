/**
 * What a host may ask a machine to do with its files, and what it gets: data, since the two are in different threads or processes.
 */
import * as Schema from "effect/Schema"
import { entriesMax } from "./Bounds.ts"

const Mode = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 0o7777 }))
const Bytes = Schema.Uint8Array

/** One thing of an uploaded directory. Directories that it is in are made. */
export const PutEntry = Schema.Union([
  Schema.Struct({
    kind: Schema.Literal("file"),
    path: Schema.String,
    bytes: Bytes,
    mode: Schema.optionalKey(Mode),
    modifiedMillis: Schema.optionalKey(Schema.Finite)
  }),
  Schema.Struct({ kind: Schema.Literal("directory"), path: Schema.String, mode: Schema.optionalKey(Mode) }),
  Schema.Struct({ kind: Schema.Literal("symlink"), path: Schema.String, target: Schema.String })
])
export type PutEntry = typeof PutEntry.Type

export const Read = Schema.TaggedStruct("Read", {
  path: Schema.String,
  /** From the beginning by default. */
  offset: Schema.optionalKey(Schema.Natural),
  /** To the end by default. */
  length: Schema.optionalKey(Schema.Natural)
})

export const Write = Schema.TaggedStruct("Write", {
  path: Schema.String,
  bytes: Bytes,
  append: Schema.optionalKey(Schema.Boolean)
})

export const List = Schema.TaggedStruct("List", {
  path: Schema.String,
  recursive: Schema.optionalKey(Schema.Boolean)
})

/** A symbolic link is followed. */
export const Stat = Schema.TaggedStruct("Stat", { path: Schema.String })

/** A file, a link or an empty directory; any directory, if it is recursive. */
export const Remove = Schema.TaggedStruct("Remove", {
  path: Schema.String,
  recursive: Schema.optionalKey(Schema.Boolean)
})

/** With the directories that it is in; one that is there stays. */
export const MakeDirectory = Schema.TaggedStruct("MakeDirectory", { path: Schema.String })

export const Rename = Schema.TaggedStruct("Rename", { from: Schema.String, to: Schema.String })

/** All of the entries or none. Files that are there are overwritten. */
export const Put = Schema.TaggedStruct("Put", {
  entries: Schema.Array(PutEntry).check(Schema.isMaxLength(entriesMax))
})

/** A directory with all that is below it, as `Put` would bring it back; devices are left out. */
export const Get = Schema.TaggedStruct("Get", { path: Schema.String })

/** The regular files below the directory of artifacts. */
export const Artifacts = Schema.TaggedStruct("Artifacts", {})

export const FileOperation = Schema.Union([Read, Write, List, Stat, Remove, MakeDirectory, Rename, Put, Get, Artifacts])
export type FileOperation = typeof FileOperation.Type

/** What is known of one thing in a file tree. */
export const FileEntry = Schema.Struct({
  /** Absolute; of a `Stat` as it was asked for. */
  path: Schema.String,
  kind: Schema.Literals(["file", "directory", "symlink", "device"]),
  bytes: Schema.Natural,
  modifiedMillis: Schema.Finite,
  mode: Mode
})
export type FileEntry = typeof FileEntry.Type

/** The answers: of `Read`; of `List` and `Artifacts`; of `Stat`; of `Get`; of the others. */
export const FileResult = Schema.Union([
  Schema.TaggedStruct("Bytes", { bytes: Bytes }),
  Schema.TaggedStruct("Entries", { entries: Schema.Array(FileEntry) }),
  Schema.TaggedStruct("Entry", { entry: FileEntry }),
  /** Without links in the path of the directory: the paths of the entries begin with it. */
  Schema.TaggedStruct("Tree", { path: Schema.String, entries: Schema.Array(PutEntry) }),
  Schema.TaggedStruct("Done", {})
])
export type FileResult = typeof FileResult.Type

interface Results {
  readonly Read: "Bytes"
  readonly List: "Entries"
  readonly Artifacts: "Entries"
  readonly Stat: "Entry"
  readonly Get: "Tree"
}

/** The answer of one operation. */
export type ResultOf<Operation extends FileOperation> = Operation extends FileOperation
  ? Extract<
      FileResult,
      { readonly _tag: Operation["_tag"] extends keyof Results ? Results[Operation["_tag"]] : "Done" }
    >
  : never
