/** What sessions and machines do over and over again, with all that has to be so each time. */
import { readdirSync } from "node:fs"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { defaults } from "../../src/machine/Limits.ts"
import type { Session } from "../../src/session/Session.ts"
import { completed } from "../session/results.ts"
import { Grounds, granted, machinesIn, patient, remains, sessions } from "./sessions.ts"

/** Something of everything that a machine holds: a variable, a file, a process that counts in memory. */
const enliven = `
import os, subprocess, time
kept = list(range(1000))
open("/workspace/note", "w").write("written")
counter = "n=0; while :; do n=$((n+1)); echo $n > /dev/shm/m; mv /dev/shm/m /dev/shm/n; sleep 0.05; done"
subprocess.Popen(["bash", "-c", counter])
while not os.path.exists("/dev/shm/n"):
    time.sleep(0.01)
int(open("/dev/shm/n").read())`

const alive = `
def count():
    return int(open("/dev/shm/n").read())
before = count()
while count() == before:
    time.sleep(0.01)
[len(kept), open("/workspace/note").read(), before, time.time()]`

/** Sees that a session goes on where it was, at the right time, and gives how far it has counted. */
const assertAlive = Effect.fnUntraced(function* (session: Session, counted: number) {
  const startedMillis = Date.now()
  const [length, note, count, seconds] = completed(yield* session.run(alive))
  assert.deepStrictEqual([length, note], [1_000, "written"])
  assert.isAtLeast(count, counted)
  assert.isAtLeast(seconds * 1_000, startedMillis - 1_000)
  assert.isAtMost(seconds * 1_000, Date.now() + 1_000)
  return Number(count)
})

/** Lets a session go and takes it up again. Gives how long each time took until a run of it had ended, in milliseconds. */
export const hibernations = Effect.fnUntraced(function* (rounds: number) {
  const { directory } = yield* Grounds
  const options = yield* granted()
  const id = `counting-${rounds}`
  const times: Array<number> = []
  let counted = yield* Effect.scoped(
    Effect.gen(function* () {
      const session = yield* (yield* sessions()).open({ ...options, id })
      return Number(completed(yield* session.run(enliven)))
    })
  )
  for (let round = 0; round < rounds; round++) {
    const machines = yield* Effect.scoped(
      Effect.gen(function* () {
        const start = performance.now()
        const session = yield* (yield* sessions()).resume(id, options)
        counted = yield* assertAlive(session, counted)
        times.push(performance.now() - start)
        return machinesIn(directory)
      })
    )
    assert.lengthOf(machines, 1)
    assert.deepStrictEqual(remains(directory), [])
  }
  return times
})

const descriptors = (): number => readdirSync("/proc/self/fd").length

/** Makes machines and ends them, every other one such as cannot be written down. Gives how long each took, in milliseconds. */
export const lives = Effect.fnUntraced(function* (count: number) {
  const { directory, tier } = yield* Grounds
  const times: Array<number> = []
  const live = (index: number) =>
    Effect.scoped(
      Effect.gen(function* () {
        const start = performance.now()
        const limits = { ...defaults, ...tier.limits, ...patient }
        yield* tier.boot({ limits, seed: `${index}`, isEphemeral: index % 2 === 0 })
        times.push(performance.now() - start)
        return machinesIn(directory)
      })
    )
  const machines = [...(yield* live(0)), ...(yield* live(1))]
  const before = descriptors()
  for (let index = 2; index < count; index++) machines.push(...(yield* live(index)))
  assert.lengthOf(machines, count)
  assert.isAtMost(descriptors(), before)
  assert.deepStrictEqual(remains(directory), [])
  return times
})
