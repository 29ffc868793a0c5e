/** The archive that a kernel unpacks before it runs anything: `newc`, with nothing in it that changes from one build to the next. */

export type Entry =
  | { readonly _tag: "Directory"; readonly path: string }
  | { readonly _tag: "File"; readonly path: string; readonly bytes: Uint8Array; readonly isExecutable: boolean }

const directoryMode = 0o040755
const fileMode = 0o100644
const programMode = 0o100755

const hex = (value: number): string => value.toString(16).padStart(8, "0").toUpperCase()

/** Fills up to a multiple of four bytes. */
const padded = (bytes: Uint8Array): ReadonlyArray<Uint8Array> => [bytes, new Uint8Array((4 - (bytes.length % 4)) % 4)]

const record = (path: string, mode: number, index: number, bytes: Uint8Array): ReadonlyArray<Uint8Array> => {
  const name = Buffer.from(`${path}\0`)
  const links = mode === directoryMode ? 2 : 1
  // Inode, mode, user, group, links, time, length, four numbers of devices, length of the name, checksum.
  const fields = [index, mode, 0, 0, links, 0, bytes.length, 0, 0, 0, 0, name.length, 0]
  const head = Buffer.from(`070701${fields.map(hex).join("")}`, "latin1")
  return [...padded(Buffer.concat([head, name])), ...padded(bytes)]
}

const recordOf = (entry: Entry, index: number): ReadonlyArray<Uint8Array> => {
  if (entry._tag === "Directory") return record(entry.path, directoryMode, index, new Uint8Array())
  return record(entry.path, entry.isExecutable ? programMode : fileMode, index, entry.bytes)
}

/** The archive of some entries, in their order. A directory comes before what is in it. */
export const archive = (entries: ReadonlyArray<Entry>): Uint8Array =>
  Buffer.concat([
    ...entries.flatMap((entry, index) => recordOf(entry, index + 1)),
    ...record("TRAILER!!!", 0, 0, new Uint8Array())
  ])
