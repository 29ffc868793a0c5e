/**
 * This process as the holder of sessions, and how to see that another one on this host has ended.
 *
 * O1. Nobody is called dead who may still write: a name that is not understood, another host, another process namespace or a
 *     process that cannot be looked at counts as alive. Its sessions are free when its lease has ended.
 */
import { randomBytes } from "node:crypto"
import { hostname } from "node:os"
import * as Context from "effect/Context"
import * as Predicate from "effect/Predicate"
import * as Identity from "../process/Identity.ts"
import type { Owner } from "./journal/Journal.ts"

/** `<host> pid <pid> of <process namespace> since <start> <random>`. */
const format = /^(\S+) pid (\d+) of (\S+) since (\S+) [0-9a-f]+$/

const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return !(Predicate.hasProperty(cause, "code") && cause.code === "ESRCH")
  }
}

/** Where it cannot be looked up, by this process's own clock. */
const start = (): string => Identity.startTicksOf(process.pid) ?? `@${Math.round(performance.timeOrigin)}`

/** Whether the process of that name, on this host, has certainly ended. */
const isDead = (name: string): boolean => {
  const [, host, pidText, namespace, since = ""] = format.exec(name) ?? []
  const pid = Number(pidText)
  if (host !== hostname() || namespace !== Identity.namespace() || !Number.isSafeInteger(pid) || pid < 1) return false
  if (!exists(pid)) return true
  const stat = Identity.statOf(pid)
  return stat !== undefined && !since.startsWith("@") && Identity.startTicksIn(stat) !== since
}

const make = (): Owner => ({
  name: `${hostname()} pid ${process.pid} of ${Identity.namespace()} since ${start()} ${randomBytes(4).toString("hex")}`,
  isDead
})

/** This process. Its name says where it runs and since when. */
export const LocalOwner = Context.Reference<Owner>("caisson/session/LocalOwner", { defaultValue: make })
