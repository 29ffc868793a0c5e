import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { asking, end, makeWorld, printed, shell, tier, valueOf } from "./world.ts"

const memory = `
mkdir -p /workspace/d && cd /workspace/d
plain=text; export shown=yes; list=(a "b c"); declare -A map=([k]=v); readonly fixed=1
greet() { echo "hello $1 from $PWD"; }
set -o pipefail; shopt -s nullglob; alias ll='ls -l'
`
const look = `
pwd; echo "$plain $shown \${#list[@]} \${list[1]} \${map[k]} $fixed"; greet ann
false | true || echo pipefail; echo none*; cd -; cd - > /dev/null
`
const seen = "/workspace/d\ntext yes 2 b c v 1\nhello ann from /workspace/d\npipefail\n\n/workspace\n"

layer(tier, { excludeTestServices: true })("the state of a shell", (it) => {
  it.effect("S6 is there in the next run: folder, variables, functions and options", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld()
      yield* printed(session, memory)
      assert.strictEqual(yield* printed(session, look), seen)
    })
  )

  it.effect.each([
    ["a snapshot", false],
    ["the journal alone", true]
  ] as const)("S6 is there in another process, from %s", ([, rebuild]) =>
    Effect.gen(function* () {
      const { again, session } = yield* makeWorld()
      yield* printed(session, memory)
      assert.strictEqual(yield* printed(yield* again({ rebuild }), look), seen)
    })
  )

  it.effect("is the same one for scripts of JavaScript", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld()
      yield* printed(session, "x=1; mkdir d; cd d")
      const value = yield* valueOf(
        session,
        `const seen = await shell.run("echo $x $PWD"); await shell("x=2; cd /tmp"); seen`
      )
      assert.strictEqual(value, "1 /workspace/d\n")
      assert.strictEqual(yield* printed(session, "echo $x $PWD"), "2 /tmp\n")
    })
  )

  it.effect("leaves JavaScript's variables alone, and the other way round", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld()
      yield* session.run("let x = 'js'")
      assert.strictEqual(yield* printed(session, 'echo "[$x]"; x=shell'), "[]\n")
      assert.strictEqual(yield* valueOf(session, "x"), "js")
    })
  )

  it.effect("knows how the last script ended, also one that exits or fails", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld()
      assert.strictEqual((yield* end(session, "kept=1; exit 4")).exitCode, 4)
      assert.strictEqual(yield* printed(session, "echo $? $kept"), "4 1\n")
      assert.strictEqual((yield* end(session, "set -e; other=2; false; other=3")).exitCode, 1)
      assert.strictEqual(yield* printed(session, "set +e; echo $other"), "2\n")
    })
  )

  it.effect("is not changed by subshells, pipelines and substitutions", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld()
      yield* printed(session, "x=1; (x=2; cd /tmp); echo a | { read -r line; x=3; }; y=$(x=4; cd /tmp; echo $x)")
      assert.strictEqual(yield* printed(session, "echo $x $y $PWD"), "1 4 /workspace\n")
    })
  )

  it.effect("goes back with a run that is given up", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld({ capabilities: asking })
      yield* printed(session, "x=before")
      const paused = yield* shell(session, "x=during; cd /tmp; tool shop.refund --order o-1 --amount 5")
      assert.strictEqual(paused._tag, "Paused")
      yield* session.cancel()
      assert.strictEqual(yield* printed(session, "echo $x $PWD"), "before /workspace\n")
    })
  )

  it.effect("is that of its point in a fork, and neither sees what the other does", () =>
    Effect.gen(function* () {
      const { grants, process, session } = yield* makeWorld()
      yield* printed(session, "x=1; cd /tmp")
      const { seq } = session.state()
      yield* printed(session, "x=2")
      const sessions = yield* process
      const fork = yield* sessions.resume(yield* sessions.fork(session.id, { at: seq }), grants)
      assert.strictEqual(yield* printed(fork, "echo $x $PWD; x=3"), "1 /tmp\n")
      assert.strictEqual(yield* printed(session, "echo $x"), "2\n")
    })
  )

  it.effect("does not reach other sessions", () =>
    Effect.gen(function* () {
      const [one, other] = [yield* makeWorld(), yield* makeWorld()]
      yield* printed(one.session, "x=1; f() { echo mine; }; cd /tmp; echo a > /workspace/a")
      assert.deepInclude(yield* end(other.session, 'echo "[$x]" $PWD; ls -A; f'), {
        stdout: "[] /workspace\n",
        exitCode: 127
      })
    })
  )
})
