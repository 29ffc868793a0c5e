/**
 * This process as the holder of sessions, and how to see that another one on this host has ended.
 *
 * O1. Nobody is called dead who may still write: a name that is not understood, another host, another process namespace or a
 *     process that cannot be looked at counts as alive. Its sessions are free when its lease has ended.
 */
import { randomBytes } from "node:crypto"
import { readFileSync, readlinkSync } from "node:fs"
import { hostname } from "node:os"
import * as Context from "effect/Context"
import * as Predicate from "effect/Predicate"
import type { Owner } from "./Journal.ts"

/** `<host> pid <pid> of <process namespace> since <start> <random>`. */
const format = /^(\S+) pid (\d+) of (\S+) since (\S+) [0-9a-f]+$/

const orUndefined = <A>(read: () => A): A | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** Process ids mean something only within their namespace: containers can share a host name. */
const processNamespace = (): string => orUndefined(() => readlinkSync("/proc/self/ns/pid")) ?? "-"

interface Process {
  readonly hasEnded: boolean
  /** In clock ticks since the host booted. */
  readonly startTicks: string
}

/** What Linux says of a process; undefined elsewhere, and where it may not be looked at. */
const inspect = (pid: number): Process | undefined => {
  const stat = orUndefined(() => readFileSync(`/proc/${pid}/stat`, "utf8"))
  if (stat === undefined) return undefined
  // The second field is the program's name in parentheses and may hold anything; the rest counts from the third.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return { hasEnded: fields[0] === "Z" || fields[0] === "X", startTicks: fields[19] ?? "" }
}

const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return !(Predicate.hasProperty(cause, "code") && cause.code === "ESRCH")
  }
}

const start = (): string => inspect(process.pid)?.startTicks ?? `@${Math.round(performance.timeOrigin)}`

/** Whether the process of that name, on this host, has certainly ended. */
const isDead = (name: string): boolean => {
  const [, host, pidText, namespace, since = ""] = format.exec(name) ?? []
  const pid = Number(pidText)
  if (host !== hostname() || namespace !== processNamespace() || !Number.isSafeInteger(pid) || pid < 1) return false
  if (!exists(pid)) return true
  const found = inspect(pid)
  return found !== undefined && !since.startsWith("@") && (found.hasEnded || found.startTicks !== since)
}

const make = (): Owner => ({
  name: `${hostname()} pid ${process.pid} of ${processNamespace()} since ${start()} ${randomBytes(4).toString("hex")}`,
  isDead
})

/** This process. Its name says where it runs and since when. */
export const LocalOwner = Context.Reference<Owner>("caisson/session/LocalOwner", { defaultValue: make })
