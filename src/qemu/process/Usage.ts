/** What a process takes of the host, as the host's kernel counts it. */
import { readFileSync } from "node:fs"
import * as Identity from "../../process/Identity.ts"

/** A tick of the times in `/proc`, on every Linux. */
const tickMillis = 10

const childrenOf = (pid: number): ReadonlyArray<number> => {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim()
    return text === "" ? [] : text.split(" ").map(Number)
  } catch {
    return []
  }
}

/** A process, the only one that it has started, the only one that that has started, and so on. */
export const chainOf = (pid: number): readonly [number, ...ReadonlyArray<number>] => {
  const [child, ...others] = childrenOf(pid)
  return child === undefined || others.length > 0 ? [pid] : [pid, ...chainOf(child)]
}

/** Processor time of all threads of a process, those that have ended too; undefined if it has ended itself. */
export const cpuMillis = ({ pid, startTicks }: Identity.Identity): number | undefined => {
  const fields = Identity.statOf(pid)
  if (fields === undefined || Identity.startTicksIn(fields) !== startTicks) return undefined
  return (Number(fields[11]) + Number(fields[12])) * tickMillis
}

const kibibytes = (text: string, field: string): number =>
  Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(text)?.[1] ?? 0)

/** Memory of a process; undefined if it has ended, or may not be looked at. */
export const memoryHeld = (identity: Identity.Identity) => {
  if (!Identity.isRunning(identity)) return undefined
  try {
    const text = readFileSync(`/proc/${identity.pid}/smaps_rollup`, "utf8")
    return { proportionalBytes: kibibytes(text, "Pss") * 1_024, ownBytes: kibibytes(text, "Private_Dirty") * 1_024 }
  } catch {
    return undefined
  }
}
