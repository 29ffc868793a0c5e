import { readdirSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Option, Scope, Stream } from "effect"
import type { TestContext } from "vitest"
import { agent, finished, greet, groups, needsGo, run, shell, start, startOnPipes } from "./guest.ts"

/** An agent with control groups, whatever controllers there are. */
const grouped = Effect.fnUntraced(function* (context: TestContext) {
  needsGo(context)
  const directory = yield* groups
  context.skip(directory === undefined, "control groups, version 2, cannot be made here")
  return { directory: directory ?? "", machine: yield* agent(["--groups", directory ?? ""]) }
})

const groupsIn = (directory: string) =>
  readdirSync(directory, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? entry.name : []))

describe("an agent with control groups", () => {
  it.live("ends what a process has started, wherever that has gone", (context) =>
    Effect.gen(function* () {
      const { directory, machine } = yield* grouped(context)
      const escape = "setsid sh -c 'setsid sleep 1000 & echo $!; wait' & wait"
      const process = yield* machine.execute(shell("1", escape))
      const pid = yield* Stream.runHead(Stream.splitLines(Stream.decodeText(process.output)))
      yield* process.signal(9)
      const { exit } = yield* finished(process)
      assert.deepInclude(exit, { how: "signalled", signal: 9 })
      // Who was ended is there until its new parent has seen to it.
      const probe = `while kill -0 ${Option.getOrThrow(pid)} 2>/dev/null; do :; done; echo gone`
      assert.strictEqual((yield* run(machine, "2", probe, { user: "root" })).output, "gone\n")
      assert.deepStrictEqual(groupsIn(directory), [])
    })
  )

  it.live("keeps the group of what shall stay, until its process is let go of", (context) =>
    Effect.gen(function* () {
      const { directory, machine } = yield* grouped(context)
      const scope = yield* Scope.make()
      const command = shell("1", "sleep 1000 >/dev/null 2>&1 &", { leftovers: "stay" })
      const process = yield* Scope.provide(machine.execute(command), scope)
      assert.deepInclude((yield* finished(process)).exit, { code: 0 })
      assert.deepStrictEqual(groupsIn(directory), ["1-1"])
      yield* Scope.close(scope, Exit.void)
      const empty = "while [ -d $0/1-1 ]; do :; done; echo empty"
      const waiting = yield* machine.execute({ ...shell("2", empty), arguments: ["sh", "-c", empty, directory] })
      assert.strictEqual((yield* finished(waiting)).output, "empty\n")
    })
  )

  it.live("lets everything stand still in a freeze, and go on after it", (context) =>
    Effect.gen(function* () {
      const { machine } = yield* grouped(context)
      context.skip(!machine.welcome.abilities.includes("freeze"), "this kernel cannot freeze control groups")
      const process = yield* machine.execute(shell("1", "while read line; do echo $line; done", { hasInput: true }))
      assert.isTrue(yield* machine.freeze)
      yield* machine.ping
      yield* machine.thaw
      yield* process.write(Buffer.from("still here\n"))
      yield* process.endInput
      assert.strictEqual((yield* finished(process)).output, "still here\n")
    })
  )

  it.live("ends what wants more processes than it may have, and does not thaw it", (context) =>
    Effect.gen(function* () {
      const { machine } = yield* grouped(context)
      const { abilities } = machine.welcome
      context.skip(!abilities.includes("processLimit"), "there is no controller of processes in version 2 here")
      const forking = shell("1", "while :; do sleep 1000 & done", { limits: { processes: 10 } })
      const process = yield* machine.execute(forking)
      assert.deepInclude((yield* finished(process)).exit, { how: "outOfProcesses", signal: 9 })
      const refused = yield* Effect.flip(machine.thaw)
      assert.deepInclude(refused.reason, { _tag: "Refused", code: "TooMany" })
    })
  )

  it.live("says which limits there are, and sets no others", (context) =>
    Effect.gen(function* () {
      const { machine } = yield* grouped(context)
      const { abilities } = machine.welcome
      for (const [ability, limits] of [
        ["memoryLimit", { memoryBytes: 67_108_864 }],
        ["processLimit", { processes: 10 }],
        ["cpuLimit", { cpuPercent: 50 }]
      ] as const) {
        const ran = yield* Effect.exit(run(machine, ability, "true", { limits }))
        assert.strictEqual(Exit.isSuccess(ran), abilities.includes(ability), ability)
      }
    })
  )
})

describe("an agent on pipes", () => {
  it.live("serves one host, and ends with everything when that is gone", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const { child, gone, link } = yield* startOnPipes
      const machine = yield* greet(link)
      const process = yield* machine.execute(shell("1", "echo $$; exec sleep 1000"))
      const pid = yield* Stream.runHead(Stream.splitLines(Stream.decodeText(process.output)))
      child.stdin.end()
      yield* gone
      assert.strictEqual(child.exitCode, 0)
      const guest = yield* start()
      const other = yield* greet(yield* guest.dial)
      const probe = `while kill -0 ${pid._tag === "Some" ? pid.value : ""}; do :; done 2>/dev/null; echo gone`
      assert.strictEqual((yield* run(other, "1", probe, { user: "root" })).output, "gone\n")
    })
  )
})
