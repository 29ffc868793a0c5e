/** What somebody who can write to the files of a log, and does not have its key, may do to it. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { seal } from "../../src/audit/Chain.ts"
import { segmentOf } from "../../src/audit/Segment.ts"
import { segmentNames } from "./logs.ts"

/** Where, as parts of what there is: from 0 up to, but not, 1. */
export interface Choice {
  readonly at: number
  readonly to: number
  readonly byte: number
}

/** The lines of each file. */
type Files = ReadonlyArray<{ readonly name: string; readonly lines: ReadonlyArray<string> }>

export const filesOf = (directory: string): Files =>
  segmentNames(directory).map((name) => ({
    name,
    lines: readFileSync(join(directory, name), "latin1").split("\n")
  }))

const pick = (part: number, count: number): number => Math.min(count - 1, Math.floor(part * count))

/** All lines with their files, for a change that does not care for files. */
const flat = (files: Files) => files.flatMap(({ lines, name }) => lines.slice(0, -1).map((line) => ({ name, line })))

type Placed = ReadonlyArray<{ readonly name: string; readonly line: string }>

const writeBack = (directory: string, files: Files, lines: Placed): void => {
  for (const { name } of files) {
    const own = lines.filter((placed) => placed.name === name)
    writeFileSync(join(directory, name), own.map(({ line }) => `${line}\n`).join(""), "latin1")
  }
}

const onLines = (edit: (lines: Placed, choice: Choice) => Placed) => (directory: string, choice: Choice) => {
  const files = filesOf(directory)
  writeBack(directory, files, edit(flat(files), choice))
}

/** The fields of a line that are not its place in the chain. */
export const bodyOf = (line: string): string => line.slice(line.indexOf('"time"'), line.lastIndexOf(',"prev"'))

const seqOf = (line: string): number => JSON.parse(line).seq

/** Chains lines anew from an index on, as anybody can. */
const rechained = (lines: Placed, from: number): Placed => {
  let prev = from === 0 ? "0".repeat(64) : JSON.parse(lines[from - 1]?.line ?? "").hash
  let seq = from === 0 ? 0 : seqOf(lines[from - 1]?.line ?? "")
  return lines.map((placed, index) => {
    if (index < from) return placed
    seq++
    const sealed = seal(seq, bodyOf(placed.line), prev)
    prev = sealed.hash
    return { ...placed, line: sealed.text }
  })
}

const changed = (line: string): string => line.replace(/"time":"2/, '"time":"3').replace(/"time":"1/, '"time":"2')

const onFile = (edit: (text: string, choice: Choice) => string) => (directory: string, choice: Choice) => {
  const names = segmentNames(directory)
  const path = join(directory, names[pick(choice.at, names.length)] ?? "")
  const text = readFileSync(path, "latin1")
  writeFileSync(path, edit(text, choice), "latin1")
}

const onHead = (edit: (text: string, choice: Choice) => string) => (directory: string, choice: Choice) => {
  const path = join(directory, "audit.head")
  writeFileSync(path, edit(readFileSync(path, "latin1"), choice), "latin1")
}

const otherByte = (text: string, at: number, byte: number): string => {
  const other = String.fromCharCode((text.charCodeAt(at) + byte) % 256)
  return `${text.slice(0, at)}${other}${text.slice(at + 1)}`
}

const spliced = <A>(
  items: ReadonlyArray<A>,
  at: number,
  remove: number,
  ...add: ReadonlyArray<A>
): ReadonlyArray<A> => [...items.slice(0, at), ...add, ...items.slice(at + remove)]

/** Ways to change a log. Each changes something, whatever it is given. */
export const tamperings: Readonly<Record<string, (directory: string, choice: Choice) => void>> = {
  "edit: one byte": onFile((text, { byte, to }) => otherByte(text, pick(to, text.length), byte)),
  "edit: a line, with its own hash": onLines((lines, { at }) => {
    const index = pick(at, lines.length)
    const whole = rechained(
      spliced(lines, index, 1, { ...lines[index], line: changed(lines[index]?.line ?? "") } as never),
      index
    )
    return lines.map((line, place) => (place === index ? (whole[index] ?? line) : line))
  }),
  "edit: a line, and every hash behind it": onLines((lines, { at }) => {
    const index = pick(at, lines.length)
    return rechained(
      spliced(lines, index, 1, { ...lines[index], line: changed(lines[index]?.line ?? "") } as never),
      index
    )
  }),
  "delete: lines": onLines((lines, { at, to }) => {
    const index = pick(at, lines.length)
    return spliced(lines, index, 1 + pick(to, lines.length - index))
  }),
  "delete: a line, and every number and hash behind it made to fit": onLines((lines, { at }) => {
    const index = pick(at, lines.length)
    return rechained(spliced(lines, index, 1), index)
  }),
  "delete: a line feed": onFile((text, { to }) => {
    const ends = [...text.matchAll(/\n/g)].map(({ index }) => index)
    const end = ends[pick(to, ends.length)] ?? 0
    return text.slice(0, end) + text.slice(end + 1)
  }),
  "delete: a whole file": (directory, { at }) => {
    const names = segmentNames(directory)
    rmSync(join(directory, names[pick(at, names.length)] ?? ""))
  },
  "insert: a line that is there already": onLines((lines, { at, to }) => {
    const line = lines[pick(at, lines.length)]
    const index = pick(to, lines.length)
    return line === undefined ? lines : spliced(lines, index, 0, { name: lines[index]?.name ?? "", line: line.line })
  }),
  "insert: lines that continue the one before them": onLines((lines, { at, to }) => {
    const index = pick(at, lines.length - 1)
    const extra = lines
      .slice(index, index + 1 + pick(to, 5))
      .map((placed) => ({ ...placed, line: changed(placed.line) }))
    const forged = rechained([...lines.slice(0, index + 1), ...extra], index + 1)
    return [...forged, ...lines.slice(index + 1)]
  }),
  "insert: text that is no line": onLines((lines, { at, byte }) => {
    const index = pick(at, lines.length)
    return spliced(lines, index, 0, { name: lines[index]?.name ?? "", line: "x".repeat(byte % 3) })
  }),
  "append: a line that continues the last one": onLines((lines) => {
    const last = lines.at(-1)
    const forged = last === undefined ? lines : [...lines, { ...last, line: changed(last.line) }]
    return rechained(forged, lines.length)
  }),
  "append: an unfinished line": onFile((text, { at }) => (at === 0 ? `${text}{` : `${text}{"v":1,"seq":`)),
  "reorder: two lines": onLines((lines, { at, to }) => {
    const left = pick(at, lines.length - 1)
    const right = left + 1 + pick(to, lines.length - left - 1)
    return lines.map((placed, index) => {
      if (index === left) return { ...placed, line: lines[right]?.line ?? "" }
      return index === right ? { ...placed, line: lines[left]?.line ?? "" } : placed
    })
  }),
  "reorder: two lines, and every number and hash behind them made to fit": onLines((lines, { at }) => {
    const left = pick(at, lines.length - 1)
    const here = lines[left]
    const next = lines[left + 1]
    if (here === undefined || next === undefined) return lines
    return rechained(spliced(lines, left, 2, { ...here, line: changed(next.line) }, { ...next, line: here.line }), left)
  }),
  "truncate: lines": onLines((lines, { at }) => lines.slice(0, pick(at, lines.length))),
  "truncate: behind a checkpoint": onLines((lines, { at }) => {
    const ends = lines.slice(0, -1).flatMap(({ line }, index) => (line.includes('"log.checkpoint"') ? [index + 1] : []))
    return lines.slice(0, ends.length === 0 ? 1 : ends[pick(at, ends.length)])
  }),
  "truncate: bytes": (directory, { to }) => {
    const path = join(directory, segmentNames(directory).at(-1) ?? "")
    const text = readFileSync(path, "latin1")
    writeFileSync(path, text.slice(0, pick(to, text.length)), "latin1")
  },
  "truncate: files": (directory, { at }) => {
    const names = segmentNames(directory)
    for (const name of names.slice(pick(at, names.length))) rmSync(join(directory, name))
  },
  "segment: another name": (directory, { at, byte }) => {
    const names = segmentNames(directory)
    const from = join(directory, names[pick(at, names.length)] ?? "")
    const others = [byte, byte + 256].map((first) => segmentOf(directory, first).path)
    const to = others.find((path) => !existsSync(path))
    if (to !== undefined) renameSync(from, to)
  },
  "head: one byte": onHead((text, { byte, to }) => otherByte(text, pick(to, text.length), byte)),
  "head: the newer one replaced by the older": onHead((text) => {
    const slots = [text.slice(0, 512), text.slice(512)]
    const older = slots[0]?.includes('"closed":true') === true ? slots[1] : slots[0]
    return `${older}${older}`
  }),
  "head: cut": onHead((text, { to }) => text.slice(0, pick(to, text.length))),
  "head: deleted": (directory) => rmSync(join(directory, "audit.head"))
}
