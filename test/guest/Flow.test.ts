import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Stream } from "effect"
import { windowBytes } from "../../src/guest/wire/Frame.ts"
import { agent, finished, needsGo, run, shell, textOf } from "./guest.ts"

const counted = <E>(bytes: Stream.Stream<Uint8Array, E>) =>
  Stream.runFold(
    bytes,
    () => 0,
    (sum, piece) => sum + piece.length
  )

const flood = "head -c 5000000 /dev/zero"

describe("the flow of bytes", () => {
  it.live("brings every byte, in order, both ways at once", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const machine = yield* agent()
      const process = yield* machine.execute(shell("1", "cat", { hasInput: true }))
      const sent = new Uint8Array(3_000_000).map((_, index) => index ^ (index >> 8))
      const write = Effect.andThen(process.write(sent), process.endInput)
      const [pieces] = yield* Effect.all([Stream.runCollect(process.output), write, counted(process.errors)], {
        concurrency: 3
      })
      assert.isTrue(Buffer.concat(pieces).equals(sent))
      assert.deepInclude(yield* process.exit, { code: 0, output: sent.length })
    })
  )

  it.live("lets a process wait that says more than anybody takes, and nobody else", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const machine = yield* agent()
      const loud = yield* machine.execute(shell("loud", `${flood}; echo done >${join(machine.guest.files, "done")}`))
      const first = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      const reading = yield* loud.output.pipe(
        Stream.mapEffect((piece) =>
          Effect.andThen(Deferred.succeed(first, undefined), Effect.as(Deferred.await(go), piece))
        ),
        counted,
        Effect.forkScoped
      )
      yield* Deferred.await(first)
      for (let round = 0; round < 20; round++) yield* machine.ping
      const { output } = yield* run(machine, "quiet", "echo quiet")
      assert.strictEqual(output, "quiet\n")
      assert.isAtMost(loud.received().output, 2 * windowBytes)
      assert.strictEqual((yield* Effect.flip(machine.stat("/done")))._tag, "FileError")
      yield* Deferred.succeed(go, undefined)
      assert.strictEqual(yield* Fiber.join(reading), 5_000_000)
      yield* counted(loud.errors)
      assert.deepInclude(yield* loud.exit, { code: 0, output: 5_000_000 })
    })
  )

  it.live("lets a writer wait for a process that does not read, and nobody else", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const machine = yield* agent()
      const process = yield* machine.execute(shell("1", "read line; cat", { hasInput: true }))
      const deaf = yield* machine.execute(shell("2", "exec sleep 1000", { hasInput: true }))
      const writing = yield* Effect.forkScoped(deaf.write(new Uint8Array(4 * windowBytes)))
      yield* process.write(Buffer.from("first\nsecond\n"))
      yield* process.endInput
      assert.strictEqual((yield* finished(process)).output, "second\n")
      yield* machine.ping
      assert.isUndefined(writing.pollUnsafe())
      yield* deaf.signal(9)
      yield* Effect.exit(Fiber.join(writing))
      assert.deepInclude(yield* deaf.exit, { how: "signalled" })
    })
  )

  it.live("takes many processes at once", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const machine = yield* agent()
      const ids = Array.from({ length: 40 }, (_, index) => `p${index}`)
      const results = yield* Effect.forEach(ids, (id) => run(machine, id, `echo ${id}; ${flood} | head -c 50000`), {
        concurrency: "unbounded"
      })
      for (const [index, { exit, output }] of results.entries()) {
        assert.strictEqual(exit.output, 50_000 + `p${index}\n`.length)
        assert.isTrue(output.startsWith(`p${index}\n`))
      }
    })
  )

  it.live("ends what a process has started, with it and with the interest in it", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const machine = yield* agent()
      const gone = (pid: string) =>
        run(machine, `q${pid}`, `while kill -0 ${pid}; do :; done 2>/dev/null; echo gone`, { user: "root" })
      const { output } = yield* run(machine, "1", "sleep 1000 & echo $!")
      assert.strictEqual((yield* gone(output.trim())).output, "gone\n")
      const pid = yield* Effect.scoped(
        Effect.gen(function* () {
          const left = yield* machine.execute(shell("2", "sleep 1000 & echo $!; wait"))
          const first = yield* Stream.runHead(Stream.splitLines(Stream.decodeText(left.output)))
          return first._tag === "Some" ? first.value : ""
        })
      )
      // The id is free again when the process is gone.
      const again = yield* run(machine, "2", "true").pipe(Effect.eventually)
      assert.strictEqual(again.exit.code, 0)
      assert.strictEqual((yield* gone(pid)).output, "gone\n")
    })
  )

  it.live("leaves what shall stay", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const machine = yield* agent()
      const process = yield* machine.execute(shell("1", "sleep 1000 >/dev/null 2>&1 & echo $!", { leftovers: "stay" }))
      const { output } = yield* finished(process)
      const { exit } = yield* run(machine, "2", `kill -0 ${output.trim()} && kill ${output.trim()}`, { user: "root" })
      assert.strictEqual(exit.code, 0)
    })
  )

  it.live("has time for a process, and not for what that has left behind", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const machine = yield* agent()
      // Whoever is left behind has its output open, which is read a little longer than the process had time.
      const { exit } = yield* run(machine, "1", "sleep 1 & exit 3", { leftovers: "stay", timeoutMillis: 60 })
      assert.deepInclude(exit, { how: "exited", code: 3 })
      const ages = yield* run(machine, "2", "exit 4", { timeoutMillis: Number.MAX_SAFE_INTEGER })
      assert.deepInclude(ages.exit, { how: "exited", code: 4 })
    })
  )

  it.live("leaves no zombies, whoever started them", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const machine = yield* agent()
      yield* run(machine, "1", "(sh -c 'exit 0' & exit 0); for i in 1 2 3 4 5; do true & done; wait")
      const count = `for s in /proc/[0-9]*/stat; do read -r _ _ state parent _ <$s; [ "$state$parent" = "Z${machine.guest.child.pid}" ] && echo $s; done; true`
      assert.strictEqual((yield* run(machine, "2", count)).output, "")
    })
  )
})

describe("a terminal", () => {
  it.live("has a size that can change, and is one", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const machine = yield* agent()
      const script = "test -t 0 && test -t 1 && stty size; read line; stty size; echo said $line"
      const process = yield* machine.execute(
        shell("1", script, { hasInput: true, terminal: { columns: 80, rows: 24 } })
      )
      yield* process.resize({ columns: 120, rows: 40 })
      yield* process.write(Buffer.from("hello\n"))
      const { exit, output } = yield* finished(process)
      assert.strictEqual(exit.code, 0)
      assert.match(output, /40 120\r\nsaid hello\r\n$/)
    })
  )

  it.live("has an input that ends, within a line as well", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const machine = yield* agent()
      for (const said of ["", "whole\n", "begun"]) {
        const command = shell(`1-${said.length}`, "stty -echo; echo ready; cat", {
          hasInput: true,
          terminal: { columns: 80, rows: 24 }
        })
        const process = yield* machine.execute(command)
        yield* process.write(Buffer.from(said))
        yield* process.endInput
        const { exit, output } = yield* finished(process)
        assert.strictEqual(exit.code, 0)
        assert.include(output, said.trim())
      }
    })
  )

  it.live("turns a key into a signal for what runs in it", (context) =>
    Effect.gen(function* () {
      needsGo(context)
      const machine = yield* agent()
      const process = yield* machine.execute(
        shell("1", "echo ready; exec cat", { hasInput: true, terminal: { columns: 80, rows: 24 } })
      )
      let seen = ""
      yield* process.output.pipe(
        Stream.mapEffect((piece) => {
          seen += Buffer.from(piece).toString()
          return seen === "ready\r\n" ? process.write(Uint8Array.of(3)) : Effect.void
        }),
        Stream.runDrain
      )
      assert.strictEqual(yield* textOf(process.errors), "")
      assert.deepInclude(yield* process.exit, { how: "signalled", signal: 2 })
    })
  )
})
