/**
 * The line format of an audit log, version 1, and the chain that its lines form. A line is one JSON object in UTF-8, with its
 * fields in this order, without white space, ended by a line feed:
 *
 *     {"v":1,"seq":…,"time":"…","type":"…","session":"…","run":"…","turn":"…","trace":"…","tenant":"…","data":{…},"prev":"…","hash":"…"}
 *
 * L1. The five ids are left out where there is none. Everything else is always there; `data` is canonical (see `Canonical`).
 * L2. `hash` is the SHA-256, in hexadecimal, of the line's own bytes without `,"hash":"…"`: what is left is JSON as well.
 * L3. `prev` is the hash of the line before, in whichever segment that is, and 64 zeros in the first line of a log.
 *
 * A reader hashes the bytes that it finds and never writes a line anew: two texts of one value are two different lines.
 */
import { sha256 } from "../session/Digest.ts"

/** What the first line of a log continues. */
export const genesis = "0".repeat(64)

/** Longer lines are nobody's: what is written is bounded far below. */
export const lineBytesMax = 2 * 1_048_576

const hashField = ',"hash":"'
const prevField = ',"prev":"'
/** `,"hash":"<64>"}` */
const hashBytes = hashField.length + 64 + 2
/** `,"prev":"<64>"` */
const prevBytes = prevField.length + 64 + 1
const tailBytes = prevBytes + hashBytes
const headBytesMax = 160

const headFormat =
  /^\{"v":1,"seq":([1-9]\d{0,15}),"time":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)","type":"([a-z0-9.-]{1,64})",/
const tailFormat = /^,"prev":"([0-9a-f]{64})","hash":"([0-9a-f]{64})"\}$/

const comma = 0x2c
const brace = 0x7d

/** A line that has just been chained, without its line feed. */
export interface Sealed {
  readonly text: string
  readonly hash: string
}

/** Puts a body (`"time":…` up to and with `data`) at its place. */
export const seal = (seq: number, body: string, prev: string): Sealed => {
  const open = `{"v":1,"seq":${seq},${body}${prevField}${prev}"`
  const own = sha256(`${open}}`)
  return { text: `${open}${hashField}${own}"}`, hash: own }
}

/** What a line says of itself. */
export interface Link {
  readonly seq: number
  readonly time: string
  readonly type: string
  readonly prev: string
  readonly hash: string
}

/** Reads the fixed fields of a line between two positions, without its line feed. `undefined` if it has another form. */
export const linkOf = (bytes: Buffer, start: number, end: number): Link | undefined => {
  if (end - start <= tailBytes) return undefined
  const head = headFormat.exec(bytes.toString("latin1", start, Math.min(end, start + headBytesMax)))
  const tail = tailFormat.exec(bytes.toString("latin1", end - tailBytes, end))
  if (head === null || tail === null) return undefined
  const [, seq = "", time = "", type = ""] = head
  const [, prev = "", own = ""] = tail
  return { seq: Number(seq), time, type, prev, hash: own }
}

/** The hash that the line between two positions ought to have. The bytes are the same afterwards. */
export const hashOf = (bytes: Buffer, start: number, end: number): string => {
  const at = end - hashBytes
  bytes[at] = brace
  const own = sha256(bytes.subarray(start, at + 1))
  bytes[at] = comma
  return own
}

/** A line by itself, if it has the form of one and the hash that it says. */
export const checkedLink = (line: Uint8Array): Link | undefined => {
  const bytes = Buffer.from(line)
  const link = linkOf(bytes, 0, bytes.length)
  return link !== undefined && link.hash === hashOf(bytes, 0, bytes.length) ? link : undefined
}

/** The data of a line. `undefined` if it is no JSON: whoever has no key can give any text the form and the hash of a line. */
export const dataOf = (line: string): unknown => {
  try {
    return JSON.parse(line).data
  } catch {
    return undefined
  }
}
