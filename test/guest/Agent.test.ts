import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { agent, finished, needsGo, run, shell } from "./guest.ts"

const failing = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.flip(effect)

describe("an agent", () => {
  it.live("welcomes its host, and answers pings", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const { ping, welcome } = yield* agent(["--template", "shell"])
      assert.strictEqual(welcome.template, "shell")
      assert.isFalse(welcome.clockSet)
      assert.deepStrictEqual(welcome.processes, [])
      yield* Effect.all([ping, ping, ping], { concurrency: "unbounded" })
    })
  )

  it.live("runs a program, and tells its output, its errors and its exit code apart", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const machine = yield* agent()
      const { errors, exit, output } = yield* run(machine, "1", "echo out; echo err >&2; exit 3")
      assert.strictEqual(output, "out\n")
      assert.strictEqual(errors, "err\n")
      assert.strictEqual(exit.how, "exited")
      assert.strictEqual(exit.code, 3)
      assert.strictEqual(exit.output, 4)
    })
  )

  it.live("gives a program its arguments, its environment and its directory, and nothing else", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const machine = yield* agent()
      mkdirSync(join(machine.guest.files, "workspace"))
      const command = shell("1", 'printf "%s|" "$0" "$@"; pwd; env | sort', { directory: "/workspace" })
      const process = yield* machine.execute({
        ...command,
        arguments: [...command.arguments, "a b", "é"],
        environment: { PATH: "/usr/bin:/bin", GREETING: "hello\nworld" }
      })
      const { output } = yield* finished(process)
      const [first = "", ...variables] = output.split("\n")
      assert.strictEqual(first, `a b|é|${join(machine.guest.files, "workspace")}`)
      assert.include(variables, "GREETING=hello")
      assert.isFalse(variables.some((line) => line.startsWith("HOME=")))
    })
  )

  it.live("writes to a program until its input is ended", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const machine = yield* agent()
      const process = yield* machine.execute(shell("1", "tr a-z A-Z", { hasInput: true }))
      yield* process.write(Buffer.from("abc"))
      yield* process.write(Buffer.from("def"))
      yield* process.endInput
      const { output } = yield* finished(process)
      assert.strictEqual(output, "ABCDEF")
    })
  )

  it.live("ends a program with a signal, or when it takes too long", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const machine = yield* agent()
      const sleeper = yield* machine.execute(shell("1", "exec sleep 1000"))
      yield* sleeper.signal(15)
      const signalled = yield* sleeper.exit
      assert.deepInclude(signalled, { how: "signalled", signal: 15 })
      const late = yield* run(machine, "2", "sleep 1000 & sleep 1000", { timeoutMillis: 50 })
      assert.deepInclude(late.exit, { how: "timedOut", signal: 9 })
      assert.isAtLeast(late.exit.wallMillis, 50)
    })
  )

  it.live("asks for nothing that would be taken for something else, and goes on", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const machine = yield* agent()
      const terminal = { columns: 80, rows: 24 }
      const process = yield* machine.execute(shell("1", "read line; stty size", { hasInput: true, terminal }))
      for (const saying of [
        process.signal(1.5),
        process.signal(0),
        process.signal(65),
        process.resize({ columns: -1, rows: 24 }),
        process.resize({ columns: 65_536, rows: 24 })
      ])
        assert.strictEqual((yield* failing(saying)).reason._tag, "Unsayable")
      for (const doing of [
        machine.write("/\ud800", new Uint8Array(1)),
        machine.write("/file", new Uint8Array(1), { mode: 0o10_000 }),
        Stream.runDrain(machine.read("/file", { offset: -1 }))
      ])
        assert.deepInclude(yield* failing(doing), { _tag: "FileError", code: "EINVAL" })
      yield* process.write(Buffer.from("\n"))
      assert.include((yield* finished(process)).output, "24 80")
    })
  )

  it.live("says why a program cannot be started", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const machine = yield* agent()
      const refused = (command: Parameters<typeof machine.execute>[0]) =>
        failing(machine.execute(command)).pipe(
          Effect.map(({ reason }) => (reason._tag === "Refused" ? reason.code : reason._tag))
        )
      assert.strictEqual(yield* refused({ id: "1", arguments: ["no-such-program"] }), "NotStarted")
      assert.strictEqual(yield* refused(shell("1", "true", { directory: "/nowhere" })), "NotStarted")
      assert.strictEqual(yield* refused(shell("1", "true", { limits: { memoryBytes: 1_048_576 } })), "Unsupported")
      assert.strictEqual(yield* refused(shell("../1", "true")), "Unsayable")
      yield* machine.execute(shell("1", "exec sleep 1000"))
      assert.strictEqual(yield* refused(shell("1", "true")), "ProcessExists")
    })
  )

  it.live("does not ask for a program with less memory than it takes to begin one", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const machine = yield* agent()
      const { message, reason } = yield* failing(machine.execute(shell("1", "true", { limits: { memoryBytes: 1 } })))
      assert.strictEqual(reason._tag, "Unsayable")
      assert.match(message, /a limit of 1048576 bytes of memory or more[\s\S]*memoryBytes/)
    })
  )

  it.live("writes, reads, lists and changes files", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const machine = yield* agent()
      const large = new Uint8Array(1_000_000).map((_, index) => index * 7)
      yield* machine.makeDirectory("/workspace/d/e")
      yield* machine.write("/workspace/d/large", large, { mode: 0o755 })
      assert.deepStrictEqual(new Uint8Array(readFileSync(join(machine.guest.files, "workspace/d/large"))), large)
      const entry = yield* machine.stat("/workspace/d/large")
      assert.deepInclude(entry, { kind: "file", bytes: large.length, mode: 0o755 })
      writeFileSync(join(machine.guest.files, "outside"), "written by others")
      assert.strictEqual((yield* machine.stat("outside")).bytes, 17)
    })
  )
})
