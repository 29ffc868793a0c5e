/**
 * Which process a number stood for.
 *
 * I1. A number alone says nothing: it may be another process's by now. With the time at which it was started it says it all,
 *     within one boot of the host and one namespace of processes.
 * I2. What cannot be looked at counts as another process: nobody is killed on a guess.
 */
import { hash } from "node:crypto"
import { readdirSync, readFileSync, readlinkSync } from "node:fs"
import * as Schema from "effect/Schema"

export const Identity = Schema.Struct({
  pid: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 4_194_304 })),
  /** In clock ticks since the host booted. */
  startTicks: Schema.String.check(Schema.isPattern(/^\d{1,20}$/u)),
  /** Of the boot and the namespace that the number belongs to. */
  realm: Schema.String.check(Schema.isMaxLength(128))
})
export type Identity = typeof Identity.Type

const orUndefined = <A>(read: () => A): A | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** Numbers of processes mean something only within their namespace: containers can share a host. */
export const namespace = (): string => orUndefined(() => readlinkSync("/proc/self/ns/pid")) ?? "-"

/** The boot of this host, and the namespace of this process. */
export const realm = (): string => {
  const boot = orUndefined(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()) ?? "-"
  return `${boot} ${namespace()}`
}

/** The fields of a process's `stat`, from the third on; undefined of one that is not there, or that cannot be looked at. */
export const statOf = (pid: number): ReadonlyArray<string> | undefined =>
  // The second field is the program's name in parentheses and may hold anything.
  orUndefined(() => readFileSync(`/proc/${pid}/stat`, "utf8"))
    ?.replace(/^.*\) /s, "")
    .split(" ")

/** When the process of a `stat` was started; undefined of one that has ended and that its parent has not looked after yet. */
export const startTicksIn = (stat: ReadonlyArray<string>): string | undefined =>
  stat[0] === "Z" || stat[0] === "X" ? undefined : stat[19]

/** When a process was started; undefined of one that has ended, or that cannot be looked at. */
export const startTicksOf = (pid: number): string | undefined => startTicksIn(statOf(pid) ?? [])

/** The identity of a process that is there; undefined of one that is not. */
export const identify = (pid: number): Identity | undefined => {
  const startTicks = startTicksOf(pid)
  return startTicks === undefined ? undefined : { pid, startTicks, realm: realm() }
}

/** This process. */
export const self = (): Identity => ({ pid: process.pid, startTicks: startTicksOf(process.pid) ?? "0", realm: realm() })

/** Whether it is the same process still, and runs. */
export const isRunning = (identity: Identity): boolean =>
  identity.realm === realm() && startTicksOf(identity.pid) === identity.startTicks

const bootOf = (of: string): string | undefined => of.split(" ")[0]

/** Whether it has certainly ended: of one in another namespace of this boot nobody here can know. */
export const hasEnded = (identity: Identity): boolean => {
  const here = realm()
  if (identity.realm !== here) return bootOf(identity.realm) !== bootOf(here)
  return startTicksOf(identity.pid) !== identity.startTicks
}

/** Ends a process if it is the same still. Whether it was. */
export const kill = (identity: Identity): boolean => {
  if (!isRunning(identity)) return false
  return orUndefined(() => process.kill(identity.pid, "SIGKILL")) ?? false
}

const uses = (pid: number, directory: string): boolean => {
  if (orUndefined(() => readlinkSync(`/proc/${pid}/cwd`)) === directory) return true
  const line = orUndefined(() => readFileSync(`/proc/${pid}/cmdline`, "utf8")) ?? ""
  return line.split("\0").includes(directory)
}

/** Processes that work in a directory, or were started with it among their arguments. This one is not among them. */
export const usersOf = (directory: string): ReadonlyArray<Identity> =>
  (orUndefined(() => readdirSync("/proc")) ?? [])
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid && uses(pid, directory))
    .flatMap((pid) => identify(pid) ?? [])

/** A short name of a process, for what it makes: its number, when it was started, and what of the boot and the namespace. */
export const labelOf = ({ pid, realm, startTicks }: Identity): string =>
  [pid, startTicks, ...realm.split(" ").map((part) => hash("sha256", part).slice(0, 8))].join("-")

/** Of a label, what `hasEnded` says of its process. What is no label is nobody's. */
export const labelHasEnded = (label: string): boolean => {
  const [, pid, startTicks, boot, space] = /^(\d{1,7})-(\d{1,20})-([0-9a-f]{8})-([0-9a-f]{8})$/.exec(label) ?? []
  if (pid === undefined) return false
  const [hereBoot, hereSpace] = labelOf(self()).split("-").slice(2)
  if (boot !== hereBoot) return true
  return space === hereSpace && startTicksOf(Number(pid)) !== startTicks
}
