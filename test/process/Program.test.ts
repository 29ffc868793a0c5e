import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as Program from "../../src/process/Program.ts"

layer(NodeServices.layer, { excludeTestServices: true })("Program", (it) => {
  it.effect("gives what a program says, line by line", () =>
    Effect.gen(function* () {
      const told: Array<string> = []
      const onLine = (line: string) => Effect.sync(() => void told.push(line))
      const lines = yield* Program.run("sh", ["-c", "echo one; echo two >&2; printf three"], { onLine })
      assert.deepStrictEqual([...lines].sort(), ["one", "three", "two"])
      assert.deepStrictEqual(told, lines)
    })
  )

  it.effect("tells a program that is missing from one that fails, which has the last word", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(Program.run("no-such-program", []))).reason, "NotInstalled")
      const failed = yield* Effect.flip(Program.run("sh", ["-c", "echo no room; exit 4"]))
      assert.deepInclude(failed, { reason: "Unsuccessful", said: "no room" })
      assert.isFalse(yield* Program.isInstalled("no-such-program"))
      assert.isTrue(yield* Program.isInstalled("sh"))
    })
  )

  it.effect("says why a program is not started, also where Node throws", () =>
    Effect.gen(function* () {
      for (const [program, given, said] of [
        ["/dev/null/go", [], /^spawn ENOTDIR$/],
        ["true", ["a\0b"], /contains a NUL/],
        ["true", ["a".repeat(10_000_000)], /^spawn E2BIG$/]
      ] as const) {
        const failed = yield* Effect.flip(Program.run(program, given))
        assert.strictEqual(failed.reason, "NotStarted")
        assert.match(failed.said, said)
      }
    })
  )

  it.effect("tells first of a failure what the program calls one, wherever that was said", () =>
    Effect.gen(function* () {
      const script = "echo 'E: no such package'; seq 30; echo 'error: none'; echo cleared; exit 1"
      const { message } = yield* Effect.flip(Program.run("sh", ["-c", script]))
      const others = Array.from({ length: 17 }, (_, index) => index + 14)
      assert.strictEqual(message, ["sh failed: E: no such package", "error: none", ...others, "cleared"].join("\n"))
    })
  )

  it.effect("gives a program nothing of this one's environment but a path", () =>
    Effect.gen(function* () {
      const lines = yield* Program.run("env", [], { environment: { GIVEN: "1" } })
      assert.deepStrictEqual(lines.map((line) => line.split("=")[0]).sort(), ["GIVEN", "LC_ALL", "PATH"])
    })
  )

  it.effect("ends a program that nobody waits for any more", () =>
    Effect.gen(function* () {
      const ended = yield* Effect.timeoutOption(Program.run("sleep", ["1000"]), "50 millis")
      assert.strictEqual(ended._tag, "None")
    })
  )
})
