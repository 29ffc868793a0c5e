/** The calls that an audit log tells of, each with who asked. */
import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs"
import { join } from "node:path"
import type { RecordedCall } from "../../policy/Replay.ts"
import { decisions } from "../../policy/Rule.ts"
import type { Context } from "../../policy/Subject.ts"

/** A recorded call, and where its record is. */
export interface Recorded extends RecordedCall {
  readonly seq: unknown
  readonly session: unknown
  readonly run: unknown
  readonly time: unknown
}

/** What comes of reading a log, besides its calls. */
export interface Reading {
  /** Calls that could not be read. */
  unreadable: number
  /** Something in it is an event. */
  isLog: boolean
}

type Fields = Readonly<Record<string, unknown>>

const chunkBytes = 1_048_576
const lineMax = 64 * 1_048_576

function* linesOf(file: string): Generator<string> {
  const descriptor = openSync(file, "r")
  try {
    const decoder = new TextDecoder()
    const buffer = new Uint8Array(chunkBytes)
    let rest = ""
    for (let bytes = readSync(descriptor, buffer); bytes > 0; bytes = readSync(descriptor, buffer)) {
      const lines = `${rest}${decoder.decode(buffer.subarray(0, bytes), { stream: true })}`.split("\n")
      rest = lines.pop() ?? ""
      if (rest.length > lineMax) throw new Error(`${file} has a line of more than ${lineMax} characters`)
      yield* lines
    }
    yield rest
  } finally {
    closeSync(descriptor)
  }
}

/** A file, or the `.jsonl` files of a folder in the order of their names. */
const filesOf = (path: string): ReadonlyArray<string> =>
  statSync(path).isDirectory()
    ? readdirSync(path)
        .filter((name) => name.endsWith(".jsonl"))
        .sort()
        .map((name) => join(path, name))
    : [path]

const objectOf = (value: unknown): Fields => (typeof value === "object" && value !== null ? { ...value } : {})

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined)

/** The fields of an event. What a log keeps in `data` may also stand beside the others. */
const parse = (line: string): Fields => {
  try {
    const event: unknown = JSON.parse(line)
    const fields = objectOf(event)
    return { ...objectOf(fields["data"]), ...fields }
  } catch {
    return {}
  }
}

const labelsOf = (metadata: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(objectOf(metadata)).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : []))
  )

/** What a policy is told of a session: its metadata are its labels, and `tenant` is one of them. */
const opened = ({ metadata, template }: Fields): Context => {
  const labels = labelsOf(metadata)
  return { template: textOf(template), tenant: labels["tenant"], labels }
}

const policyLayer = "policy "

const callOf = (fields: Fields, context: Context): Recorded | undefined => {
  const { input, run, seq, session, time } = fields
  const method = textOf(fields["method"])
  const effect = decisions.find((decision) => decision === fields["effect"])
  if (method === undefined || effect === undefined) return undefined
  const by = textOf(fields["layer"])?.startsWith(policyLayer) === true ? "policy" : "others"
  const tenant = textOf(fields["tenant"]) ?? context.tenant
  return {
    method,
    input,
    effect,
    by,
    rule: textOf(fields["rule"]),
    atMillis: Date.parse(String(time)),
    context: { ...context, tenant },
    seq,
    session,
    run,
    time
  }
}

const told = /"type":\s*"(call\.decided|session\.opened|session\.forked)"/

/** Reads a log. `otherwise` is who asks in sessions of which it does not have the beginning. */
export function* callsIn(path: string, otherwise: Context, reading: Reading): Generator<Recorded> {
  const contexts = new Map<unknown, Context>()
  const contextOf = (session: unknown) => contexts.get(session) ?? otherwise
  for (const file of filesOf(path)) {
    for (const line of linesOf(file)) {
      const [, likely] = told.exec(line) ?? []
      if (line === "" || (reading.isLog && likely === undefined)) continue
      const fields = parse(line)
      reading.isLog ||= textOf(fields["type"]) !== undefined
      const { from, session, type = likely } = fields
      if (type === "session.opened") contexts.set(session, opened(fields))
      // What a fork has of its source is the source's, as are its labels.
      if (type === "session.forked") contexts.set(session, contextOf(from))
      if (type !== "call.decided") continue
      const call = callOf(fields, contextOf(session))
      if (call === undefined) reading.unreadable++
      else yield call
    }
  }
}
