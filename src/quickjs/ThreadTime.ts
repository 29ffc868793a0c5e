/** CPU time of threads: none passes while other threads and processes have the processor. */
import { readFileSync, readlinkSync } from "node:fs"

const read = (thread: string): number => Number.parseInt(readFileSync(thread, "latin1"), 10) / 1e6

/**
 * That of this thread.
 *
 * Linux brings it up to date at its ticks, milliseconds apart, and when the thread gives up the processor, so that a shorter turn
 * would cost hardly anything. To ask for the time of the whole process brings that of the asking thread up to date.
 */
export const ownMillis = (): number => {
  process.cpuUsage()
  const { system, user } = process.threadCpuUsage()
  return (system + user) / 1_000
}

/** What other threads know this one by; only Linux tells them. */
export const own = (): string | undefined => {
  try {
    const thread = `/proc/${readlinkSync("/proc/thread-self")}/schedstat`
    return Number.isFinite(read(thread)) ? thread : undefined
  } catch {
    return undefined
  }
}

/** That of another thread, as of its last tick, if it can be told. */
export const millisOf = (thread: string | undefined): number | undefined => {
  try {
    return thread === undefined ? undefined : read(thread)
  } catch {
    return undefined
  }
}
