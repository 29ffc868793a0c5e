/**
 * A change of the host to a guest's files, as the journal keeps it: contents are named, and kept beside snapshots for as long as
 * the journal lasts, so that the change can be made again.
 */
import * as Schema from "effect/Schema"
import {
  type FileOperation,
  MakeDirectory,
  PutEntry,
  Remove,
  Rename,
  Write as WriteOperation
} from "../file/FileOperation.ts"
import { sha256 } from "./Digest.ts"

const content = { content: Schema.String }
const { bytes: _, ...write } = WriteOperation.fields

const [FileEntry, DirectoryEntry, LinkEntry] = PutEntry.members
const { bytes: __, ...file } = FileEntry.fields

/** Operations that change something, with the SHA-256 of contents in place of the contents. */
export const FileRecord = Schema.Union([
  Schema.Struct({ ...write, ...content }),
  Remove,
  MakeDirectory,
  Rename,
  Schema.TaggedStruct("Put", {
    entries: Schema.Array(Schema.Union([Schema.Struct({ ...file, ...content }), DirectoryEntry, LinkEntry]))
  })
])
export type FileRecord = typeof FileRecord.Type

/** The operations that change something. */
export type FileChanging = Extract<
  FileOperation,
  { readonly _tag: "Write" | "Remove" | "MakeDirectory" | "Rename" | "Put" }
>

type Contents = ReadonlyMap<string, Uint8Array>

/** What is recorded of an operation, and the contents that this names. */
export const of = (operation: FileChanging): { readonly record: FileRecord; readonly contents: Contents } => {
  const contents = new Map<string, Uint8Array>()
  const named = <A extends { readonly bytes: Uint8Array }>({ bytes, ...rest }: A) => {
    const content = sha256(bytes)
    contents.set(content, bytes)
    return { ...rest, content }
  }
  if (operation._tag === "Write") return { record: named(operation), contents }
  if (operation._tag !== "Put") return { record: operation, contents }
  const entries = operation.entries.map((entry) => (entry.kind === "file" ? named(entry) : entry))
  return { record: { _tag: "Put", entries }, contents }
}

/** The contents that a record names. */
export const contentsOf = (record: FileRecord): ReadonlyArray<string> => {
  if (record._tag === "Write") return [record.content]
  if (record._tag !== "Put") return []
  return record.entries.flatMap((entry) => (entry.kind === "file" ? [entry.content] : []))
}

/** The operation that was recorded. All contents that it names must be given. */
export const toOperation = (record: FileRecord, contents: Contents): FileChanging => {
  const bytesOf = (content: string) => contents.get(content) ?? new Uint8Array(0)
  if (record._tag === "Write") {
    const { content, ...rest } = record
    return { ...rest, bytes: bytesOf(content) }
  }
  if (record._tag !== "Put") return record
  const entries = record.entries.map((entry): PutEntry => {
    if (entry.kind !== "file") return entry
    const { content, ...rest } = entry
    return { ...rest, bytes: bytesOf(content) }
  })
  return { _tag: "Put", entries }
}
