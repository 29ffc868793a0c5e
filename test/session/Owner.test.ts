import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { LocalOwner } from "../../src/session/Owner.ts"

const source = fileURLToPath(new URL("../../src/session/Owner.ts", import.meta.url))
const program = `
  const { LocalOwner } = await import(process.argv[1])
  const { Effect } = await import("effect")
  console.log(Effect.runSync(Effect.gen(function* () { return yield* LocalOwner })).name)
  process.stdin.resume()
`

/** Another process, which lives until it is killed, and its name as an owner. */
const otherProcess = Effect.acquireRelease(
  Effect.promise(async () => {
    const child = spawn(process.execPath, ["--input-type=module", "--eval", program, source], {
      stdio: ["pipe", "pipe", "inherit"]
    })
    const [line] = (await once(child.stdout, "data")) as [Buffer]
    const kill = async () => {
      const ended = once(child, "exit")
      child.kill("SIGKILL")
      await ended
    }
    return {
      name: line.toString().trim(),
      kill: Effect.promise(kill),
      isRunning: () => child.exitCode === null && child.signalCode === null
    }
  }),
  ({ kill, isRunning }) => (isRunning() ? kill : Effect.void)
)

describe("the owner that this process is", () => {
  it.effect("has a name of its own, which people can read", () =>
    Effect.gen(function* () {
      const { name } = yield* LocalOwner
      assert.include(name, ` pid ${process.pid} `)
      assert.strictEqual((yield* LocalOwner).name, name)
      const other = yield* otherProcess
      assert.notStrictEqual(other.name, name)
    })
  )

  it.live("takes another process for dead once it has ended, and not before", () =>
    Effect.gen(function* () {
      const { isDead, name } = yield* LocalOwner
      const other = yield* otherProcess
      assert.isFalse(isDead(other.name))
      assert.isFalse(isDead(name))
      yield* other.kill
      assert.isTrue(isDead(other.name))
    })
  )

  it.effect("takes a process for dead that has ended and that its parent has not looked after yet", (context) =>
    Effect.gen(function* () {
      context.skip(process.platform !== "linux", "only Linux tells such a process from one that runs")
      const { isDead } = yield* LocalOwner
      const { name } = yield* otherProcess
      process.kill(Number(/ pid (\d+) /.exec(name)?.[1]), "SIGKILL")
      // No turn of the event loop in between, or this process would look after it.
      let looks = 0
      while (!isDead(name) && looks < 200_000) looks++
      assert.isTrue(isDead(name))
    })
  )

  it.effect("is not deceived by a process id that is in use again", (context) =>
    Effect.gen(function* () {
      context.skip(process.platform !== "linux", "only Linux tells when a process was started")
      const { isDead, name } = yield* LocalOwner
      assert.isTrue(isDead(name.replace(/ since \S+ /, " since 1 ")))
    })
  )

  it.effect("takes nobody for dead whom it cannot see", () =>
    Effect.gen(function* () {
      const { isDead, name } = yield* LocalOwner
      const free = name.replace(/ pid \d+ /, " pid 4194305 ")
      assert.isTrue(isDead(free))
      const unseen = [
        free.replace(/^\S+/, "elsewhere"),
        free.replace(/ of \S+/, " of pid:[1]"),
        free.replace(/ pid \d+ /, " pid 0 "),
        free.replace(/ pid \d+ /, " pid -1 "),
        free.replace(/ pid \d+ /, ` pid ${"9".repeat(30)} `),
        `${free} and more`,
        `\n${free}`,
        "",
        "somebody"
      ]
      assert.deepStrictEqual(unseen.filter(isDead), [])
    })
  )
})
