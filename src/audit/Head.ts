/**
 * The head of a log: a signed statement of where the log ends, in a file of its own, so that a log whose end was cut off is told
 * from one that ends there. It is written before every write to the log, to announce its last line, and after it.
 *
 * H1. The file has two slots of 512 bytes, which are written in turn: a crash can damage one of them, and the other then has the
 *     head before. `count` grows by one with every write.
 * H2. Both slots count: they hold two heads that follow on from each other. Whoever kept an older head can put it in the place of
 *     the newest only as the two of an earlier moment: that is an older copy of the log, of which only a head kept elsewhere tells.
 * H3. Behind the line that a head names can only be those that end in the line that it announces. Whoever has not the key can
 *     add no others, not even to the log of a process that was killed.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { type AuditKey, isSigned, signer } from "./AuditKey.ts"

export const Head = Schema.Struct({
  v: Schema.Literal(1),
  log: Schema.String,
  count: Schema.Int,
  /** The last line, and its hash. */
  seq: Schema.Int,
  hash: Schema.String,
  /** The line that the log ends with once what is being written now is there. */
  next: Schema.optionalKey(Schema.Struct({ seq: Schema.Int, hash: Schema.String })),
  /** The last checkpoint's own line; 0 before the first. */
  checkpoint: Schema.Int,
  /** A closed log has nothing behind its head. */
  closed: Schema.Boolean,
  time: Schema.String,
  key: Schema.String,
  mac: Schema.String
})
export type Head = typeof Head.Type

const slotBytes = 512

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(Head), { onExcessProperty: "error" })

const nextText = (next: Head["next"]): string =>
  next === undefined ? "" : `"next":{"seq":${next.seq},"hash":"${next.hash}"},`

const signedText = ({ checkpoint, closed, count, hash, key, log, next, seq, time, v }: Omit<Head, "mac">): string =>
  `{"v":${v},"log":"${log}","count":${count},"seq":${seq},"hash":"${hash}",${nextText(next)}` +
  `"checkpoint":${checkpoint},"closed":${closed},"time":"${time}","key":"${key}"}`

/** Whether a head announces a line. */
export const isAnnounced = ({ next }: Head, line: { readonly seq: number; readonly hash: string }): boolean =>
  next !== undefined && next.seq === line.seq && next.hash === line.hash

/** The one text of a slot. */
const slotText = (signed: string, mac: string): string =>
  `${`${signed.slice(0, -1)},"mac":"${mac}"}`.padEnd(slotBytes - 1)}\n`

/** What a writer says with a head. */
export type Statement = Omit<Head, "v" | "count" | "key" | "mac">

/** Makes the texts of slots, each with where in the file it belongs. */
export const slotMaker = (key: AuditKey) => {
  const sign = signer(key, "head")
  return (count: number, statement: Statement) => {
    const text = signedText({ v: 1, ...statement, count, key: key.id })
    return { text: slotText(text, sign(text)), position: (count % 2) * slotBytes }
  }
}

const headOf = (slot: string): Head | undefined => {
  const head = Result.getOrUndefined(decode(slot))
  return head !== undefined && slotText(signedText(head), head.mac) === slot ? head : undefined
}

/** What the head file says: the newest head that is signed, and what is wrong with the file otherwise. */
export interface HeadReading {
  readonly head: Head | undefined
  readonly fault: string | undefined
}

const faultOf = (head: Head, slot: number, keys: ReadonlyMap<string, AuditKey>): string | undefined => {
  const key = keys.get(head.key)
  if (key === undefined) return `the head is signed with key ${JSON.stringify(head.key)}, which was not given`
  if (!isSigned(key, "head", signedText(head), head.mac)) return `a head's signature is not that of key ${head.key}`
  return head.count % 2 === slot ? undefined : "a head is in the place of another one"
}

/** Reads the text of a head file in Latin-1, in which a slot has as many characters as bytes. */
export const read = (file: string, keys: ReadonlyMap<string, AuditKey>): HeadReading => {
  const slots = [0, 1].map((slot) => {
    const head = headOf(file.slice(slot * slotBytes, (slot + 1) * slotBytes))
    return { head, fault: head === undefined ? undefined : faultOf(head, slot, keys) }
  })
  const [newest, older] = slots
    .flatMap(({ fault, head }) => (head === undefined || fault !== undefined ? [] : [head]))
    .sort((left, right) => right.count - left.count)
  const fault = slots.find(({ fault }) => fault !== undefined)?.fault
  return { head: newest, fault: fault ?? pairFault(newest, older, file.length) }
}

const pairFault = (newest: Head | undefined, older: Head | undefined, length: number): string | undefined => {
  if (newest === undefined) return "the head cannot be read"
  if (length > 2 * slotBytes) return "the head is longer than a head can be"
  if (older !== undefined) {
    return newest.count === older.count + 1 ? undefined : "the two heads do not follow on from each other"
  }
  return newest.count === 0 && length === slotBytes ? undefined : "one of the two heads is damaged"
}
