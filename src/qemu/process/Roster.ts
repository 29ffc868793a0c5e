/**
 * The processes that were started here and by whom, so that those whose owner was killed are found and ended.
 *
 * P1. A machine is written down before anything of it is made, its process before its guest runs; it is struck off when all of it
 *     is gone.
 * P2. Only the machine of an owner that has certainly ended is anybody else's business. A machine has one owner at a time.
 */
import { mkdirSync, readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Identity from "../../process/Identity.ts"
import * as Digest from "../../template/Digest.ts"
import * as ControlGroup from "../confinement/ControlGroup.ts"
import { storageFailed } from "../QemuError.ts"
import * as DurableFile from "./DurableFile.ts"

export const MachineId = Schema.String.check(Schema.isPattern(/^[a-z0-9][a-z0-9-]{0,63}$/u))

/** One machine that somebody has. */
export const Entry = Schema.Struct({
  version: Schema.Literal(1),
  id: MachineId,
  /** Absent before there is one. */
  process: Schema.optionalKey(Identity.Identity),
  owner: Identity.Identity,
  /** The machine's directory. */
  directory: Schema.String,
  /** Whether the directory is of no use without its process. */
  isEphemeral: Schema.Boolean,
  /** Of the template's snapshot that it needs. */
  key: Schema.optionalKey(Digest.Digest),
  /** The kernel's groups that bound it, as directories. */
  groups: Schema.Array(Schema.String.check(Schema.isPattern(/^\/.*\/caisson-[a-z0-9-]+$/u))).pipe(
    Schema.withDecodingDefault(Effect.succeed([]))
  )
})
export type Entry = typeof Entry.Type

const entryText = Schema.fromJsonString(Entry)
const decode = Schema.decodeUnknownOption(entryText)
const encode = Schema.encodeSync(entryText)
const entryBytesMax = 16_384

const ending = ".json"
const fileOf = (directory: string, id: string): string => join(directory, `${id}${ending}`)

const write = (directory: string, entry: Entry) => {
  const file = fileOf(directory, entry.id)
  return Effect.try({
    try: () => {
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      DurableFile.replace(file, encode(entry), "process")
    },
    catch: storageFailed("write", file)
  })
}

/** What is known of a machine before it has a process. */
export type Machine = Pick<Entry, "id" | "directory" | "isEphemeral" | "key" | "groups">

/** A directory without a machine that is of no use without its owner. */
export const remains = (id: string, directory: string): Machine => ({ id, directory, isEphemeral: true, groups: [] })

const entryOf = (machine: Machine): Entry => ({ version: 1, owner: Identity.self(), ...machine })

/** Whether nobody had the machine. */
const claimed = (directory: string, machine: Machine) => {
  const file = fileOf(directory, machine.id)
  return Effect.try({
    try: () => {
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      return DurableFile.create(file, encode(entryOf(machine)))
    },
    catch: storageFailed("write", file)
  })
}

const claim = Effect.fnUntraced(function* (directory: string, machine: Machine) {
  if (yield* claimed(directory, machine)) return
  const others = (yield* entries(directory)).filter(({ id, owner }) => id === machine.id && Identity.hasEnded(owner))
  yield* Effect.forEach(others, (other) => reapOne(directory, other, () => {}), { discard: true })
  if (yield* claimed(directory, machine)) return
  return yield* storageFailed("take over", machine.directory)("somebody has this machine")
})

/** Writes a machine down for as long as the scope is open. Fails if somebody has it. */
export const enter = (directory: string, machine: Machine) =>
  Effect.acquireRelease(claim(directory, machine), () =>
    Effect.sync(() => DurableFile.remove(fileOf(directory, machine.id)))
  )

/** Adds the process of a machine that was written down. */
export const note = (directory: string, machine: Machine, identity: Identity.Identity) =>
  Effect.suspend(() => write(directory, { ...entryOf(machine), process: identity }))

const read = (directory: string, name: string): Entry | undefined => {
  const text = DurableFile.readText(join(directory, name), entryBytesMax)
  return text === undefined ? undefined : Option.getOrUndefined(decode(text))
}

/** The files of a roster. It is not brought to the disk: one that has nothing in it is what a loss of power has left, and is removed. */
const names = (directory: string): ReadonlyArray<string> => {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  return readdirSync(directory).filter((name) => {
    if (!name.endsWith(ending)) return false
    const file = join(directory, name)
    const isBlank = statSync(file, { throwIfNoEntry: false })?.size === 0
    if (isBlank) DurableFile.remove(file)
    return !isBlank
  })
}

/** Everything that is written down, whoever it belongs to. What cannot be read is nobody's. */
export const entries = (directory: string) =>
  Effect.try({
    try: () => names(directory).flatMap((name) => read(directory, name) ?? []),
    catch: storageFailed("read", directory)
  })

/** The ids of the machines that somebody has, also where it cannot be read here who that is. */
export const held = (directory: string) =>
  Effect.try({
    try: () => new Set(names(directory).map((name) => name.slice(0, -ending.length))),
    catch: storageFailed("read", directory)
  })

const untilEnded = (identity: Identity.Identity) =>
  Effect.sync(() => Identity.isRunning(identity)).pipe(
    Effect.repeat({ schedule: Schedule.spaced("5 millis"), while: (isRunning) => isRunning }),
    Effect.timeoutOption("10 seconds")
  )

export interface Reaped {
  readonly id: string
  readonly wasRunning: boolean
  readonly isEphemeral: boolean
}

/** The processes of a machine: the one that was noted, and those that use its directory, if its owner did not come so far. */
const processesOf = (entry: Entry): ReadonlyArray<Identity.Identity> => [
  ...(entry.process === undefined ? [] : [entry.process]),
  ...Identity.usersOf(entry.directory)
]

/** Ends a machine's processes, and removes what is of no use without them. */
const reapOne = Effect.fnUntraced(function* (directory: string, entry: Entry, strip: (directory: string) => void) {
  const { id, isEphemeral } = entry
  const processes = yield* Effect.sync(() => processesOf(entry))
  const ended = yield* Effect.sync(() => processes.filter(Identity.kill))
  yield* Effect.forEach(ended, untilEnded, { discard: true })
  yield* ControlGroup.remove(entry.groups)
  const wasRunning = ended.length > 0
  yield* Effect.try({
    try: () => {
      if (isEphemeral) DurableFile.remove(entry.directory)
      else {
        DurableFile.removeDrafts(entry.directory)
        strip(entry.directory)
      }
      DurableFile.remove(fileOf(directory, id))
    },
    catch: storageFailed("remove", entry.directory)
  })
  return { id, wasRunning, isEphemeral } satisfies Reaped
})

/**
 * Ends the processes whose owner has ended, and removes what they alone had use for, and what they were writing down. Of a durable
 * machine `strip` removes what is of no use.
 */
export const reap = Effect.fn("Roster.reap")(function* (directory: string, strip: (directory: string) => void) {
  const all = yield* entries(directory)
  yield* Effect.try({ try: () => DurableFile.removeDrafts(directory), catch: storageFailed("clear", directory) })
  const orphans = all.filter(({ owner }) => Identity.hasEnded(owner))
  return yield* Effect.forEach(orphans, (entry) => reapOne(directory, entry, strip))
})
