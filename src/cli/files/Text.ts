/** How files are told of. */
import type { FileEntry } from "../../file/FileOperation.ts"
import type { Side } from "../Screen.ts"

const kinds: Record<FileEntry["kind"], string> = { file: "-", directory: "d", symlink: "l", device: "c" }

const bits = (mode: number): string =>
  Array.from("rwxrwxrwx", (letter, index) => ((mode >> (8 - index)) & 1 ? letter : "-")).join("")

const isDate = (millis: number): boolean => Math.abs(millis) <= 8.64e15

const timeOf = ({ modifiedMillis }: FileEntry): string | null =>
  isDate(modifiedMillis) ? new Date(modifiedMillis).toISOString() : null

/** A name that would break its line is quoted. */
const quoted = (name: string): string => (/\p{Cc}/u.test(name) ? JSON.stringify(name) : name)

export const entryJson = (entry: FileEntry) => ({
  path: entry.path,
  kind: entry.kind,
  bytes: entry.bytes,
  mode: entry.mode.toString(8).padStart(4, "0"),
  modifiedAt: timeOf(entry)
})

/** One line for each, under names that are relative to the directory if they are in it. */
export const entryLines = (entries: ReadonlyArray<FileEntry>, directory: string, side: Side): ReadonlyArray<string> => {
  const width = Math.max(0, ...entries.map(({ bytes }) => String(bytes).length))
  const above = directory.endsWith("/") ? directory : `${directory}/`
  return entries.map((entry) => {
    const name = quoted(entry.path.startsWith(above) ? entry.path.slice(above.length) : entry.path)
    const shown = entry.kind === "directory" ? side.paint("blue", `${side.tame(name)}/`) : side.tame(name)
    const time = side.paint("dim", timeOf(entry) ?? "at no time")
    return `${kinds[entry.kind]}${bits(entry.mode)}  ${String(entry.bytes).padStart(width)}  ${time}  ${shown}`
  })
}

const units = ["bytes", "KiB", "MiB", "GiB"]

/** A size as people read it: `812 bytes`, `3.4 MiB`. */
export const sizeOf = (bytes: number): string => {
  if (bytes === 1) return "1 byte"
  const power = bytes < 1_024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  return `${power === 0 ? bytes : (bytes / 1_024 ** power).toFixed(1)} ${units[power]}`
}
