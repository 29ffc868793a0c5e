import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { end, makeWorld, printed, shell, tier, valueOf } from "./world.ts"

const endless: ReadonlyArray<readonly [what: string, script: string]> = [
  ["a loop", "while :; do :; done"],
  ["a loop of commands", "while true; do echo x | tr x y > /dev/null; done"],
  ["a program of awk", "awk 'BEGIN { while (1) n++ }'"],
  ["a program of jq", "jq -n '0 | until(. < 0; . + 1)'"],
  ["a large range", "for i in {1..99999}; do for j in {1..99999}; do :; done; done"]
]

const deep: ReadonlyArray<readonly [what: string, script: string]> = [
  ["functions", "f() { f; }; f"],
  ["substitutions", "f() { echo $(f); }; f"],
  ["eval", 'e() { eval "e"; }; e'],
  ["shells in shells", "echo 'bash deep.sh' > deep.sh; bash deep.sh"],
  ["brackets", `echo $(( ${"(".repeat(2_000)}1${")".repeat(2_000)} ))`],
  ["groups", `${"{ ".repeat(2_000)}:${"; }".repeat(2_000)}`]
]

layer(tier, { excludeTestServices: true })("a shell script that goes too far", (it) => {
  it.effect.each(endless)("O6 is stopped when it has used up its time, and leaves nothing: %s", ([, script]) =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld({ limits: { cpuSliceMillis: 500 } })
      yield* printed(session, "x=before; echo before > kept")
      const result = yield* shell(session, `x=during; echo during > kept; ${script}`)
      assert(result._tag === "Failed", JSON.stringify(result))
      assert.deepInclude(result.error, { reason: "CpuLimit" })
      assert.isTrue(result.rolledBack)
      assert.strictEqual(yield* printed(session, "echo $x; cat kept"), "before\nbefore\n")
    })
  )

  it.effect("O6 is stopped when it is a script of JavaScript as well", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld({ limits: { cpuSliceMillis: 500 } })
      const result = yield* session.run(`await shell("while :; do :; done")`)
      assert.strictEqual(result._tag === "Failed" && result.error.reason, "CpuLimit")
    })
  )

  it.effect.each([
    ["a variable", "x=0123456789abcdef; while :; do x=$x$x; done"],
    ["a program of awk", "awk 'BEGIN { x = \"abcd\"; while (1) { x = x x; y = toupper(x) } }'"]
  ])("O8 fails when its memory is full, and others follow: %s", ([, script]) =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld({ limits: { memoryMebibytes: 16 } })
      const { exitCode, stderr } = yield* end(session, `kept=1; ${script}`)
      assert.notStrictEqual(exitCode, 0)
      assert.match(stderr, /out of memory/)
      assert.strictEqual(yield* printed(session, "unset x; echo $kept | cat"), "1\n")
    })
  )

  it.effect("O11 has its output cut, with a mark, and runs to its end", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld({ limits: { outputBytes: 1_000 } })
      const result = yield* shell(session, "seq 1 1000; echo end > out.txt")
      assert.strictEqual(result._tag, "Completed")
      assert.isTrue(result.stdout.startsWith("1\n2\n3\n"))
      assert.isAtMost(Buffer.byteLength(result.stdout), 1_200)
      assert.notInclude(result.stdout, "\n1000\n")
      assert.match(result.stdout + result.stderr, /1[,_ ]?000/)
      assert.strictEqual(yield* printed(session, "cat out.txt"), "end\n")
    })
  )

  it.effect("O11 has its output cut as JavaScript gets it", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld({ limits: { outputBytes: 1_000 } })
      const { exitCode, stdout } = yield* valueOf(session, `await shell("seq 1 1000")`)
      assert.strictEqual(exitCode, 0)
      assert.match(stdout, /^1\n2\n[\d\n]+\n\[cut: only 1000 characters are kept\]\n$/)
    })
  )

  it.effect("is refused when it is longer than a source may be", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld({ limits: { sourceBytes: 100 } })
      const long = `echo ${"x".repeat(100)}`
      const result = yield* Effect.flip(shell(session, long))
      assert.strictEqual(result._tag === "SessionError" && result.reason._tag, "SourceTooLarge")
      const inner = `const script = "echo " + "x".repeat(100)`
      yield* session.run(inner)
      const refused = yield* session.run("await shell(script)")
      assert.strictEqual(refused._tag === "Failed" && refused.error.name, "RangeError")
    })
  )

  it.effect("cannot call more tools than a run may, and is told so", () =>
    Effect.gen(function* () {
      const { calls, session } = yield* makeWorld({ limits: { callsPerRun: 2 } })
      const { exitCode, stderr, stdout } = yield* end(
        session,
        "for n in 1 2 3; do tool count --number $n || exit 9; done"
      )
      assert.deepStrictEqual({ exitCode, stdout }, { exitCode: 9, stdout: "2\n3\n" })
      assert.match(stderr, /^tool: count: .*\b2\b/)
      assert.lengthOf(calls, 2)
    })
  )

  it.effect("cannot give a tool more than an argument may have", () =>
    Effect.gen(function* () {
      const { calls, session } = yield* makeWorld({ limits: { argumentBytes: 100 } })
      const script = `tool shop.orders.list --customer "$(printf '%0200d' 1)"`
      const { exitCode, stderr } = yield* end(session, script)
      assert.strictEqual(exitCode, 1)
      assert.match(stderr, /^tool: shop\.orders\.list: RangeError: /)
      assert.deepStrictEqual(calls, [])
    })
  )

  it.effect("F7 cannot write more than its files may have", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld({ limits: { fileBytes: 100_000 } })
      const { exitCode, stderr } = yield* end(session, "printf '%090000d' 1 > a; printf '%090000d' 1 > b")
      assert.strictEqual(exitCode, 1)
      assert.match(stderr, /No space left on device/)
      assert.strictEqual(yield* printed(session, "wc -c < a | tr -d ' '; rm a; printf '%090000d' 1 > b"), "90000\n")
    })
  )

  it.effect.each(deep)(
    "O10 is ended by an exit code or an error when it goes too deep in %s, and others follow",
    ([, script]) =>
      Effect.gen(function* () {
        const { session } = yield* makeWorld({ limits: { cpuSliceMillis: 20_000, cpuRunMillis: 20_000 } })
        yield* printed(session, "kept=1")
        const result = yield* shell(session, script)
        if (result._tag === "Completed") assert.notStrictEqual(result.stderr, "")
        else assert(result._tag === "Failed" && result.error.reason === "StackLimit", JSON.stringify(result))
        assert.strictEqual(yield* printed(session, "echo $kept"), "1\n")
      })
  )
})
